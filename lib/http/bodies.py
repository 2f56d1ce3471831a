"""The body of a request that anybody may send: never more of it in memory than is wanted."""

from starlette.requests import Request


class BodyTooLarge(Exception):
    """It is longer than it may be; the rest was not read."""


async def read_body(request: Request, most: int) -> bytes:
    """The whole body, of `most` bytes at the most. Raises BodyTooLarge."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > most:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge
    return bytes(body)
