"""Plain HTTP beside the pages: addresses that people share, and health."""

from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable, reading
from lib.http import callbacks, exports, metrics, pods, review_visits
from lib.services.errors import NotAllowed
from lib.services.requests import link_claims


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


async def approval(request: Request) -> Response:
    """`/approvals/{token}`: from a mail to the decision's page (FR1.2.2). It decides nothing.

    Programs that scan mail follow links, too; a decision is a press of a signed-in approver.
    """
    token = request.path_params["token"]
    try:
        claims = await run_in_threadpool(link_claims, token)
    except NotAllowed as refusal:
        return PlainTextResponse(f"{refusal}\n", status_code=404, headers=_UNSHARED)
    except DatabaseUnavailable as error:
        return PlainTextResponse(f"{error}\n", status_code=503, headers=_UNSHARED)
    query = urlencode({"request": claims.request_id, "action": claims.action, "token": token})
    return RedirectResponse(f"/approvals?{query}", status_code=303, headers=_UNSHARED)


#: A signed link is for one person: no cache keeps it, and no other site learns it.
_UNSHARED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


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
    Route("/approvals/{token}", approval, methods=["GET"]),
    Route("/jobs", jobs, methods=["GET"]),
    Route("/docs/hyperparameters-explained", hyperparameters_explained, methods=["GET"]),
    *exports.ROUTES,
    review_visits.ROUTE,
    *pods.ROUTES,
    callbacks.ROUTE,
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    metrics.ROUTE,
)
