"""What the fake RunPod answers: REST v2's catalogue, GraphQL's spot prices, the test's orders."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fake_runpod.world import World

Answer = Callable[[Request, World], Awaitable[Response]]
HANG_SECONDS = 30


def problem(status: int, detail: str, **headers: str) -> Response:
    """An error as REST v2 writes it. It repeats the key on purpose: ours must not pass it on."""
    return JSONResponse(
        {"title": "Error", "status": status, "detail": detail},
        status,
        {key.replace("_", "-"): value for key, value in headers.items()},
        "application/problem+json",
    )


def make_app() -> Starlette:
    world = World()

    def door(name: str, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint behind the key, which notes each request and obeys the next fault."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            authorization = request.headers.get("authorization", "")
            world.requests.append(
                {
                    "door": name,
                    "method": request.method,
                    "path": request.url.path,
                    "query": dict(request.query_params),
                    "body": body.decode(),
                    "authorised": authorization == f"Bearer {world.key}",
                }
            )
            fault = world.next_fault(name)
            if authorization != f"Bearer {world.key}":
                return problem(401, f"{authorization} is not a key")
            if fault is None:
                return await answer(request, world)
            return await faulty(fault, await answer(request, world), authorization)

        return endpoint

    async def steer(request: Request) -> Response:
        """PUT replaces fields of the world; the rest goes back to its beginning."""
        known = {field.name for field in fields(World)}
        wanted = await request.json()
        assert set(wanted) <= known, f"unknown: {set(wanted) - known}"
        world.__dict__.update(World(**wanted).__dict__)
        return Response(status_code=204)

    async def requests(_: Request) -> Response:
        return JSONResponse(world.requests)

    return Starlette(
        routes=[
            Route("/v2/catalog/gpus", door("rest", catalogue)),
            Route("/graphql", door("graphql", graphql), methods=["POST"]),
            Route("/_world", steer, methods=["PUT"]),
            Route("/_requests", requests),
        ]
    )


async def faulty(kind: str, answer: Response, authorization: str) -> Response:
    """The answer with one fault: an HTTP status, or something done to a good one."""
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
    return problem(int(kind), f"refused for {authorization}")


JSON = "application/json"


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
