"""A real SMTP server as a process of its own: `python -m tests.smtp_server FOLDER [options]`.

Each mail that it takes becomes a file in FOLDER; the first line that it prints is its port. What it
answers is in FOLDER/answers.json, read anew at every command:
    rcpt, data   a full SMTP reply such as "550 5.1.1 No such user"
    before_ok    seconds to wait after a mail was taken and before that is said
"""

import argparse
import asyncio
import json
import signal
import ssl
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Handler:
    """Takes mail, or answers what it was told to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def _answer(self, name: str) -> Any:
        path = self._folder / "answers.json"
        return json.loads(path.read_text()).get(name) if path.exists() else None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._answer("rcpt")
        if refusal:
            return str(refusal)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = self._answer("data")
        if refusal:
            return str(refusal)
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.authenticated,
            "content": bytes(envelope.original_content or b"").decode("utf-8"),
        }
        path = self._folder / f"{next(self._numbers):04}.json"
        path.with_suffix(".part").write_text(json.dumps(taken))
        path.with_suffix(".part").rename(path)
        await asyncio.sleep(self._answer("before_ok") or 0)
        return "250 OK"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """One account: desk, with the password that is in the tests."""
    good = (data.login, data.password) == (b"desk", b"p@ss/word:1")
    return AuthResult(success=good, handled=good)


async def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM."""
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
    handler = Handler(options.folder)

    def protocol() -> SMTP:
        return SMTP(
            handler,
            hostname="localhost",
            enable_SMTPUTF8=not options.ascii,
            tls_context=context if options.starttls else None,
            require_starttls=options.starttls,
            authenticator=authenticate if options.auth else None,
            auth_required=options.auth,
            auth_require_tls=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        protocol, "127.0.0.1", options.port, ssl=None if options.starttls else context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


def main() -> None:
    """Reads the options and serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", type=Path, help="a PEM file with key and certificate")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--ascii", action="store_true", help="no SMTPUTF8")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
