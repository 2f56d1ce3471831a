"""What the fake RunPod does about pods: REST v2, and what only GraphQL has."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.fake_runpod import contract
from tests.fake_runpod.pods import FakePod, rfc3339
from tests.fake_runpod.world import World

CAPACITY = (
    "There are no longer any instances available with the requested specifications. "
    "Please refresh and try again."
)
HOUR = 3600


def problem(status: int, detail: str, **headers: str) -> Response:
    """An error as REST v2 writes it. It repeats the key on purpose: ours must not pass it on."""
    return JSONResponse(
        {"title": "Error", "status": status, "detail": detail},
        status,
        {key.replace("_", "-"): value for key, value in headers.items()},
        "application/problem+json",
    )


async def create(request: Request, world: World) -> Response:
    order = await request.json()
    if len(order.get("env", {})) > 50:
        return problem(400, "too many environment variables")
    if ("gpu" in order) == ("cpu" in order):
        return problem(400, "exactly one of gpu and cpu")
    price = next((gpu["price"] for gpu in world.gpus if gpu["id"] == order["gpu"]["id"]), None)
    if price is None:
        return problem(400, CAPACITY)
    if world.balance <= 0:
        return problem(402, "insufficient balance")
    pod = new_pod(world, order, price["secure"] * world.price_factor)
    return JSONResponse(pod.rest(world.now), 201)


def new_pod(world: World, order: dict[str, Any], cost: float, spot: bool = False) -> FakePod:
    stuck = world.stuck > 0
    world.stuck -= stuck
    up = float("inf") if stuck else world.now + world.start_seconds
    pod = FakePod(
        id=f"pod{len(world.pods) + 1:05}",
        order=order,
        cost=cost,
        created_at=world.now,
        has_machine_at=up if stuck else world.now + world.boot_seconds,
        up_at=up,
        spot=spot,
    )
    world.add(pod)
    return pod


async def listing(_: Request, world: World) -> Response:
    shown = [
        pod.rest(world.now)
        for pod in world.pods.values()
        if pod.is_listed(world.now, world.list_lag) and (world.spot_in_rest or not pod.spot)
    ]
    return JSONResponse({"pods": shown})


def known(request: Request, world: World) -> FakePod | None:
    pod = world.pods.get(request.path_params["id"])
    if pod is None or not pod.is_known(world.now, world.late_404):
        return None
    return None if pod.spot and not world.spot_in_rest else pod


async def get(request: Request, world: World) -> Response:
    pod = known(request, world)
    return problem(404, "pod not found") if pod is None else JSONResponse(pod.rest(world.now))


async def delete(request: Request, world: World) -> Response:
    pod = known(request, world)
    if pod is None:
        return problem(404, "pod not found")
    world.terminate(pod)
    return Response(status_code=204)


async def act(request: Request, world: World) -> Response:
    pod = known(request, world)
    action = (await request.json())["action"]
    if pod is None:
        return problem(404, "pod not found")
    if action not in pod.rest(world.now)["actions"]:
        return problem(409, "not valid for the pod's status")
    if action == "terminate":
        world.terminate(pod)
        return Response(status_code=204)
    if action == "stop":
        world.stop(pod)
    return JSONResponse(pod.rest(world.now))


async def logs(request: Request, world: World) -> Response:
    """Replays, and then stays open. Event ids are a time and a number; resuming is exclusive."""
    pod = known(request, world)
    if pod is None:
        return problem(404, "pod not found")
    query = request.query_params
    first = max(0, len(pod.log) - int(query.get("tail", 100)))
    if cursor := request.headers.get("last-event-id"):
        first = int(cursor.rpartition("/")[2])
    elif "since" in query:
        first = sum(rfc3339(at) < query["since"] for at, _ in pod.log)

    async def stream() -> AsyncIterator[str]:
        number = first
        while True:
            for at, line in pod.log[number:]:
                number += 1
                data = {"ts": rfc3339(at), "source": "container", "line": line}
                yield f"id: {rfc3339(at)}/{number:012}\ndata: {json.dumps(data)}\n\n"
            if world.log_ends:
                return
            await asyncio.sleep(0.02)

    return StreamingResponse(stream(), media_type="text/event-stream")


async def billing(request: Request, world: World) -> Response:
    """Hour by hour, for the hours that a pod was there."""
    query = request.query_params
    start, end = (moment(query[name]) for name in ("startTime", "endTime"))
    start, end = start // HOUR * HOUR, -(-end // HOUR) * HOUR
    records = []
    for pod in world.pods.values():
        if query.get("podId", pod.id) != pod.id:
            continue
        for hour in range(int(start), int(end), HOUR):
            hours = pod.billed_hours(hour, min(hour + HOUR, world.now))
            if hours > 0:
                span = {"startTime": rfc3339(hour), "endTime": rfc3339(hour + HOUR)}
                gpu = hours * pod.cost * world.bill_factor
                records.append({**span, "podId": pod.id, **amounts(gpu)})
    total = sum(record["gpuAmount"] for record in records)
    return JSONResponse(
        {
            "records": records,
            "metadata": {
                "query": {
                    "startTime": rfc3339(start),
                    "endTime": rfc3339(end),
                    "bucketSize": query.get("bucketSize", "day"),
                    "podId": query.get("podId"),
                },
                "recordCount": len(records),
                "uniquePodCount": len({record["podId"] for record in records}),
                "totals": amounts(total),
            },
        }
    )


def amounts(gpu: float) -> dict[str, float]:
    return {"totalAmount": gpu, "gpuAmount": gpu, "cpuAmount": 0, "diskAmount": 0}


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def rent(request: Request, world: World) -> Response:
    asked = await request.json()
    for fault in contract.rent_faults(asked["variables"]):
        world.violations.append(fault)
    wanted = asked["variables"]["input"]
    market = world.spot.get(wanted["gpuTypeId"]) if world.spot_open else None
    price = market and market["minimumBidPrice"]
    if not price or price > wanted["bidPerGpu"]:
        return errors(CAPACITY)
    order = {
        "name": wanted["name"],
        "image": wanted["imageName"],
        "args": wanted.get("dockerArgs", ""),
        "disk": wanted["containerDiskInGb"],
        "env": {entry["key"]: entry["value"] for entry in wanted.get("env", [])},
        "gpu": {"id": wanted["gpuTypeId"], "count": 1},
        "cloud": "SECURE",
    }
    pod = new_pod(world, order, price * world.price_factor, spot=True)
    return JSONResponse({"data": {"podRentInterruptable": pod.graphql(world.now)}})


async def terminate(request: Request, world: World) -> Response:
    pod = world.pods.get((await request.json())["variables"]["input"]["podId"])
    if pod is None or not pod.is_known(world.now, world.late_404):
        return errors("pod not found", "BAD_USER_INPUT")
    world.terminate(pod)
    return JSONResponse({"data": {"podTerminate": None}})


async def spot_pods(_: Request, world: World) -> Response:
    shown = [
        pod.graphql(world.now)
        for pod in world.pods.values()
        if pod.is_listed(world.now, world.list_lag)
    ]
    return JSONResponse({"data": {"myself": {"pods": shown}}})


async def balance(_: Request, world: World) -> Response:
    spend = sum(pod.rest(world.now)["cost"] for pod in world.pods.values() if not pod.deleted_at)
    money = {"clientBalance": world.balance, "currentSpendPerHr": spend}
    return JSONResponse({"data": {"myself": money}})


def errors(message: str, code: str | None = None) -> Response:
    error: dict[str, Any] = {"message": message}
    if code:
        error["extensions"] = {"code": code}
    return JSONResponse({"data": None, "errors": [error]})
