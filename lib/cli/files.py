"""Commands about training files: inspect, import, estimate, sample."""

import argparse
import signal
import tempfile
import threading
from pathlib import Path

from lib.cli.output import Output, note, record
from lib.db.connection import installed, migrate
from lib.domain.dataset import DatasetSummary, eligible, pairs_explained, problems
from lib.domain.draft import Draft, change
from lib.domain.estimate import Estimate, format_hours, measured_estimate, published_estimate
from lib.domain.hyperparameters import LIMITS
from lib.domain.money import usd
from lib.domain.offers import LOCAL_KEY, ON_DEMAND_KEY, SPOT_KEY, Offer
from lib.domain.presets import PRESETS, default_preset
from lib.services import offers, training_files
from lib.services.drafts import today


def inspect(options: argparse.Namespace) -> Output:
    """The figures of a file; nothing is stored and nobody needs to be set up."""
    summary = training_files.inspect(options.file)
    found = problems(summary)
    data = {
        "name": summary.name,
        "format": summary.format,
        "size_bytes": summary.size_bytes,
        "sha256": summary.sha256,
        "conversations": summary.conversations,
        "declared_conversations": summary.declared_conversations,
        "training_pairs": summary.dataset_size,
        "declared_pairs": summary.declared_pairs,
        "found_pairs": summary.training_pairs,
        "trainable_pairs": summary.trainable_pairs,
        "average_quality": summary.average_quality,
        "human_reviewed": summary.human_reviewed,
        "eligible": eligible(summary),
        "problems": [{"code": entry.code, "message": entry.message} for entry in found],
    }
    text = record(
        {
            "file": summary.name,
            "format": summary.format,
            "conversations": summary.conversations,
            "training pairs": summary.dataset_size,
            "trainable pairs": summary.trainable_pairs,
            "pairs explained": pairs_explained(summary),
            "average quality": summary.average_quality,
            "eligible": "yes" if data["eligible"] else "no",
            **{f"problem {at}": entry.message for at, entry in enumerate(found, start=1)},
        }
    )
    return Output(data, text)


def import_file(options: argparse.Namespace) -> Output:
    """Stores a file; the worker of a running app or of `launch` reads it in full afterwards."""
    from lib.db.connection import migrate
    from lib.services import accounts

    migrate()
    row, new = training_files.import_training_file(
        accounts.operator(), options.file, options.file.name
    )
    data = {
        "id": row.id,
        "name": row.name,
        "new": new,
        "conversations": row.conversation_count,
        "training_pairs": row.training_pairs,
        "trainable_pairs": row.trainable_pairs,
        "enrichment_status": row.enrichment_status,
    }
    text = record(
        {
            "id": row.id,
            "file": row.name,
            "imported": "now" if new else "earlier: the same content is here already",
            "conversations": row.conversation_count,
            "training pairs": row.training_pairs,
            "enrichment": row.enrichment_status,
        }
    )
    return Output(data, text)


def estimate(options: argparse.Namespace) -> Output:
    """Duration and cost of a file on an offer; nothing is stored, nobody needs to be set up."""
    configured(options, options.file.name)
    summary = training_files.inspect(options.file)
    draft = configured(options, summary.name, summary.conversations)
    if installed():
        migrate()  # rates that were fetched are in the database
    offer = offers.offer(draft.offer_key)
    epochs = draft.hyperparameters.num_train_epochs
    if offer.is_local:
        result = _measured(options.file, draft, offer)
    else:
        result = published_estimate(
            training_pairs=summary.dataset_size, preset=draft.preset, epochs=epochs, offer=offer
        )
    data = {
        **result.to_dict(),
        "engine": offer.engine,
        "gpu": offer.gpu,
        "rate_source": str(offer.source),
        "preset": draft.preset,
        "epochs": epochs,
        "batch_size": draft.hyperparameters.per_device_train_batch_size,
        "hyperparameters": draft.hyperparameters.to_dict(),
        "training_pairs": summary.dataset_size,
        "warnings": list(result.warnings),
    }
    return Output(data, _estimate_text(summary, draft, offer, result))


def sample(options: argparse.Namespace) -> Output:
    """Writes a generated training file, making its folder where there is none."""
    from lib.datafiles.sample import write_sample

    options.path.parent.mkdir(parents=True, exist_ok=True)
    write_sample(options.path, conversations=options.conversations, format=options.format)
    data = {
        "path": str(options.path),
        "conversations": options.conversations,
        "format": options.format,
    }
    return Output(data, f"{options.conversations} conversations written to {options.path}")


def configured(options: argparse.Namespace, name: str, conversations: int | None = None) -> Draft:
    """The draft that the options ask for. Raises ValueError naming a bad option."""
    if options.engine == "local" and options.tier:
        raise ValueError("--tier: nothing is rented with --engine local; leave it out")
    rented = ON_DEMAND_KEY if options.tier == "on_demand" else SPOT_KEY
    chosen = {name: getattr(options, name) for name in LIMITS if name in options}
    chosen |= dict(options.overrides)
    return change(
        Draft(training_file_id="", training_file_name=name),
        today(),
        preset=options.preset or default_preset(conversations),
        overrides={name: value for name, value in chosen.items() if value is not None},
        offer_key=LOCAL_KEY if options.engine == "local" else rented,
    )


def _measured(path: Path, draft: Draft, offer: Offer) -> Estimate:
    """Trains a few real steps in a temporary folder; only the base model's cache remains.

    A later `launch` measures anew: its measurement belongs to the imported file.
    """
    from lib.datafiles import write_sequences
    from lib.engines.errors import Stopped
    from lib.engines.probes import run_measurement
    from lib.services.estimates import measurement_from

    note("Measuring a few real steps on this machine")
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())  # so that the trainer ends too
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sequences = folder / "sequences.jsonl"
            write_sequences(path, sequences, limits=training_files.limits())
            found = run_measurement(
                sequences, draft.hyperparameters.to_dict(), folder / "run", stop=stop
            )
    except Stopped:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)
    return measured_estimate(
        measurement_from(found), epochs=draft.hyperparameters.num_train_epochs, offer=offer
    )


def _estimate_text(summary: DatasetSummary, draft: Draft, offer: Offer, estimate: Estimate) -> str:
    least, most = estimate.duration_min_hours, estimate.duration_max_hours
    return record(
        {
            "file": summary.name,
            "training pairs": summary.dataset_size,
            "preset": PRESETS[draft.preset].title,
            "epochs": draft.hyperparameters.num_train_epochs,
            "offer": f"{offer.title}, {usd(offer.hourly_rate)}/hr ({offer.source} rate)",
            "duration": format_hours(estimate.duration_hours),
            "from, to": f"{format_hours(least)} to {format_hours(most)}",
            **{
                line.label.lower(): f"{usd(line.amount)}  ({line.detail})"
                for line in estimate.lines
            },
            "total": usd(estimate.total),
            "cost range": f"{usd(estimate.cost_min)} to {usd(estimate.cost_max)}",
            "basis": f"{estimate.basis} (algorithm version {estimate.algorithm_version})",
            "confidence": estimate.confidence_text,
            **{f"warning {at}": text for at, text in enumerate(estimate.warnings, start=1)},
        }
    )
