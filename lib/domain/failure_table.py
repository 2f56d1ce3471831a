"""Why a run failed, for somebody who is no engineer: what it means, who can mend it, what next.

One table from the codes that engines, trainer and worker use. The page, the mail and the command
line all take their words from here (FR1.3.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lib.domain.next_steps import Step


class Mender(StrEnum):
    """Who can do something about it. `NOBODY`: there is nothing to mend, only to try again."""

    USER = "user"
    ADMIN = "admin"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Failure:
    """What a code means. `steps` come in the order of their promise.

    `specific`: the run's own message says more than these words, such as which conversation, and
    comes before them. `remedy` is what an admin has to do.
    """

    title: str
    meaning: str
    mender: Mender
    steps: tuple[Step, ...]
    specific: bool = False
    remedy: str = ""

    def told(self, message: str | None) -> str:
        """What happened and what it means, in plain words; `message` is the run's own."""
        said = " ".join((message or "").split())
        if not self.specific or not said:
            return self.meaning
        return f"{said if said.endswith(('.', '!', '?')) else f'{said}.'} {self.meaning}".strip()


NO_CAPACITY = "no_capacity"
_AGAIN = "Nothing about the job has to be changed: it may well go through the next time."
_ELSEWHERE = (Step.GO_ON, Step.ON_DEMAND, Step.OTHER_GPU, Step.RETRY, Step.REHEARSE)
_BY_ADMIN = (Step.ADMIN, Step.REHEARSE, Step.RETRY)

FAILURES: Mapping[str, Failure] = MappingProxyType(
    {
        # The training itself
        "out_of_memory": Failure(
            "Not enough memory",
            "The training needed more memory than the machine has. How much it needs grows with "
            "the adapter's rank and with the longest conversation of the file.",
            Mender.USER,
            (Step.LOWER_RANK, Step.LARGER_GPU, Step.SMALLER_BATCH, Step.OTHER_FILE, Step.REHEARSE),
        ),
        "bad_data": Failure(
            "The training file cannot be used as it is",
            "Nothing was trained. Mend that conversation in the file and import it again, or "
            "train on another file.",
            Mender.USER,
            (Step.SEE_CONVERSATION, Step.OTHER_FILE, Step.REHEARSE),
            specific=True,
        ),
        "sequence_too_long": Failure(
            "A conversation is too long",
            "Nothing was trained, since half a conversation would teach the wrong thing.",
            Mender.USER,
            (Step.SEE_CONVERSATION, Step.OTHER_FILE),
            specific=True,
        ),
        "data_changed": Failure(
            "The training data is not what was approved",
            "What was stored for this job has changed after its start, so it was not trained on.",
            Mender.ADMIN,
            (Step.OTHER_FILE, Step.ADMIN, Step.RETRY),
            remedy="Check the file with `files verify` and look at who can write to the storage.",
        ),
        "bad_config": Failure(
            "The trainer does not take this configuration",
            "The app checks all settings first, so the trainer is probably of another version.",
            Mender.ADMIN,
            _BY_ADMIN,
            specific=True,
            remedy="Let the app and the trainer be of one version: TRAINER_PYTHON here, "
            "TRAINER_IMAGE for rented runs.",
        ),
        "model_not_found": Failure(
            "The base model could not be loaded",
            "The model that is to be trained is not there, or may not be downloaded.",
            Mender.ADMIN,
            _BY_ADMIN,
            specific=True,
            remedy="Check LOCAL_BASE_MODEL for runs here, and for rented ones the base model and "
            "the hub's token.",
        ),
        "disk_full": Failure(
            "The disk is full",
            "The run could not save its work. Once there is space it can be started again.",
            Mender.ADMIN,
            (Step.ADMIN, Step.GO_ON, Step.RETRY, Step.OTHER_GPU),
            remedy="Free space in DATA_DIR; on a rented machine its container disk was full.",
        ),
        "error": Failure(
            "The training stopped on an error",
            "It may have been a passing fault of the machine. Where it happens again, the "
            "technical detail below is for an engineer.",
            Mender.NOBODY,
            (Step.GO_ON, Step.RETRY, Step.OTHER_GPU, Step.REHEARSE, Step.ADMIN),
            specific=True,
            remedy="Look at the technical detail and at the run's log.",
        ),
        "trainer_ended": Failure(
            "The trainer ended without a word",
            "Often the system ended it because memory was short. If it happens again, take a "
            "lower rank, or hand the technical detail below to an engineer.",
            Mender.NOBODY,
            (Step.GO_ON, Step.RETRY, Step.LOWER_RANK, Step.LARGER_GPU, Step.ADMIN),
            remedy="Look at the technical detail and at the system's log.",
        ),
        "stuck": Failure(
            "The training stood still",
            f"The run gave no sign of life for too long, so its machine was given back. {_AGAIN}",
            Mender.NOBODY,
            (Step.GO_ON, Step.RETRY, Step.OTHER_GPU, Step.REHEARSE),
        ),
        "cap_reached": Failure(
            "The spending cap is reached",
            "The run saved a checkpoint and its machine was given back.",
            Mender.USER,
            (),
            specific=True,
        ),
        # Its result
        "adapter_missing": Failure(
            "The run finished, but its adapter is not there",
            "The training went through, and what it made was not found afterwards.",
            Mender.ADMIN,
            (Step.RETRY, Step.ADMIN),
            remedy="See whether something else removes files below DATA_DIR.",
        ),
        "results_not_stored": Failure(
            "The adapter could not be brought home",
            "The training went through, and its machine could not hand the result over in time.",
            Mender.ADMIN,
            (Step.ADMIN, Step.GO_ON, Step.RETRY),
            remedy="Check that rented machines reach this desk and its storage: PUBLIC_URL, "
            "STORAGE_URL, and the space there.",
        ),
        # Starting it here
        "checkpoint_missing": Failure(
            "The checkpoint to go on from is gone",
            "Nothing was started: to begin anew was not agreed to.",
            Mender.USER,
            (Step.RETRY, Step.ADMIN),
            specific=True,
            remedy="See whether something else removes files below DATA_DIR.",
        ),
        "trainer_missing": Failure(
            "The trainer is not installed",
            "Nothing was started and nothing was spent.",
            Mender.ADMIN,
            (Step.ADMIN, Step.RETRY),
            specific=True,
            remedy="Set TRAINER_PYTHON to a Python that has the trainer's requirements.",
        ),
        "trainer_not_started": Failure(
            "The trainer could not be started",
            "Nothing was started and nothing was spent.",
            Mender.ADMIN,
            (Step.ADMIN, Step.RETRY),
            specific=True,
            remedy="Look at the technical detail: the system refused to start the trainer.",
        ),
        "stale": Failure(
            "A later attempt had taken over",
            f"Two attempts met, and the older one gave way. {_AGAIN}",
            Mender.NOBODY,
            (Step.RETRY,),
        ),
        "repeated": Failure(
            "This attempt had been started before",
            f"A run is never started twice, so this one was ended. {_AGAIN}",
            Mender.NOBODY,
            (Step.RETRY,),
        ),
        # Renting a machine
        NO_CAPACITY: Failure(
            "No machine was free",
            "The provider had no such GPU for as long as the job could wait.",
            Mender.NOBODY,
            (*_ELSEWHERE, Step.DATA_CENTER),
            remedy="Let RUNPOD_DATA_CENTERS name more data centres, or none at all for any.",
        ),
        "not_connected": Failure(
            "Rented runs are not set up",
            "Nothing was started and nothing was spent.",
            Mender.ADMIN,
            _BY_ADMIN,
            specific=True,
            remedy="Set what is missing for rented runs, as docs/operations.md describes it.",
        ),
        "no_limit": Failure(
            "There was no limit to rent a machine with",
            "Every rented run has a limit on its time and its money; nothing was spent.",
            Mender.NOBODY,
            (Step.RETRY, Step.ADMIN),
            remedy="See whether anything was left of the job's spending cap.",
        ),
        "provider_away": Failure(
            "The provider could not be reached",
            f"It did not answer for as long as the job could wait. {_AGAIN}",
            Mender.NOBODY,
            (Step.GO_ON, Step.RETRY, Step.REHEARSE),
        ),
        "no_balance": Failure(
            "The provider's account has no money left",
            "Nothing can be rented until an admin has topped it up. The job itself is fine.",
            Mender.ADMIN,
            (Step.TOP_UP, Step.GO_ON, Step.REHEARSE, Step.RETRY),
            remedy="Top up the account's balance.",
        ),
        "price_changed": Failure(
            "The price is not what was shown",
            "Nobody had agreed to it. A new draft shows today's price before anything starts.",
            Mender.USER,
            (Step.RETRY, Step.OTHER_GPU, Step.ON_DEMAND, Step.REHEARSE),
            specific=True,
        ),
        "spot_unavailable": Failure(
            "There are no spot machines for this account",
            "Nothing else was taken in its place, and nothing was spent.",
            Mender.USER,
            (Step.ON_DEMAND, Step.OTHER_GPU, Step.REHEARSE),
            specific=True,
        ),
        "machine_not_ready": Failure(
            "The machine did not get ready",
            f"It was given back after a while. {_AGAIN}",
            Mender.NOBODY,
            _ELSEWHERE,
        ),
        "pod_error": Failure(
            "The machine could not start the trainer",
            "It was a bad machine, or the trainer's image does not run there.",
            Mender.NOBODY,
            (Step.RETRY, Step.OTHER_GPU, Step.ADMIN, Step.REHEARSE),
            remedy="If it happens again, see whether TRAINER_IMAGE starts, and on this GPU.",
        ),
        "image_not_found": Failure(
            "The trainer's image was not found",
            "The provider could not download what runs the training. The job itself is fine.",
            Mender.ADMIN,
            _BY_ADMIN,
            remedy="Set TRAINER_IMAGE to an image that exists, and RUNPOD_REGISTRY to its "
            "credential where it is private.",
        ),
        "key_refused": Failure(
            "The provider does not accept our key",
            "Nothing can be rented until an admin has put in a valid one.",
            Mender.ADMIN,
            _BY_ADMIN,
            remedy="Set RUNPOD_API_KEY to a valid key.",
        ),
        "no_access": Failure(
            "Our key may not do this",
            "The provider knows the key, and it lacks a permission.",
            Mender.ADMIN,
            _BY_ADMIN,
            remedy="Give the key in RUNPOD_API_KEY the right to create and end pods.",
        ),
        "refused": Failure(
            "The provider refused the order",
            "Nothing was started and nothing was spent.",
            Mender.ADMIN,
            (Step.OTHER_GPU, Step.ADMIN, Step.REHEARSE, Step.RETRY),
            specific=True,
            remedy="Compare the settings of rented runs with what the provider offers.",
        ),
        "not_found": Failure(
            "The provider does not know what was ordered",
            "Nothing was started and nothing was spent.",
            Mender.ADMIN,
            (Step.OTHER_GPU, Step.ADMIN, Step.REHEARSE, Step.RETRY),
            specific=True,
            remedy="See whether the provider has changed its service: RUNPOD_API_URL.",
        ),
        "recoveries_exhausted": Failure(
            "Interrupted too often",
            "",
            Mender.NOBODY,
            _ELSEWHERE,
            specific=True,
        ),
    }
)
