"""Plain HTTP beside the pages: addresses that people share, and health."""

from uuid import UUID

from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable, reading


async def configure(request: Request) -> Response:
    """`/training-jobs/{id}/configure`: the wizard over this job's draft (FR1.1.1)."""
    return _to_page(request, "preset")


async def details(request: Request) -> Response:
    """`/training-jobs/{id}`: the job's own page (FR1.3.2)."""
    return _to_page(request, "job")


async def hyperparameters_explained(_request: Request) -> Response:
    """`/docs/hyperparameters-explained`: the guide (FR1.1.2)."""
    return RedirectResponse("/guide", status_code=307)


async def jobs(_request: Request) -> Response:
    """`/jobs`: the list, which Streamlit serves at `/` alone since it is where everybody lands."""
    return RedirectResponse("/", status_code=307)


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(_request: Request) -> Response:
    """The database answers too."""
    try:
        await run_in_threadpool(_ask_database)
    except DatabaseUnavailable as error:
        return JSONResponse({"ready": False, "reason": str(error)}, status_code=503)
    return JSONResponse({"ready": True})


def _ask_database() -> None:
    with reading() as connection:
        connection.execute(text("SELECT 1"))


def _to_page(request: Request, page: str) -> Response:
    try:
        job_id = UUID(request.path_params["job_id"])
    except ValueError:
        return PlainTextResponse("There is no job with this address.\n", status_code=404)
    return RedirectResponse(f"/{page}?job={job_id}", status_code=307)


ROUTES = (
    Route("/training-jobs/{job_id}/configure", configure, methods=["GET"]),
    Route("/training-jobs/{job_id}", details, methods=["GET"]),
    Route("/jobs", jobs, methods=["GET"]),
    Route("/docs/hyperparameters-explained", hyperparameters_explained, methods=["GET"]),
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
)
