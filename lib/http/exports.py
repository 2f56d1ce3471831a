"""Exports over plain HTTP: files of any size in constant memory, for who is signed in alone."""

from collections.abc import AsyncIterator, Generator
from datetime import UTC, datetime
from threading import BoundedSemaphore
from uuid import UUID

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lib.db.connection import DatabaseUnavailable
from lib.domain.job_search import JobQuery
from lib.domain.people import Person
from lib.services import job_export, sign_in_cookie
from lib.services.job_export import Wanted

MOST_IDS = 1_000
AT_ONCE = 8  # each holds a connection to the database for as long as somebody reads
_FORMATS = {
    "csv": (job_export.stream_csv, "text/csv; charset=utf-8"),
    "json": (job_export.stream_json, "application/json"),
}
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_places = BoundedSemaphore(AT_ONCE)


class Download(StreamingResponse):
    """A file made while it is sent, in one of the places; both end however the sending ends."""

    def __init__(self, first: bytes, rest: Generator[bytes], *, name: str, media_type: str) -> None:
        headers = {**_PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(_together(first, rest), headers=headers, media_type=media_type)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._rest.close)
            _places.release()


async def _together(first: bytes, rest: Generator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while chunk := await run_in_threadpool(next, rest, b""):
        yield chunk


async def jobs(request: Request) -> Response:
    """`/exports/jobs.csv` and `.json`: the jobs of a search (its parameters are the job list's) or
    those that `job=<id>` names, each as far as the person may see it (FR1.3.1).

    An error after the first bytes ends the connection without the end of the file, so that
    nobody takes the part for the whole.
    """
    format_ = request.path_params["format"]
    if format_ not in _FORMATS:
        return _told("There is no such export.", 404)
    try:
        wanted = _wanted(request)
        person = await run_in_threadpool(_signed_in, request)
    except ValueError as error:
        return _told(str(error), 400)
    except DatabaseUnavailable as error:
        return _told(str(error), 503)
    return _sign_in_first(request) if person is None else await _download(format_, person, wanted)


async def _download(format_: str, person: Person, wanted: Wanted) -> Response:
    """The answer begins once the first bytes are there: until then an error can still be told."""
    if not _places.acquire(blocking=False):
        return _told("Too many exports run at once. Try again in a moment.", 503)
    make, media_type = _FORMATS[format_]
    rest = make(person, wanted)
    try:
        first = await run_in_threadpool(next, rest)
    except BaseException as error:
        _places.release()
        if isinstance(error, DatabaseUnavailable):
            return _told(str(error), 503)
        raise
    name = f"jobs-{datetime.now(UTC):%Y-%m-%d}.{format_}"
    return Download(first, rest, name=name, media_type=media_type)


def _signed_in(request: Request) -> Person | None:
    token = request.cookies.get(sign_in_cookie.NAME)
    found = sign_in_cookie.opened(token) if token else None
    return found and found[2]


def _sign_in_first(request: Request) -> Response:
    """Browsers are led to the sign-in, programs are told."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/", status_code=303, headers=_PRIVATE)
    return _told("Sign in first.", 401)


def _told(message: str, status: int) -> Response:
    return PlainTextResponse(f"{message}\n", status_code=status, headers=_PRIVATE)


def _wanted(request: Request) -> Wanted:
    """Raises ValueError naming the parameter."""
    ids = request.query_params.getlist("job")
    if not ids:
        names = request.query_params.keys()
        return JobQuery.from_params({name: request.query_params.getlist(name) for name in names})
    if len(ids) > MOST_IDS:
        raise ValueError(f"job: at most {MOST_IDS:,} jobs can be named")
    try:
        return [UUID(one) for one in ids]
    except ValueError:
        raise ValueError("job: not all of these are ids of jobs") from None


ROUTES = (Route("/exports/jobs.{format}", jobs, methods=["GET"]),)
