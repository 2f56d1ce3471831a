"""`make bench`: figures of this machine, each beside a floor or a rival of the same run.

`python -m bench.run clicks accuracy` measures those only; `--jobs 1000000` has so many jobs in the
database whose budgets are checked, `--searched` in the one that is searched.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    accuracy,
    audit,
    budgets,
    clicks,
    files,
    imports,
    reconciling,
    search,
    training,
)
from bench.server import PROJECT, serving


def main() -> None:
    """Prints one block a subject, as soon as it is measured."""
    subjects: dict[str, Callable[[], None]] = {
        "starts": _print_starts,
        "clicks": _print_clicks,
        "files": _print_files,
        "import": _print_import,
        "audit": _print_audit,
        "budgets": lambda: _print_budgets(asked.jobs),
        "search": lambda: _print_search(asked.searched),
        "reconciling": _print_reconciling,
        "training": _print_training,
        "accuracy": _print_accuracy,
    }
    parser = argparse.ArgumentParser(prog="bench.run", description=__doc__)
    parser.add_argument("subject", nargs="*", choices=[*subjects, "all"], default="all")
    parser.add_argument("--jobs", type=int, default=budgets.JOBS)
    parser.add_argument("--searched", type=int, default=search.JOBS)
    asked = parser.parse_args()
    for subject in subjects if "all" in asked.subject else asked.subject:
        subjects[subject]()


def _print_starts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with serving(PROJECT / "app.py", Path(folder), "/readyz") as (_address, cold):
            pass
        with serving(PROJECT / "app.py", Path(folder), "/readyz") as (_address, warm):
            pass
    print("Start until the app answers with its database")
    print(f"  cold (new data folder)  {cold:6.2f} s")
    print(f"  warm                    {warm:6.2f} s\n")


def _print_clicks() -> None:
    measured = clicks.run()
    floor = statistics.median(measured["empty page"])
    print(f"Click to changed figure, {clicks.CLICKS} clicks each, in Chromium")
    for name, times in measured.items():
        middle, most = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(
            f"  {name:<14} median {middle:5.0f} ms   95th percentile {most:5.0f} ms   "
            f"{middle / floor:4.2f} x the empty page"
        )
    print()


def _print_files() -> None:
    measured = files.run()
    print(f"Dataset page in Chromium, median of {files.ROUNDS} and worst")
    for name, steps in measured.items():
        shown = "   ".join(
            f"{step} {statistics.median(times):5.0f} {max(times):5.0f} ms"
            for step, times in steps.items()
        )
        print(f"  {name:<13} {shown}")
    print()


def _print_import() -> None:
    taken = imports.run()
    print(f"Import of a generated file of {taken['megabytes']:.0f} MB")
    print(f"  ours        {taken['seconds']:6.1f} s   {taken['mb_above_idle']:6.0f} MB above idle")
    print(f"  json.load   {taken['json.load seconds']:6.1f} s   (reads only, checks nothing)\n")


def _print_audit() -> None:
    taken = audit.run()
    print(f"Audit log: limits set by {audit.CALLERS} callers at once")
    for name in ("chained", "unchained"):
        print(
            f"  {name:<10} {taken[f'{name} a second']:6.0f} a second   median "
            f"{taken[f'{name} median'] * 1000:4.0f} ms   95th percentile "
            f"{taken[f'{name} 95th percentile'] * 1000:4.0f} ms"
        )
    print(
        f"  {taken['rows']:,.0f} rows written in {taken['write seconds']:.1f} s, "
        f"verified in {taken['verify seconds']:.1f} s\n"
    )


def _print_budgets(jobs: int) -> None:
    taken = budgets.run(jobs)
    print(f"Budgets with {taken['jobs']:,.0f} jobs, 95th percentiles")
    for step, where in budgets.STEPS.items():
        figures = "   ".join(f"{name} {taken[f'{step}, {name}']:6.1f} ms" for name in where)
        target = budgets.TARGETS.get(step)
        print(f"  {step:<9} {figures}" + (f"   (target {target} ms)" if target else ""))
    print(f"  one month: {budgets.JOBS:,} jobs of one person in it\n")


def _print_search(jobs: int) -> None:
    taken = search.run(jobs)
    print(f"Job history with {taken['jobs']:,} jobs (filled in {taken['fill seconds']:.0f} s)")
    for name, (middle, most) in taken["searches"].items():
        print(f"  {name:<14} median {middle:6.1f} ms   95th percentile {most:7.1f} ms")
    target = search.TARGETS["search"]
    print(
        f"  {'all of them':<14} 95th percentile {taken['every search']:.1f} ms (target {target} ms)"
    )
    for word, scanned in taken["ilike"].items():
        ours = taken["ours"][word]
        print(f"  {word:<14} {ours:6.1f} ms   plain ILIKE scan {scanned:8.1f} ms")
    for name, (first, last) in taken["pages"].items():
        print(f"  {name:<14} first page {first:6.1f} ms   page {search.PAGES} {last:6.1f} ms")
    browser, target = taken["browser"], search.TARGETS["page"]
    print(
        f"  in Chromium    next page {browser['next page']:.0f} ms (target {target} ms)   "
        f"typed until shown {browser['typed']:.0f} ms, of which 500 are waited\n"
    )


def _print_reconciling() -> None:
    few, many = reconciling.run()
    print("A worker's look at all of its rented jobs, RunPod being a process on this machine")
    for taken in (few, many):
        asked = "   ".join(f"{kind} {count}" for kind, count in sorted(taken.requests.items()))
        print(
            f"  {taken.jobs:>5,} jobs   median {taken.median:5.2f} s   "
            f"worst {max(taken.ticks):5.2f} s   launched in {taken.launched:5.1f} s   "
            f"requests in {taken.seconds:.0f} s: {asked}"
        )
    print(
        f"  {many.jobs / few.jobs:.0f} x the jobs take {many.median / few.median:.1f} x the time "
        f"(target {reconciling.TARGET} s)   {many.requests_an_hour:,.0f} requests an hour "
        f"(RunPod allows about {reconciling.REQUESTS_AN_HOUR:,})\n"
    )


def _print_training() -> None:
    print("Trainer on the generated sample, this machine")
    for name, figures in training.run().items():
        print(
            f"  {name:<13} {figures['tokens_per_second']:8,.0f} tokens/s   start-up "
            f"{figures['startup_seconds']:5.1f} s   whole run predicted "
            f"{figures['predicted_seconds']:6.1f} s"
        )
    print()


def _print_accuracy() -> None:
    result = accuracy.run()
    least, most = result.seconds
    held_out = result.spreads["version 2"].runs
    print(
        f"Estimates of {held_out} runs of {least:.0f} to {most:.0f} s on this machine, after "
        f"{result.learned} others (load {result.loads[0]:.1f} to {result.loads[1]:.1f})"
    )
    arrived = {"version 2, each run by all before it": result.as_they_arrived}
    for name, spread in (result.spreads | arrived).items():
        print(
            f"  {name:<42} median error {spread.median:6.1%}   90th percentile {spread.p90:7.1%}"
            f"   within 15 % {spread.inside:4.0%}"
        )


if __name__ == "__main__":
    main()
