"""`POST /callbacks/{run}`: a rented run says that something has happened (docs/pods.md)."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable
from lib.domain.callbacks import CallbackFault
from lib.http.bodies import BodyTooLarge, read_body
from lib.services import callbacks
from lib.services.callbacks import CallbackRefused

_STATUS = {
    CallbackFault.FORM: 400,
    CallbackFault.OLD: 400,
    CallbackFault.SIGNATURE: 401,
    CallbackFault.UNKNOWN: 404,
    CallbackFault.ENDED: 410,
    CallbackFault.TOO_LARGE: 413,
}


async def callback(request: Request) -> Response:
    """204 where it was taken, which is all that it ever changes."""
    run = request.path_params["run"]
    try:
        try:
            body = await read_body(request, callbacks.MOST_BYTES)
        except BodyTooLarge:
            await run_in_threadpool(callbacks.refuse_too_large, run)
        else:
            await run_in_threadpool(
                callbacks.receive,
                run,
                request.headers.get("webhook-id", ""),
                request.headers.get("webhook-timestamp", ""),
                request.headers.get("webhook-signature", ""),
                body,
            )
    except CallbackRefused as refusal:
        status = _STATUS[refusal.fault]
        return PlainTextResponse(f"{refusal.fault}\n", status_code=status)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except DatabaseUnavailable as error:
        return PlainTextResponse(f"{error}\n", status_code=503)
    return Response(status_code=204)


ROUTE = Route("/callbacks/{run}", callback, methods=["POST"])
