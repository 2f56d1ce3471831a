"""The fake RunPod's front: key, quota, faults and the specification before every answer; the
catalogue and spot prices; and the test's orders. What it does about pods is in doors.py.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from tests.fake_runpod import contract, doors
from tests.fake_runpod.doors import problem
from tests.fake_runpod.world import World

Answer = Callable[[Request, World], Awaitable[Response]]
HANG_SECONDS = 30


def make_app() -> Starlette:
    world = World()

    def door(name: str, answer: Answer, template: str) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint behind the key, which notes each request and obeys the next fault."""

        async def endpoint(request: Request) -> Response:
            world.tick()
            body = await request.body()
            authorization = request.headers.get("authorization", "")
            gate, does = operation(body) if name == "graphql" else (name, answer)
            asker = world.asker(authorization, request.path_params.get("id"))
            world.requests.append(
                {
                    "door": gate,
                    "method": request.method,
                    "path": request.url.path,
                    "query": dict(request.query_params),
                    "body": body.decode(),
                    "authorised": asker is not None,
                    "asker": asker,
                }
            )
            fault = world.next_fault(gate)
            if asker is None:
                return problem(401, f"{authorization} is not a key")
            if world.over_quota():
                fault = "429"
            if name != "graphql" and (wrong := misfit(request, template, body)):
                world.violations += wrong
                return problem(422, "; ".join(wrong))
            if fault is not None and not fault.startswith("done ") and gate not in READING:
                return await faulty(fault, JSONResponse({}), authorization)
            given = await does(request, world)
            if name != "graphql":
                note_misfits(world, request.method, template, given)
            if fault is None:
                return given
            return await faulty(fault.removeprefix("done "), given, authorization)

        return endpoint

    async def steer(request: Request) -> Response:
        """PUT replaces fields of the world; the rest goes back to its beginning."""
        known = {field.name for field in fields(World)}
        wanted = await request.json()
        assert set(wanted) <= known, f"unknown: {set(wanted) - known}"
        world.end_all()
        world.__dict__.update(World(**wanted).__dict__)
        world.tick()
        return Response(status_code=204)

    async def change(request: Request) -> Response:
        """PATCH changes fields of the world, leaves all else as it is, and tells what is there."""
        world.__dict__.update(await request.json())
        return await state(request)

    async def requests(_: Request) -> Response:
        return JSONResponse(world.requests)

    async def state(_: Request) -> Response:
        """What is really there, whatever lists and answers say."""
        world.tick()
        pods = [
            {
                **pod.rest(world.now),
                "spot": pod.spot,
                "deleted": pod.deleted_at is not None,
                "billed": pod.billed_hours(0, world.now) * pod.cost * world.bill_factor,
            }
            for pod in world.pods.values()
        ]
        return JSONResponse({"now": world.now, "pods": pods, "violations": world.violations})

    async def fill(request: Request) -> Response:
        """Many pods at once."""
        wanted = await request.json()
        price = next(gpu["price"]["secure"] for gpu in world.gpus if gpu["id"] == wanted["gpu"])
        for name in wanted["names"]:
            order = {"name": name, "image": "trainer", "gpu": {"id": wanted["gpu"], "count": 1}}
            doors.new_pod(world, order, price)
        return Response(status_code=204)

    async def happen(request: Request) -> Response:
        """Something happens to a pod: it prints `lines`, and ends as `status` after `seconds`.

        To its machine: `evict` with "notice" or "none", `freeze` true or false.
        """
        world.tick()
        what = await request.json()
        pod = world.pods[request.path_params["id"]]
        pod.log += [(world.now, line) for line in what.get("lines", [])]
        at = world.now + what.get("seconds", 0)
        if what.get("status") == "TERMINATED":
            pod.deleted_at = at
        elif "status" in what:
            pod.end(what["status"], at, what.get("change"))
        if "evict" in what:
            world.containers[pod.id].evict(notice=what["evict"] == "notice")
        if "freeze" in what:
            world.containers[pod.id].freeze(what["freeze"])
        return Response(status_code=204)

    async def printed(request: Request) -> Response:
        return JSONResponse([line for _, line in world.pods[request.path_params["id"]].log])

    def rest(path: str, **methods: tuple[str, Answer]) -> list[Route]:
        return [
            Route(path, door(name, answer, path), methods=[method.upper()])
            for method, (name, answer) in methods.items()
        ]

    return Starlette(
        routes=[
            *rest("/v2/catalog/gpus", get=("rest", catalogue)),
            *rest("/v2/pods", get=("list", doors.listing), post=("create", doors.create)),
            *rest("/v2/pods/{id}", get=("get", doors.get), delete=("delete", doors.delete)),
            *rest("/v2/pods/{id}/logs", get=("logs", doors.logs)),
            *rest("/v2/pods/{id}/action", post=("action", doors.act)),
            *rest("/v2/billing/pods", get=("billing", doors.billing)),
            Route("/graphql", door("graphql", graphql, "/graphql"), methods=["POST"]),
            Route("/_world", steer, methods=["PUT"]),
            Route("/_world", change, methods=["PATCH"]),
            Route("/_requests", requests),
            Route("/_state", state),
            Route("/_pods", fill, methods=["POST"]),
            Route("/_pods/{id}", happen, methods=["POST"]),
            Route("/_pods/{id}/log", printed),
        ]
    )


def operation(body: bytes) -> tuple[str, Answer]:
    """Which door of GraphQL a query knocks at, and who answers there."""
    query = body.decode()
    by_field = {
        "podRentInterruptable": ("rent", doors.rent),
        "podTerminate": ("terminate", doors.terminate),
        "clientBalance": ("balance", doors.balance),
        "myself": ("spot_pods", doors.spot_pods),
    }
    return next((door for name, door in by_field.items() if name in query), ("graphql", graphql))


def misfit(request: Request, template: str, body: bytes) -> list[str]:
    """How a request breaks RunPod's specification."""
    try:
        sent = json.loads(body) if body else None
    except ValueError:
        return ["the body is not JSON"]
    return list(contract.request_faults(request.method, template, request.query_params, sent))


def note_misfits(world: World, method: str, template: str, given: Response) -> None:
    """Notes where our own answers break it, unless a test has made the catalogue odd."""
    media_type = given.headers.get("content-type", "").partition(";")[0]
    body = None if isinstance(given, StreamingResponse) else bytes(given.body)
    sent = json.loads(body) if body else body
    faults = contract.answer_faults(method, template, given.status_code, media_type, sent)
    world.violations += list(faults)


async def faulty(kind: str, answer: Response, authorization: str) -> Response:
    """The answer with one fault: an HTTP status, or something done to a good one (FAULTS)."""
    if isinstance(answer, StreamingResponse) and kind == "cut":
        return Response(b"id: torn", 200, media_type="text/event-stream")
    if kind == "hang":
        await asyncio.sleep(HANG_SECONDS)
        return answer
    if kind == "cut":
        return Response(bytes(answer.body)[: len(answer.body) // 2], 200, media_type=JSON)
    if kind == "not json":
        return PlainTextResponse("<html>Bad gateway</html>")
    if kind == "redirect":
        return Response(status_code=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    if kind == "other form":
        return JSONResponse(["gpus"])
    if kind == "errors":
        return JSONResponse({"data": None, "errors": [{"message": "Something went wrong"}]})
    if kind == "429":
        return problem(429, "rate limit exceeded for the minute window", Retry_After="12")
    if kind == "image":
        return problem(400, IMAGE)
    if kind == "image errors":
        return doors.errors(IMAGE, "BAD_USER_INPUT")
    if kind == "capacity":
        return problem(400, doors.CAPACITY)
    if kind == "capacity errors":
        return doors.errors(doors.CAPACITY)
    if kind == "balance errors":
        return doors.errors("Your balance is too low to rent this pod")
    if kind == "refused errors":
        return doors.errors("Unknown argument", "GRAPHQL_VALIDATION_FAILED")
    return problem(int(kind), f"refused for {authorization}")


JSON = "application/json"
IMAGE = "manifest unknown: the image registry.example.com/trainer:1 was not found"
FAULTS = (
    *("hang", "cut", "not json", "redirect", "other form", "errors", "429"),
    *("capacity", "capacity errors", "balance errors", "refused errors"),
    *("image", "image errors"),
)
#: Where it makes no difference whether a request was carried out before it failed.
READING = frozenset({"rest", "graphql", "list", "get", "logs", "billing", "balance", "spot_pods"})


async def catalogue(request: Request, world: World) -> Response:
    """`GET /v2/catalog/gpus`; availability only where it is asked for, as specified."""
    query = request.query_params
    with_stock = query.get("include") == "AVAILABILITY"
    if with_stock != ("product" in query):
        return problem(400, "include=AVAILABILITY and product go together")
    hidden = set() if with_stock else {"availability", "dataCenters"}
    return JSONResponse({"gpus": [without(entry, hidden) for entry in world.gpus]})


def without(entry: Any, hidden: set[str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {key: value for key, value in entry.items() if key not in hidden}


async def graphql(request: Request, world: World) -> Response:
    """Answers `lowestPrice` for every GPU; a query without variables is refused."""
    asked = await request.json()
    if "lowestPrice" not in asked.get("query", "") or not asked.get("variables"):
        return JSONResponse({"errors": [{"message": "Cannot query that"}]})
    listed = [{"id": id, "lowestPrice": price} for id, price in world.spot.items()]
    return JSONResponse({"data": {"gpuTypes": listed}})
