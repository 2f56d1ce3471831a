"""What an engine says when a run cannot be started, in words for the person whose job it is."""

from datetime import timedelta


class SubmitRefused(Exception):
    """Nothing is there, for certain, and asking again would be refused again.

    Any other exception of `Engine.submit` leaves it in doubt whether the run exists. `external_id`
    is that of a run that was there for a moment, and may be billed.
    """

    def __init__(self, code: str, message: str, external_id: str | None = None) -> None:
        super().__init__(message)
        self.code, self.external_id = code, external_id


class ProviderProblem(Exception):
    """A provider could not be asked, or its answer is of no use; why, without any secret."""


class NoCapacity(ProviderProblem):
    """No machine of this kind is free: nothing was started, and later or elsewhere there may be."""


class NoBalance(ProviderProblem):
    """The account has no money left: nothing was started, and nothing will be until it has."""


class Refused(ProviderProblem):
    """The provider said no, for a reason that stays: nothing was done. `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RateLimited(ProviderProblem):
    """Too many questions: nothing was done; `after` so long it may be asked again."""

    def __init__(self, after: timedelta, message: str) -> None:
        super().__init__(message)
        self.after = after


class Unreachable(ProviderProblem):
    """Nothing was sent, or only a question, and there is no answer: nothing has changed."""


class InDoubt(ProviderProblem):
    """An order was sent and it is not known whether it was carried out. Never send it again."""


class Undecided(ProviderProblem):
    """It is too early to say whether something exists: ask again."""


class UnknownEngine(Exception):
    """This installation has no engine of that name."""


class TrainerProblem(Exception):
    """The trainer did not deliver; the message says why in plain words."""


class Stopped(Exception):
    """The caller asked for the end before the trainer was done."""
