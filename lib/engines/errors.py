"""What an engine says when a run cannot be started, in words for the person whose job it is."""


class SubmitRefused(Exception):
    """Nothing was started, for certain, and asking again would be refused again.

    Any other exception of `Engine.submit` leaves it in doubt whether the run exists.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ProviderProblem(Exception):
    """A provider could not be asked, or its answer is of no use; why, without any secret."""


class UnknownEngine(Exception):
    """This installation has no engine of that name."""


class TrainerProblem(Exception):
    """The trainer did not deliver; the message says why in plain words."""


class Stopped(Exception):
    """The caller asked for the end before the trainer was done."""
