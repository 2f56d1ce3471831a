"""What a use case refuses, in words for the person who asked.

Refusal              the message is shown as it is; nothing was changed
├── NotFound         unknown, or not for this person: one answer for both, so nothing leaks
├── NotAllowed       the role does not cover it
├── NotEligible      the training file cannot be trained on now
├── DraftMoved       another tab or person saved the draft since it was read
└── StartRefused     the job may not start; `code` says why
"""

from lib.domain.review import Change


class Refusal(Exception):
    """Base of everything a use case refuses."""


class NotFound(Refusal):
    """There is no such thing for this person."""


class NotAllowed(Refusal):
    """The person's role does not cover the action."""


class NotEligible(Refusal):
    """The training file cannot be trained on now."""


class NotADraft(Refusal):
    """The job has been started or discarded; its configuration is fixed."""

    def __init__(self) -> None:
        super().__init__("This job has been started or discarded; its configuration is fixed.")


class DraftMoved(Refusal):
    """The draft was saved elsewhere since it was read."""


class StartRefused(Refusal):
    """The job may not start. Codes: budget, changed, offer, memory, measuring, fields, status.

    `changes` are the figures that are no longer what was shown, where they were named at the start.
    """

    def __init__(self, code: str, message: str, changes: tuple[Change, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.changes = changes
