"""Telling a colleague or the team's chat about a job (FR1.3.1): the words, and how often."""

import re
from collections.abc import Sequence
from datetime import timedelta

from lib.domain.letters import Button, Letter

SHARES_ALLOWED, PER = 20, timedelta(hours=1)  # a colleague or the chat counts as one
MESSAGE_LIMIT = 500
#: Where chat programs begin a mention, a hidden link or an image; a word joiner breaks it.
_CALLS = re.compile(r"(@|<|!(?=\[)|\](?=\())")


def share_text(name: str, description: str) -> str:
    """The sentence that goes with the link, in FR1.3.1's words."""
    purpose = f" - {one_paragraph}" if (one_paragraph := " ".join(description.split())) else ""
    return f"Check out this training job: {name}{purpose}"


def letter(
    sender: str,
    name: str,
    description: str,
    link: str,
    facts: Sequence[tuple[str, str]],
    message: str = "",
) -> Letter:
    """The mail to a colleague."""
    return Letter(
        kind="job_shared",
        subject=f"{sender} shared a training job: {name}",
        lead=share_text(name, description),
        facts=tuple(facts),
        quote=(f"{sender} writes", message) if message else None,
        buttons=(Button("Open the job", link, primary=True),),
        closing=f"{sender} sent you this from the training desk. You may see this job there.",
    )


def chat_text(sender: str, name: str, description: str, link: str, message: str = "") -> str:
    """The same for a chat, as plain text: nobody's words call people, hide links or load images."""
    lines = [f"{sender}: {share_text(name, description)}", message]
    return "\n".join([*(uncalled(line) for line in lines if line), link])


def uncalled(text: str) -> str:
    """Text that means nothing to a chat program: a word joiner follows what would begin a call."""
    return _CALLS.sub("\\1\u2060", text)


def flood_problem(shares_before: int, shares_now: int) -> str | None:
    """Why nothing more is sent now; None where it is."""
    if shares_before + shares_now <= SHARES_ALLOWED:
        return None
    return (
        f"You have shared {shares_before} times within the last hour, and {SHARES_ALLOWED} an hour "
        "are allowed. Copy the link, or send the rest later."
    )
