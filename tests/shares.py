"""All tests in three shares side by side: most of them wait for a browser, a database or a process.

Each share is a pytest run of its own, with its own database, in the usual order. `--again` runs
what failed once more, one share after the other.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).parent
_NAMED = {
    "browser": ("browser", "bench"),
    "runs": ("cli", "engines", "worker", "trainer", "races", "services", "demo", "datafiles"),
}
_NOTHING_TO_DO = 5  # pytest's exit code where no test was selected


def shares() -> dict[str, list[str]]:
    """The folders of each share; what is named in none is in the last one."""
    named = {folder for folders in _NAMED.values() for folder in folders}
    found = {path.parent.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    rest = tuple(sorted(found - named))
    return {
        name: [f"tests/{folder}" for folder in folders]
        for name, folders in {**_NAMED, "rest": rest}.items()
    }


def run(name: str, arguments: list[str]) -> bool:
    """Whether a share passes; its lines are printed as they come."""
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir=.pytest_cache/{name}", *arguments]
    process = subprocess.Popen(
        command, cwd=TESTS.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{name:7} {line}", end="", flush=True)
    return process.wait() in (0, _NOTHING_TO_DO)


def main() -> int:
    if "--again" in sys.argv:
        again = ["--last-failed", "--last-failed-no-failures", "none"]
        passed = [run(name, [*folders, *again]) for name, folders in shares().items()]
    else:
        with ThreadPoolExecutor(len(shares())) as pool:
            passed = list(pool.map(run, *zip(*shares().items(), strict=True)))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
