"""Quotes: the panel's figures on paper, numbered, stored, and the same bytes at every download."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.db import activity, jobs, quotes
from lib.db.connection import reading, transaction
from lib.domain.dataset import DatasetSummary, pairs_explained
from lib.domain.draft import with_auto_name
from lib.domain.estimate import Estimate
from lib.domain.offers import RateSource
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.domain.quote import Alternative, Quote
from lib.quotes import render
from lib.services.assessment import Assessment, assess_within
from lib.services.drafts import OpenDraft, today
from lib.services.errors import NotFound, Refusal
from lib.services.visibility import visible
from lib.settings import settings

RATE_SOURCES = {
    RateSource.PUBLISHED: "published default rate",
    RateSource.PROVIDER: "the provider's rate today",
    RateSource.SETTING: "this installation's own rate",
}


def issue(actor: Person, opened: OpenDraft) -> Row:
    """Makes and stores a quote of an open draft as it is now. Raises Refusal while unpriced."""
    with transaction() as connection:
        assessment = assess_within(
            connection, opened.owner_id, opened.draft, opened.file, ask=False
        )
        number = quotes.next_number(connection, today().year)
    quote = compose(actor, assessment, number)
    pdf = render(quote)  # outside any transaction: it takes a second
    with transaction() as connection:
        assert assessment.estimate is not None
        quote_id = quotes.add(
            connection,
            number=number,
            job_id=opened.job_id,
            created_by=actor.id,
            created_at=quote.issued_at,
            valid_until=quote.valid_until,
            draft_digest=assessment.digest,
            estimate=assessment.estimate.to_dict(),
            job_name=quote.job_name,
            client=quote.client,
            project=quote.project,
            pdf=pdf,
            sha256=hashlib.sha256(pdf).hexdigest(),
        )
        activity.record(connection, "quote_issued", actor_id=actor.id, subject=number)
        row = quotes.by_id(connection, quote_id)
    assert row is not None
    return row


def of_job(actor: Person, job_id: UUID) -> list[Row]:
    """The quotes of a job, newest first, without the documents."""
    with reading() as connection:
        visible(actor, jobs.by_id(connection, job_id), "quote")
        return quotes.of_job(connection, job_id)


def document(actor: Person, quote_id: UUID) -> Row:
    """A stored quote with its PDF, byte for byte as issued. Raises NotFound."""
    with reading() as connection:
        quote = quotes.by_id(connection, quote_id)
        if quote is None:
            raise NotFound("There is no such quote, or it is not yours to see.")
        visible(actor, jobs.by_id(connection, quote.job_id), "quote")
    return quote


def stored_range(quote: Row) -> tuple[Decimal, Decimal]:
    """The least and the most of a stored quote, in dollars."""
    estimate = Estimate.from_dict(quote.estimate)
    return estimate.cost_min, estimate.cost_max


def compose(actor: Person, assessment: Assessment, number: str) -> Quote:
    """The quote's content. Raises Refusal where the draft has no estimate yet."""
    estimate = assessment.estimate
    if estimate is None:
        raise Refusal("There is no estimate to quote yet: this machine is still being measured.")
    draft, file, offer = assessment.draft, assessment.file, assessment.priced.offer
    summary = DatasetSummary.from_dict(file.summary) if file.summary else None
    return Quote(
        number=number,
        issued_at=datetime.now(UTC),
        issued_on=today(),
        valid_until=today() + timedelta(days=settings().quote_valid_days),
        company=settings().company_name,
        made_by=actor.name,
        made_by_email=actor.email,
        client=draft.client.strip(),
        project=draft.project.strip(),
        job_name=draft.name.strip() or with_auto_name(draft, today()).name,
        description=draft.description,
        training_file=file.name,
        conversations=file.conversation_count,
        training_pairs=file.training_pairs,
        trainable_pairs=file.trainable_pairs,
        pairs_explained=pairs_explained(summary) if summary else "",
        preset_title=PRESETS[draft.preset].title,
        parameters=tuple(
            (PARAMETER_HELP[name][0], shown_value(value))
            for name, value in draft.hyperparameters.to_dict().items()
        ),
        offer_title=offer.title,
        rate_source=RATE_SOURCES[offer.source],
        estimate=estimate,
        alternatives=tuple(
            Alternative(other.offer.title, other.estimate)
            for other in assessment.others
            if other.estimate is not None
        ),
        accuracy="No finished run to compare with yet: these are published baseline figures."
        if not offer.is_local
        else "Predicted from steps measured on this machine.",
    )


def shown_value(value: object) -> str:
    """A parameter as people read it."""
    if isinstance(value, list):
        return ", ".join(str(item).removesuffix("_proj") for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
