"""One HTTP request of a pod, and what can become of it. Addresses hold secrets and are never shown.

http.client rather than urllib: an upload goes to a presigned address with exactly the headers that
were signed, urllib would add one; and no redirect carries a secret to somewhere else.
"""

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1024 * 1024
MOST_JSON = 1024 * 1024
AGENT = "lora-trainer-pod/1"


class Unanswered(Exception):
    """No usable answer: the same request may do better later."""


class Refused(Exception):
    """An answer that stays the same however often it is asked for; `status` is HTTP's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Answer:
    """A response whose body has not been read yet."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def chunks(self) -> Iterator[bytes]:
        """The body piece by piece. Raises Unanswered where it breaks off."""
        while chunk := self._read(self._response.read1, CHUNK):
            yield chunk
        if self._response.length:
            raise Unanswered("the connection broke off")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Unanswered for anything else."""
        try:
            values = json.loads(self._read(self._response.read, MOST_JSON))
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise Unanswered("the answer is not the JSON that was expected")
        return values

    @staticmethod
    def _read(read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(type(error).__name__) from None


@contextmanager
def send(
    method: str,
    url: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Answer]:
    """Sends one request, its body as it is produced; give a Content-Length with an iterator.

    Raises Unanswered where nothing comes back, and whatever the body's iterator raises but OSError.
    """
    try:
        parts = urlsplit(url)
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kind[parts.scheme](parts.netloc.rpartition("@")[2], timeout=timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    except (KeyError, ValueError, http.client.HTTPException):
        raise Unanswered("the address is not one of http or https") from None
    try:
        try:
            # A server that refuses an upload may close without reading it: its answer is there.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body, {"User-Agent": AGENT, **(headers or {})})
            response = connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unanswered(type(error).__name__) from None
        yield Answer(response)
    finally:
        connection.close()
