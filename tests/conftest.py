"""What tests of all areas share: one real PostgreSQL a session, and makers of rows.

The database is the app's own embedded one in a temporary DATA_DIR, migrated once. Tests share it
and keep apart by making people and files of their own; a test that needs an installation in which
nobody is set up yet takes `installation`, a copy of its own.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, create_engine, text
from sqlalchemy.engine import URL

_DATA = Path(tempfile.mkdtemp(prefix="lora-tests-"))
_DATA.chmod(0o755)  # as root, the embedded server runs as another user
os.environ["DATA_DIR"] = str(_DATA)

from lib import engines, storage  # noqa: E402  only now, since settings are read once
from lib.datafiles import import_pass  # noqa: E402
from lib.datafiles.sample import write_sample  # noqa: E402
from lib.db import budgets, files, users  # noqa: E402
from lib.db import connection as db  # noqa: E402
from lib.db.tables import measurements, training_files  # noqa: E402
from lib.domain.draft import change  # noqa: E402
from lib.domain.offers import LOCAL_KEY  # noqa: E402
from lib.domain.people import Person, Role  # noqa: E402
from lib.engines.configuration import measurement_key  # noqa: E402
from lib.services import drafts  # noqa: E402
from lib.services.budgets import this_month  # noqa: E402
from lib.services.drafts import OpenDraft  # noqa: E402
from lib.services.training_files import import_training_file  # noqa: E402
from lib.settings import Settings, settings  # noqa: E402
from tests.demo_data import demo, demo_template  # noqa: E402, F401  fixtures
from tests.fake_runpod.client import FakeRunPod  # noqa: E402
from tests.fake_runpod.world import KEY as RUNPOD_KEY  # noqa: E402
from tests.past_jobs import insert_past_job  # noqa: E402
from tests.rented_runs import any_storage, rented_run, s3, s3_server  # noqa: E402, F401  fixtures

for _name in Settings.model_fields:
    if _name != "data_dir":  # whatever the developer's own environment says, tests leave it alone
        os.environ.pop(_name.upper(), None)

REAL_FILE = Path(__file__).parents[2] / "shared" / "data" / "training-file-72-conversations.json"
_PRISTINE = "pristine"
_numbers = count(1)


def pytest_unconfigure() -> None:
    db.dispose()
    shutil.rmtree(_DATA, ignore_errors=True)


@dataclass(frozen=True)
class Server:
    """The session's database server."""

    url: URL

    def execute(self, statement: str) -> None:
        """Outside any transaction, from a database that nobody else uses."""
        engine = create_engine(self.url.set(database="template1"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(scope="session")
def database() -> Server:
    """The migrated database that `lib.db` uses for the rest of the session."""
    db.migrate()
    server = Server(db.database().url)
    db.dispose()
    server.execute(f"CREATE DATABASE {_PRISTINE} TEMPLATE {server.url.database}")
    return server


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets environment variables for one test: `configure(LOCAL_HOURLY_RATE="10.00")`."""

    def apply(**variables: object) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        settings.cache_clear()

    yield apply
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def installation(database: Server, configure: Callable[..., None]) -> Iterator[str]:
    """An installation of the test's own in which nobody is set up; yields its DATABASE_URL."""
    name = f"installation_{next(_numbers)}"
    database.execute(f"CREATE DATABASE {name} TEMPLATE {_PRISTINE}")
    url = database.url.set(database=name, drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    db.dispose()
    configure(DATABASE_URL=address)
    yield address
    db.dispose()
    database.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def person(database: Server) -> Callable[..., Person]:
    """`person(role="analyst", limit="500.00")`: a new user with a budget for this month."""
    return make_person


def make_person(
    role: str = "analyst",
    limit: str = "500.00",
    grace: int = 10,
    name: str = "Person",
    email: str | None = None,
    manager: Person | None = None,
) -> Person:
    email = email or f"person-{next(_numbers)}@example.com"
    with db.transaction() as connection:
        user_id = users.add(
            connection,
            name=name,
            email=email,
            password_hash="none",
            role=role,
            manager_id=manager.id if manager else None,
        )
        budgets.set_limit(
            connection,
            user_id=user_id,
            month=this_month(),
            limit=Decimal(limit),
            grace_percent=Decimal(grace),
            set_by=None,
        )
    return Person(id=user_id, email=email, name=name, role=Role(role))


@pytest.fixture
def training_file(person: Callable[..., Person], tmp_path: Path) -> Callable[..., Row]:
    """`training_file(conversations=60)`: a new generated file, imported and enriched."""

    def make(conversations: int = 60, actor: Person | None = None) -> Row:
        number = next(_numbers)
        source = tmp_path / f"workshop-{number}.json"
        write_sample(source, conversations=conversations, seed=number)
        row, new = import_training_file(actor or person(), source, source.name)
        assert new
        return enrich(row)

    return make


def enrich(row: Row) -> Row:
    """Does what the worker does with a new file, all but the counting of tokens."""
    key = row.storage_key
    summary, written = import_pass(
        storage.original_file(key), storage.sequences_file(key), name=row.name
    )
    with db.transaction() as connection:
        connection.execute(
            training_files.update()
            .where(training_files.c.id == row.id)
            .values(
                enrichment_status="completed",
                summary=summary.to_dict(),
                sequences_sha256=written.sha256,
            )
        )
        enriched = files.by_id(connection, row.id)
    assert enriched is not None
    return enriched


@pytest.fixture
def draft(
    person: Callable[..., Person], training_file: Callable[..., Row]
) -> Callable[..., OpenDraft]:
    """`draft(actor, preset="balanced", offer_key=...)`: a saved draft on a file of its own."""

    def make(actor: Person | None = None, *, file: Row | None = None, **changes: Any) -> OpenDraft:
        actor = actor or person()
        job_id = drafts.create(actor, (file or training_file(actor=actor)).id)
        opened = drafts.load(actor, job_id)
        if not changes:
            return opened
        return drafts.save(actor, opened, change(opened.draft, drafts.today(), **changes))

    return make


@pytest.fixture
def local_draft(
    draft: Callable[..., OpenDraft], configure: Callable[..., None]
) -> Callable[..., OpenDraft]:
    """`local_draft(actor, cost="10.00")`: ready to start here, its estimate is that much.

    An hour on this machine costs $1.00, and the measurement says that the run takes `cost` hours;
    the most that it may cost is 15 % above.
    """
    configure(LOCAL_HOURLY_RATE="1.00")

    def make(
        actor: Person | None = None, *, cost: str = "10.00", file: Row | None = None
    ) -> OpenDraft:
        opened = draft(actor, file=file, offer_key=LOCAL_KEY)
        measured(opened, hours=Decimal(cost))
        return opened

    return make


def measured(opened: OpenDraft, hours: Decimal) -> None:
    """Stores a measurement by which the draft's run takes so many hours."""
    parameters = opened.draft.hyperparameters
    tokens = 1000 * parameters.num_train_epochs
    result = {
        "startup_seconds": 0,
        "tokens_per_second": str(tokens / (hours * 3600)),
        "tokens_per_epoch": 1000,
        "tokens_total": tokens,
        "steps_total": 10 * parameters.num_train_epochs,
        "finish_seconds": 0,
        "steps_measured": 20,
    }
    key = measurement_key(opened.file.content_hash, parameters.to_dict())
    with db.transaction() as connection:
        connection.execute(
            measurements.insert().values(
                config_key=key, engine="local", request={}, status="completed", result=result
            )
        )


@pytest.fixture
def past_job(
    person: Callable[..., Person], training_file: Callable[..., Row]
) -> Callable[..., UUID]:
    """`past_job(tier="spot", preset="balanced", estimated_hours="10", actual_hours="11")`."""

    def make(actor: Person | None = None, *, file: Row | None = None, **values: Any) -> UUID:
        actor = actor or person()
        return insert_past_job(actor, file or training_file(actor=actor), **values)

    return make


@contextmanager
def open_temporary_folder() -> Iterator[Path]:
    """A temporary folder that the embedded server's own user can enter; pytest's are closed."""
    with tempfile.TemporaryDirectory(prefix="lora-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with open_temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def fake_runpod() -> Iterator[FakeRunPod]:
    with FakeRunPod() as running:
        yield running


@pytest.fixture
def runpod(fake_runpod: FakeRunPod, configure: Callable[..., None]) -> FakeRunPod:
    """A RunPod that this installation has a key for; `runpod.be(...)` changes what it answers."""
    fake_runpod.be()
    configure(
        RUNPOD_API_KEY=RUNPOD_KEY,
        RUNPOD_API_URL=fake_runpod.address,
        RUNPOD_GRAPHQL_URL=fake_runpod.graphql,
    )
    engines.engine.cache_clear()  # what one test's engine has seen is nothing to the next
    return fake_runpod


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """The machine's own Chromium; None stands for the one that Playwright has installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The client's training file, which is not part of the project."""
    if not REAL_FILE.exists():
        pytest.skip("the real training file is not on this machine")
    return REAL_FILE
