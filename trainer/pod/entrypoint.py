"""`python -m trainer pod`: from the environment to an attempt, or to the variable that is wrong."""

import os
import sys

from trainer.errors import TrainerError
from trainer.events import compose
from trainer.pod import settings
from trainer.pod.attempt import Pod
from trainer.pod.ending import Eviction, linger
from trainer.pod.limits import Pace
from trainer.pod.words import exit_code, print_event


def main() -> int:
    """Runs the pod that the environment describes; returns the trainer's exit code."""
    eviction = Eviction()
    eviction.listen()
    try:
        told = settings.read(os.environ)
    except TrainerError as failure:
        attempt = os.environ.get("LORA_ATTEMPT", "")
        event = compose(
            int(attempt) if attempt.isdecimal() else 0,
            "failed",
            code=failure.code,
            message=failure.message,
            detail=failure.detail,
        )
        print_event(event, sys.stdout.buffer)
        ending = settings.own_end(os.environ)
        linger(eviction, settings.LINGER_SECONDS, Pace().ask_again, **ending)
        return exit_code(event)
    return Pod(told, os.environ, eviction).run()
