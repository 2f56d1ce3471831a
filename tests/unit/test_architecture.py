"""The shape of the code: imports point one way, pages begin with the guard, files stay short."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[2]

#: Which areas of lib each area may import, itself included.
MAY_IMPORT = {
    "domain": {"domain"},
    "setting_rules": set(),
    "settings": {"setting_rules"},
    "storage": {"settings"},
    "object_storage": {"settings"},
    "datafiles": {"domain", "datafiles"},
    "paper": {"paper"},
    "quotes": {"domain", "paper", "quotes"},
    "reports": {"domain", "paper", "reports"},
    "notify": {"domain", "notify"},
    "db": {"domain", "settings", "db"},
    "engines": {"domain", "settings", "storage", "engines"},
    "services": {
        *("domain", "settings", "storage", "datafiles", "quotes", "reports", "db", "engines"),
        *("notify", "object_storage", "services"),
    },
    "worker": {
        *("domain", "settings", "storage", "datafiles", "db", "engines", "notify", "services"),
        "worker",
    },
    "demo": {
        *("domain", "settings", "storage", "datafiles", "db", "engines", "services", "worker"),
        "demo",
    },
    "http": {"domain", "settings", "db", "services", "worker", "http"},
    "ui": {"domain", "settings", "storage", "services", "ui"},
    "cli": {
        *("domain", "settings", "storage", "datafiles", "db", "engines", "services", "worker"),
        *("demo", "cli"),
    },
    "pages": {"domain", "services", "ui"},
    "app": {"http", "ui"},
    "trainer": {"trainer"},
}
#: Names that may be imported although their area may not: what pages must be able to catch.
EXCEPTIONS = {"lib.db.connection.DatabaseUnavailable"}

#: What a module of the domain may import besides the standard library: numpy solves the regression.
FOREIGN = {"lib/domain/calibration_fit.py": {"numpy"}}

HEAVY = {"torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes"}
NOT_PURE = {"now", "utcnow", "today", "open", "print", "input"}

PAGE_LINES, MODULE_LINES = 150, 300
#: Long on purpose: the schema, a table after the other.
LONG = {"lib/db/migrations/versions/0001_first_schema.py"}

PAGES = sorted((PROJECT / "pages").glob("*.py"))
MODULES = sorted((PROJECT / "lib").rglob("*.py"))
DOMAIN = sorted((PROJECT / "lib" / "domain").glob("*.py"))
TRAINER = sorted((PROJECT / "trainer").rglob("*.py"))
ALL = [PROJECT / "app.py", *PAGES, *MODULES, *TRAINER]


def shown(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Full dotted names of all that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def area_of(path: Path) -> str:
    return area(".".join(path.relative_to(PROJECT).with_suffix("").parts))


def area(dotted: str) -> str:
    """`lib.db.jobs` is in db, `lib.cli.jobs` in cli, `pages.budget` in pages."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "lib" else parts[0]


def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_the_table_of_layers_has_no_circle() -> None:
    graph = {name: below - {name} for name, below in MAY_IMPORT.items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError where there is one


def test_imports_point_one_way() -> None:
    wrong = {
        f"{shown(path)} imports {name}"
        for path in ALL
        for name in set(imported(path)) - EXCEPTIONS
        if name.split(".")[0] in ("lib", "trainer", "pages", "app", "tests")
        and area(name) not in MAY_IMPORT[area_of(path)]
    }
    assert wrong == set()


def test_streamlit_is_imported_by_the_app_its_pages_and_its_ui_alone() -> None:
    users = {
        shown(path)
        for path in ALL
        if any(name.split(".")[0].startswith("streamlit") for name in imported(path))
    }
    assert users
    assert {name for name in users if not name.startswith(("app.py", "pages/", "lib/ui/"))} == set()


def test_only_the_trainer_knows_machine_learning_libraries() -> None:
    users = {shown(path) for path in ALL if {name.split(".")[0] for name in imported(path)} & HEAVY}
    assert users
    assert {name for name in users if not name.startswith("trainer/")} == set()


def test_the_domain_imports_nothing_but_itself_and_the_standard_library() -> None:
    foreign = {
        f"{shown(path)} imports {name}"
        for path in DOMAIN
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names | FOREIGN.get(shown(path), set())
        and not name.startswith("lib.domain.")
    }
    assert foreign == set()


def test_the_domain_reads_no_clock_file_or_environment() -> None:
    calls = {
        f"{shown(path)}:{node.lineno} calls {name}"
        for path in DOMAIN
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and (name := last_name(node.func)) in NOT_PURE
    }
    modules = {
        f"{shown(path)} imports {name}"
        for path in DOMAIN
        for name in imported(path)
        if name.split(".")[0] in ("os", "time", "pathlib", "socket", "subprocess")
    }
    assert calls | modules == set()


def last_name(function: ast.expr) -> str | None:
    """`now` of `datetime.now`, `open` of `open`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def test_the_first_thing_a_page_does_is_the_guard() -> None:
    assert len(PAGES) >= 5
    without = {shown(path) for path in PAGES if not begins_with_guard(syntax(path))}
    assert without == set()


def begins_with_guard(page: ast.Module) -> bool:
    harmless = ast.Import | ast.ImportFrom | ast.FunctionDef
    first = next(node for node in page.body[1:] if not isinstance(node, harmless))
    call = first.value if isinstance(first, ast.Expr | ast.Assign) else None
    return isinstance(call, ast.Call) and last_name(call.func) == "guard"


def test_files_stay_short() -> None:
    long = {
        f"{shown(path)}: {lines} lines"
        for path in ALL
        if (lines := len(path.read_text("utf-8").splitlines()))
        > (PAGE_LINES if path in PAGES else MODULE_LINES)
        and shown(path) not in LONG
    }
    assert long == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = {
        shown(path) for path in ALL if path.stat().st_size and not ast.get_docstring(syntax(path))
    }
    assert silent == set()


def test_the_app_starts_without_machine_learning_libraries() -> None:
    """Imports all of lib, and all that the pages import, in a fresh process."""
    acting = ("__main__", "shell", "env")  # these do their work when imported
    names = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.stem not in acting and "versions" not in path.parts
    }
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(names)!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {sorted(HEAVY)!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
