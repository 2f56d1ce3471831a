"""Jobs of another installation as drafts of whoever imports them (FR1.3.1).

Each job by itself: one that cannot be made is reported with the reason, the others are made. Ids,
money and what became of the runs are never taken over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.datafiles.jsontext import JsonText
from lib.datafiles.source import Source
from lib.db import activity, files, job_metadata, jobs
from lib.db.connection import DatabaseUnavailable, reading, transaction
from lib.domain.conversations import DatasetError, Limits
from lib.domain.draft import Draft
from lib.domain.job_intake import Intake, Unusable, read, title
from lib.domain.job_record import SCHEMA
from lib.domain.offers import SPOT_KEY
from lib.domain.people import Person
from lib.services.errors import Refusal
from lib.services.offers import offers
from lib.services.training_files import check_unchanged, ineligible_because

MOST_MB, MOST_JOBS = 10, 1_000
_LIMITS = Limits(max_bytes=MOST_MB * 1024 * 1024, max_depth=16, max_values=200_000)
_NO_EXPORT = "This is no export of jobs: it must be a JSON object with “schema” and “jobs”."


@dataclass(frozen=True)
class JobReport:
    """What becomes of one job of the file.

    `number` counts from 1; `file` is the training file here, or the missing one. `problems` say why
    no draft is made, `notices` what is not as it was. `job_id` is the draft's, once it is made.
    """

    number: int
    name: str
    file: str = ""
    preset: str = ""
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    job_id: UUID | None = None

    @property
    def usable(self) -> bool:
        return not self.problems


@dataclass
class _Known:
    """What was found out during one import and need not be asked again for each job."""

    intact: dict[UUID, str | None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)  # of the importer's jobs, those of the file alone


def preview(actor: Person, stream: BinaryIO) -> list[JobReport]:
    """What `import_jobs` would do, changing nothing. Raises Refusal where the file is no good."""
    found = _read(stream)
    with reading() as connection:
        known = _known(connection, actor, found)
        return [
            _prepared(connection, number, data, known)[0] for number, data in enumerate(found, 1)
        ]


def import_jobs(actor: Person, stream: BinaryIO) -> list[JobReport]:
    """Makes a draft of each job that can be one: its documentation, preset, changes and offer, on
    the training file with the same content, else with the same name.

    Raises Refusal where the file itself is no good; nothing was made then. A database that goes
    away on the way is a problem of the jobs from there on.
    """
    found = _read(stream)
    with reading() as connection:
        known = _known(connection, actor, found)
    reports: list[JobReport] = []
    for number, data in enumerate(found, 1):
        try:
            reports.append(_made(actor, number, data, known))
        except DatabaseUnavailable as error:
            reports += [
                JobReport(later, title(data), problems=(str(error),))
                for later, data in enumerate(found[number - 1 :], number)
            ]
            break
    return reports


def _made(actor: Person, number: int, data: object, known: _Known) -> JobReport:
    with transaction() as connection:
        report, draft = _prepared(connection, number, data, known, lock=True)
        if draft is None:
            return report
        job_id = jobs.add(
            connection,
            training_file_id=UUID(draft.training_file_id),
            created_by=actor.id,
            preset=draft.preset,
            draft=draft.to_dict(),
            **job_metadata.columns(connection, draft.metadata, actor.id),
        )
        activity.record(
            connection,
            "job_created",
            actor_id=actor.id,
            subject=str(job_id),
            details={"training_file_id": draft.training_file_id, "imported": True},
        )
    return replace(report, job_id=job_id)


def _known(connection: Connection, actor: Person, found: list[Any]) -> _Known:
    return _Known(names=jobs.names_among(connection, actor.id, {title(data) for data in found}))


def _prepared(
    connection: Connection, number: int, data: object, known: _Known, *, lock: bool = False
) -> tuple[JobReport, Draft | None]:
    """One job's report, and the draft to be made of it; None where there can be none."""
    report = JobReport(number, title(data))
    try:
        job = read(data)
    except Unusable as error:
        return replace(report, problems=error.problems), None
    report = replace(report, file=job.file_name, preset=job.preset)
    file = _file_of(connection, job)
    if file is None:
        return replace(report, problems=(_missing(job),)), None
    report = replace(report, file=file.name)
    if lock and files.lock(connection, file.id) is None:
        return replace(report, problems=(_missing(job),)), None
    if problem := _file_problem(connection, file, known):
        return replace(report, problems=(f"file: {problem}",)), None
    offer_key, of_offer = _offer(connection, job.offer_key)
    draft = Draft(
        training_file_id=str(file.id),
        training_file_name=file.name,
        preset=job.preset,
        overrides=job.overrides,
        offer_key=offer_key,
        name_edited=True,
        max_steps=job.max_steps,
        **job.metadata.to_dict(),
    )
    notices = (*_notices(job, file), *of_offer)
    if report.name in known.names:
        notices += ("name: you have a job of this name already",)
    known.names.add(report.name)
    return replace(report, notices=notices), draft


def _file_of(connection: Connection, job: Intake) -> Row | None:
    same = job.content_hash and files.by_content(connection, job.content_hash)
    return same or (files.by_name(connection, job.file_name) if job.file_name else None)


def _missing(job: Intake) -> str:
    named = f"“{job.file_name}”" if job.file_name else "the training file"
    hashed = f" (SHA-256 {job.content_hash})" if job.content_hash else ""
    return f"file: import {named}{hashed} first; it is not here"


def _file_problem(connection: Connection, file: Row, known: _Known) -> str | None:
    """Why no job is made from the file, by the rule of every new job; hashed once an import."""
    if reason := ineligible_because(file, in_use=files.has_active_job(connection, file.id)):
        return reason
    if file.id not in known.intact:
        known.intact[file.id] = check_unchanged(file)
    return known.intact[file.id]


def _offer(connection: Connection, wanted: str) -> tuple[str, tuple[str, ...]]:
    """The offer's key, and a notice where another one is taken."""
    here = {offer.key: offer for offer in offers(connection)}
    if wanted in here:
        return wanted, ()
    taken = here.get(SPOT_KEY) or next(iter(here.values()))
    named = f"“{wanted}” is not offered here" if wanted else "none was chosen"
    return taken.key, (f"offer: {named}, {taken.title} is taken",)


def _notices(job: Intake, file: Row) -> Iterable[str]:
    if job.content_hash is not None and file.content_hash != job.content_hash:
        yield f"file: “{file.name}” has the same name here, but other content"
    for name, exported, taken in job.differing:
        yield f"{name}: {exported} when it was exported, {taken} by the preset here"


def _read(stream: BinaryIO) -> list[Any]:
    """The elements of `jobs`. Raises Refusal."""
    data = stream.read(_LIMITS.max_bytes + 1)
    if len(data) > _LIMITS.max_bytes:
        raise Refusal(f"The file is larger than {MOST_MB} MB. Export fewer jobs at a time.")
    try:
        members = _members(JsonText(Source(BytesIO(data), len(data), "The file", _LIMITS)))
    except DatasetError as error:
        raise Refusal(str(error)) from None
    schema, found = members.get("schema"), members.get("jobs")
    if found is None or "schema" not in members:
        raise Refusal(_NO_EXPORT)
    if type(schema) is not int or schema != SCHEMA:
        raise Refusal(f"schema: {schema!r:.40} is not known here; this version reads {SCHEMA}.")
    return found


def _members(text: JsonText) -> Mapping[str, Any]:
    """All of the document, decoded strictly: no key twice, no NaN, no NUL, no deep nesting."""
    if text.peek() not in ("{", ""):
        raise Refusal(_NO_EXPORT)
    found: dict[str, Any] = {}
    for name in text.members():
        if name == "jobs":
            found[name] = [_element(text, index) for index in text.items(name)]
        else:
            found[name] = text.value(name)
    text.end()
    return found


def _element(text: JsonText, index: int) -> Any:
    if index == MOST_JOBS:
        raise Refusal(f"The file has more than {MOST_JOBS:,} jobs. Export fewer at a time.")
    return text.value(f"jobs[{index}]")
