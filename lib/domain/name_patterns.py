"""How people name their jobs: the shapes that names share (FR1.3.1's common naming patterns).

A shape is a name with what differs from job to job replaced by what it stands for:
`Acme v3` of the client Acme is `{client} v{n}`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from lib.domain.history import Share
from lib.domain.presets import PRESETS

FEWEST, RAREST = 3, 0.2  # names, and share of names, that a word of a convention is found in
EXAMPLES = 3

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
#: What is told from its own looks. A letter that a number is glued to says what it counts.
_TOKEN = re.compile(
    rf"""
    (?P<date> (?<!\d) (?:
        \d{{4}}(?P<ymd>[-./])\d{{1,2}}(?:(?P=ymd)\d{{1,2}})?
        | \d{{1,2}}(?P<dmy>[-./])\d{{1,2}}(?P=dmy)\d{{2,4}}
        | 20\d\d[01]\d[0-3]\d
        | (?:\d{{1,2}}\.?\ )?(?<![^\W\d_])(?:{_MONTHS})\.?\ (?:\d{{1,2}},?\ )?\d{{4}}
        | q[1-4][- ]?\d{{4}} | \d{{4}}[- ]?q[1-4]
    ) (?!\d) )
    | (?P<n> \d+(?:[.,]\d+)* )
    | (?P<preset> (?<!\w) (?:{"|".join(PRESETS)}) (?!\w) )
    | (?P<mark> (?<![^\W_]) [a-z] (?=\d) )
    | (?P<word> [^\W\d_]+ (?: ['’-][^\W\d_]+ )* )
    | (?P<space> \s+ )
    | (?P<sign> [-–—:/_.,;\#()\[\]|+&@] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_STANDS_FOR = {"date": "{date}", "n": "{n}", "preset": "{preset}"}
_TEXT = "{text}"
_GAPS = re.compile(r"\{text\}(?: ?\{text\})+")

Token = tuple[str, str]  # its kind, and how a shape shows it


@dataclass(frozen=True)
class NamedJob:
    """A job's name with what may stand in it; `automatic` where nobody has typed it."""

    name: str
    file: str = ""
    client: str = ""
    project: str = ""
    automatic: bool = False


@dataclass(frozen=True)
class Pattern:
    """A shape, how many of all names have it, and some of them, the most recent first."""

    shape: str
    automatic: bool
    share: Share
    examples: tuple[str, ...]


def patterns(jobs: Sequence[NamedJob]) -> list[Pattern]:
    """The shapes of these jobs' names, the commonest first; each name has exactly one.

    Automatic and typed names are counted apart. Words that few of the typed names share are
    `{text}`, so that what is left of a shape is what people agree on.
    """
    tokens = [list(_tokens(job)) for job in jobs]
    typed = [its_tokens for job, its_tokens in zip(jobs, tokens, strict=True) if not job.automatic]
    common = _common_words(typed)
    found: dict[tuple[str, bool], list[str]] = {}
    for job, its_tokens in zip(jobs, tokens, strict=True):
        found.setdefault((_shape(its_tokens, common), job.automatic), []).append(job.name)
    return [
        Pattern(
            shape,
            automatic,
            Share(len(names), len(jobs)),
            tuple(dict.fromkeys(names))[:EXAMPLES],
        )
        for (shape, automatic), names in sorted(
            found.items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]


def automatic_share(jobs: Sequence[NamedJob]) -> Share | None:
    """Names that nobody has typed, of all; None without any."""
    return Share(sum(job.automatic for job in jobs), len(jobs)) if jobs else None


def _tokens(job: NamedJob) -> Iterator[Token]:
    """What a name is made of, in its order: the job's own file, client and project are known."""
    for part, stands_for in _known_parts(job):
        if stands_for:
            yield "known", stands_for
            continue
        for match in _TOKEN.finditer(part):
            kind = match.lastgroup or "other"
            yield kind, _STANDS_FOR.get(kind, " " if kind == "space" else match.group())


def _known_parts(job: NamedJob) -> list[tuple[str, str]]:
    """The name in parts: text with "", or what was found there with what it stands for."""
    name, file = _folded(job.name), _folded(job.file)
    stem = file.rsplit(".", 1)[0] or file
    if job.automatic:  # where a long file name was shortened
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(name, stem, strict=False))
        stem = "".join(letter for letter, _ in alike).rstrip()
    phrases = {
        file: "{file}",
        stem: "{file}",
        _folded(job.project): "{project}",
        _folded(job.client): "{client}",
    }
    parts = [(name, "")]
    for phrase in sorted(filter(None, phrases), key=len, reverse=True):
        whole = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)") if phrase in name else None
        if whole is not None:
            parts = [piece for part in parts for piece in _split(part, whole, phrases[phrase])]
    return parts


def _split(
    part: tuple[str, str], whole: re.Pattern[str], stands_for: str
) -> Iterator[tuple[str, str]]:
    text, known = part
    if known:
        yield part
        return
    for at, piece in enumerate(whole.split(text)):
        if at:
            yield "", stands_for
        if piece:
            yield piece, ""


def _common_words(names: Sequence[Sequence[Token]]) -> frozenset[str]:
    """Words of so many names that they are a convention and not what one job is about."""
    counts = Counter(
        word for tokens in names for word in {text for kind, text in tokens if kind == "word"}
    )
    least = max(FEWEST, RAREST * len(names))
    return frozenset(word for word, count in counts.items() if count >= least)


def _shape(tokens: Sequence[Token], common: frozenset[str]) -> str:
    shown = (
        _TEXT if kind == "other" or (kind == "word" and text not in common) else text
        for kind, text in tokens
    )
    return _GAPS.sub(_TEXT, "".join(shown)).strip() or _TEXT


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split())).casefold()
