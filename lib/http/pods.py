"""`/pods/…`: how a rented pod gets its data and brings its results (docs/pods.md).

The token in the address says which attempt it is for and what it may be used for. Files are
streamed in both directions; nothing is ever whole in memory.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from json import loads
from uuid import UUID

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable
from lib.http.bodies import BodyTooLarge, read_body
from lib.services import pod_requests
from lib.services.pod_requests import Arrival, StorageUnavailable
from lib.services.run_access import (
    AttemptEnded,
    Differs,
    ExchangeRefused,
    Forbidden,
    NoRoom,
    NotStored,
    TooLarge,
)

MOST_JSON = 16 * 1024
PIECE = 1024 * 1024  # written at once
_STATUS: dict[type[Exception], int] = {
    Forbidden: 403,
    NotStored: 404,
    Differs: 409,
    AttemptEnded: 410,
    TooLarge: 413,
    ValueError: 422,
    DatabaseUnavailable: 503,
    StorageUnavailable: 503,
    NoRoom: 507,
}
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

Endpoint = Callable[[Request], Awaitable[Response]]


def _told(endpoint: Endpoint) -> Endpoint:
    """What a pod is refused is an answer in JSON; the message is for whoever reads its log."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except (ExchangeRefused, ValueError, DatabaseUnavailable, StorageUnavailable) as refusal:
            status = next(code for kind, code in _STATUS.items() if isinstance(refusal, kind))
            return JSONResponse({"error": str(refusal)}, status, headers=_PRIVATE)

    return answer


@_told
async def data(request: Request) -> Response:
    """`GET /pods/data/{token}`: the training sequences of the token's job."""
    path = await run_in_threadpool(pod_requests.data_file, request.path_params["token"])
    return FileResponse(path, media_type="application/jsonl", headers=_PRIVATE)


@_told
async def listed(request: Request) -> Response:
    """`GET /pods/results/{token}`: the checkpoints to go on from."""
    token = request.path_params["token"]
    pod_id = request.headers.get("pod-id")
    found = await run_in_threadpool(pod_requests.stored_checkpoints, token, pod_id)
    return JSONResponse({"results": found}, headers=_PRIVATE)


@_told
async def offered(request: Request) -> Response:
    """`POST /pods/results/{token}`: where to bring a result, or that it has been brought."""
    try:
        given = loads(await read_body(request, MOST_JSON))
    except (BodyTooLarge, ValueError, RecursionError):
        raise ValueError("body: must be a small JSON object") from None
    answer = await run_in_threadpool(pod_requests.offer, request.path_params["token"], given)
    return JSONResponse(answer, headers=_PRIVATE)


@_told
async def fetched(request: Request) -> Response:
    """`GET /pods/results/{token}/{id}`: a checkpoint."""
    try:
        result_id = UUID(request.path_params["result_id"])
    except ValueError:
        raise NotStored("There is no such result.") from None
    token = request.path_params["token"]
    size, content = await run_in_threadpool(pod_requests.read_result, token, result_id)
    headers = _PRIVATE | {"Content-Length": str(size)}
    return StreamingResponse(content, headers=headers, media_type="application/x-tar")


@_told
async def brought(request: Request) -> Response:
    """`PUT /pods/results/{token}/{sha256}/{name}`: a result; one that is cut off leaves nothing."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise ValueError("Content-Length: is needed")
    token, sha256, name = (request.path_params[part] for part in ("token", "sha256", "name"))
    arrival = await run_in_threadpool(pod_requests.receive, token, sha256, name, int(length))
    try:
        await _write(request, arrival)
        await run_in_threadpool(arrival.keep)
    finally:
        with CancelScope(shield=True):
            await run_in_threadpool(arrival.upload.discard)
    return Response(status_code=204, headers=_PRIVATE)


async def _write(request: Request, arrival: Arrival) -> None:
    piece = bytearray()
    async for chunk in request.stream():
        piece += chunk
        if len(piece) >= PIECE:
            await run_in_threadpool(arrival.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(arrival.write, bytes(piece))


ROUTES = (
    Route("/pods/data/{token}", data, methods=["GET"]),
    Route("/pods/results/{token}", listed, methods=["GET"]),
    Route("/pods/results/{token}", offered, methods=["POST"]),
    Route("/pods/results/{token}/{result_id}", fetched, methods=["GET"]),
    Route("/pods/results/{token}/{sha256}/{name}", brought, methods=["PUT"]),
)
