"""The arguments that configure a job: preset, offer, hyperparameters."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from lib.domain.hyperparameters import LIMITS
from lib.domain.presets import PRESETS

SHORT = {"--epochs": "num_train_epochs", "--batch-size": "per_device_train_batch_size"}


def add_configuration(parser: ArgumentParser) -> None:
    """Adds them to a command; `lib.cli.files.configured` makes a draft of what was given."""
    parser.add_argument(
        "--preset", choices=tuple(PRESETS), help="default: the one that suits the file's size"
    )
    parser.add_argument(
        "--engine", choices=("runpod", "local"), default="runpod", help="default: runpod"
    )
    parser.add_argument(
        "--tier", choices=("spot", "on_demand"), help="how the GPU is rented (default: spot)"
    )
    for option, name in SHORT.items():
        parser.add_argument(
            option, dest=name, type=_hyperparameter(name), metavar="N", help="default: the preset's"
        )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help=f"any hyperparameter, as often as needed: {', '.join(LIMITS)}",
    )


def _hyperparameter(name: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return LIMITS[name].read(text)
        except ValueError as error:
            raise ArgumentTypeError(f"{text!r:.40} is not right: it {error}") from None

    return read


def _assignment(text: str) -> tuple[str, Any]:
    """`learning_rate=0.0002` as a name and its value."""
    name, _, value = text.partition("=")
    if name not in LIMITS:
        raise ArgumentTypeError(f"{name!r:.40} is no hyperparameter: {', '.join(LIMITS)}")
    return name, _hyperparameter(name)(value)
