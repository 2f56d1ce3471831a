"""A letter to one person, before it has a form: what it says, shows, quotes and offers to press."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Button:
    """A link that the reader is meant to press. At most one of a letter is the primary one."""

    label: str
    url: str
    primary: bool = False


@dataclass(frozen=True)
class Letter:
    """`kind` names the occasion; `facts` are label and value; `quote` is somebody's own words.

    Texts are plain text of any origin: whoever gives the letter a form escapes them.
    """

    kind: str
    subject: str
    lead: str
    facts: tuple[tuple[str, str], ...] = ()
    quote: tuple[str, str] | None = None  # its label, and the words
    buttons: tuple[Button, ...] = ()
    closing: str = ""
