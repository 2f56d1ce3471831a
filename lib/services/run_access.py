"""Who may come in as a rented run: what its tokens say, and whether its attempt is still live."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from lib.db import run_results
from lib.db.connection import transaction
from lib.engines.names import is_external_id, run_name
from lib.notify import run_tokens
from lib.notify.run_tokens import RunClaims, RunPurpose, TokenExpired
from lib.notify.signing import BadToken
from lib.services import installation

VALID_FOR = timedelta(days=60)  # longer than any run; a token is worth nothing after its attempt
_KEY = "run_key"


class ExchangeRefused(Exception):
    """What a pod is refused; nothing was changed.

    ExchangeRefused
    ├── Forbidden      the token is forged, for something else, or has expired
    ├── AttemptEnded   it was good; the attempt has ended
    ├── NotStored      there is no such file
    ├── Differs        the content is not the one that was announced
    ├── TooLarge       beyond MAX_RUN_RESULT_GB
    └── NoRoom         the desk's disk is nearly full
    """


class Forbidden(ExchangeRefused):
    pass


class AttemptEnded(ExchangeRefused):
    pass


class NotStored(ExchangeRefused):
    pass


class Differs(ExchangeRefused):
    pass


class TooLarge(ExchangeRefused):
    pass


class NoRoom(ExchangeRefused):
    pass


@dataclass(frozen=True)
class LiveRun:
    """An attempt that has not ended, and the token that said so."""

    job_id: UUID
    attempt: int
    token: str

    @property
    def name(self) -> str:
        return run_name(self.job_id, self.attempt)


def token_for(connection: Connection, purpose: RunPurpose, job_id: UUID, attempt: int) -> str:
    claims = RunClaims(job_id, attempt, datetime.now(UTC) + VALID_FOR)
    return run_tokens.sign(_key(connection), purpose, claims)


def callback_secret(connection: Connection, run: str) -> str:
    """The secret with which the run signs its callbacks; its bytes are ASCII."""
    return run_tokens.callback_secret(_key(connection), run)


def admitted(purpose: RunPurpose, token: str, claimed_id: str | None = None) -> LiveRun:
    """Whose token it is. Raises Forbidden, AttemptEnded.

    `claimed_id` is the machine's id as the machine says it; it is noted also of an attempt that was
    given up, since the machine costs money all the same.
    """
    with transaction() as connection:  # the first one makes the key
        try:
            claims = run_tokens.read(_key(connection), purpose, token, datetime.now(UTC))
        except BadToken:
            raise Forbidden("This address is not one of this desk's.") from None
        except TokenExpired:
            raise Forbidden("This address has expired.") from None
        run = LiveRun(claims.job_id, claims.attempt, token)
        attempt = run_results.attempt(connection, run.name)
        if attempt is not None and claimed_id is not None and is_external_id(claimed_id):
            run_results.claim(connection, run.name, claimed_id)
    if attempt is None:
        raise Forbidden("There is no such run.")
    if attempt.ended_at is not None:
        raise AttemptEnded("The attempt has ended.")
    return run


def _key(connection: Connection) -> bytes:
    return installation.signing_key(connection, _KEY)
