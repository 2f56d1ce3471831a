"""Importing a 100 MB training file: seconds, and memory above an idle process."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.server import PROJECT
from lib.datafiles.sample import write_sample

_CHILD = """
import json, sys, threading, time
from pathlib import Path
import psutil
from lib.datafiles import import_pass
highest = 0
def watch():
    global highest
    while True:
        highest = max(highest, psutil.Process().memory_info().rss)
        time.sleep(0.02)
def peak(): return max(highest, psutil.Process().memory_info().rss) / 1e6
idle, began = peak(), time.perf_counter()
threading.Thread(target=watch, daemon=True).start()
summary, _stats = import_pass(Path(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps({"seconds": time.perf_counter() - began, "mb_above_idle": peak() - idle,
                  "conversations": summary.conversations}))
"""
_READ = """
import json, sys, time
began = time.perf_counter()
json.load(open(sys.argv[1]))
print(json.dumps({"seconds": time.perf_counter() - began}))
"""


def run(megabytes: int = 100) -> dict[str, float]:
    """Our import beside Python's own json.load of the same file."""
    with tempfile.TemporaryDirectory() as folder:
        file, sequences = Path(folder) / "large.json", Path(folder) / "sequences.jsonl"
        write_sample(file, conversations=60)
        each = file.stat().st_size / 60
        write_sample(file, conversations=int(megabytes * 1_000_000 / each))
        ours = _child(_CHILD, file, sequences)
        rival = _child(_READ, file)
        return {
            "megabytes": file.stat().st_size / 1e6,
            **ours,
            "json.load seconds": rival["seconds"],
        }


def _child(code: str, *arguments: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)
