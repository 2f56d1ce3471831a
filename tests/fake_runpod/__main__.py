"""Serves the fake RunPod on loopback and prints its address: `python -m tests.fake_runpod`."""

import argparse
import socket

import uvicorn

from lib.http.nagle import send_at_once
from tests.fake_runpod.app import make_app

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    listener = socket.create_server(("127.0.0.1", parser.parse_args().port))
    send_at_once()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])
