"""`POST /review-visits/{id}`: the tab of an open final check was left (FR1.3.2's analytics).

Browsers send it by themselves while a page goes away, and wait for no answer. The id is random and
known to that page alone; a visit that has ended is not changed.
"""

from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lib.db.connection import DatabaseUnavailable
from lib.services import review_visits


async def tab_left(request: Request) -> Response:
    """The body is the number of boxes ticked, one digit."""
    if request.headers.get("content-length") != "1":
        return PlainTextResponse("The body has to be one digit.\n", status_code=400)
    try:
        visit_id, checked = UUID(request.path_params["visit_id"]), int(await request.body())
        await run_in_threadpool(review_visits.left, visit_id, None, checked)
    except ValueError:
        return PlainTextResponse("There is no such visit.\n", status_code=400)
    except DatabaseUnavailable as error:
        return PlainTextResponse(f"{error}\n", status_code=503)
    return Response(status_code=204)


ROUTE = Route("/review-visits/{visit_id}", tab_left, methods=["POST"])
