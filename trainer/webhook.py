"""Posts events to the app as they happen: a courtesy that can never hold up or fail a run.

Signed as in the Standard Webhooks specification: the headers webhook-id, webhook-timestamp and
webhook-signature, the last being "v1," and the Base64 of HMAC-SHA256 over id.timestamp.body.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import threading
import time
import urllib.request
from typing import Any

BACKLOG = 256
POST_SECONDS = 5.0
CLOSE_SECONDS = 1.5


class Webhook:
    """Delivers events from a thread of its own, in order, each once; when it is late, it drops.

    Args:
        url: where to post to.
        secret: the key of the signature; without one, events go unsigned.
        job_id: goes into the body and the message id.
    """

    def __init__(self, url: str, secret: bytes | None, job_id: str) -> None:
        self._url = url
        self._secret = secret
        self._job_id = job_id
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue(BACKLOG)
        self._thread = threading.Thread(target=self._deliver, name="webhook", daemon=True)
        self._thread.start()

    def send(self, event: dict[str, Any]) -> None:
        """Queues an event, or drops it if the receiver is far behind."""
        with contextlib.suppress(queue.Full):
            self._events.put_nowait(event)

    def close(self) -> None:
        """Waits a moment for what is queued, and gives up on the rest."""
        try:
            self._events.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(CLOSE_SECONDS)

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None:
            # What is lost here is in the events file: polling is the truth.
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                request = self._request(event)
                urllib.request.urlopen(request, timeout=POST_SECONDS).close()  # noqa: S310

    def _request(self, event: dict[str, Any]) -> urllib.request.Request:
        body = json.dumps({"job_id": self._job_id, **event}, ensure_ascii=False).encode()
        message_id = f"{self._job_id}.{event['attempt']}.{event['seq']}"
        timestamp = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
        }
        if self._secret is not None:
            headers["webhook-signature"] = sign(self._secret, message_id, timestamp, body)
        return urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310


def sign(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The webhook-signature header."""
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
