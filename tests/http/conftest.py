"""The routes behind a real socket."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware

from lib.http.routes import ROUTES


@contextmanager
def serving(middleware: Sequence[Middleware] = ()) -> Iterator[str]:
    """Serves the routes; yields their address."""
    app = Starlette(routes=list(ROUTES), middleware=list(middleware))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def server(database: Any) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def desk(database: Any, configure: Callable[..., None]) -> Iterator[str]:
    """As pods reach it: what Streamlit puts in front of every route is there as well."""
    with serving(create_streamlit_middleware()) as address:
        configure(PUBLIC_URL=address)
        yield address


@pytest.fixture
def pod() -> Iterator[httpx.Client]:
    """A pod's way to ask: it follows no redirect and takes no compression."""
    with httpx.Client(timeout=30, trust_env=False, headers={"Accept-Encoding": ""}) as client:
        yield client
