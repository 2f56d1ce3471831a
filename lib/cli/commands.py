"""The tree of commands; what each does is imported only when it is called."""

import argparse
from pathlib import Path
from typing import Any

from lib.cli import (
    audit_arguments,
    backup_arguments,
    file_arguments,
    job_file_arguments,
    request_arguments,
    template_arguments,
)
from lib.cli.arguments import (
    MOST,
    Parser,
    add,
    detail_arguments,
    file_argument,
    out_argument,
    text,
    whole,
)
from lib.cli.configuration import add_configuration
from lib.cli.job_filter_arguments import add_filters, add_order
from lib.domain.people import Role


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="python -m lib.cli",
        description="LoRA Pipeline without a browser. The first step of a new installation is "
        "`users add --role owner --name NAME --email ADDRESS`.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_file_commands(commands)
    _add_job_commands(commands)
    _add_quote_commands(commands)
    _add_offer_commands(commands)
    _add_calibration_commands(commands)
    _add_people_commands(commands)
    _add_demo_commands(commands)
    request_arguments.register(commands)
    audit_arguments.register(commands)
    backup_arguments.register(commands)
    file_arguments.register(commands)
    template_arguments.register(commands)
    return top


def _add_file_commands(commands: Any) -> None:
    inspect = add(commands, "inspect", "lib.cli.files:inspect", "figures and problems of a file")
    file_argument(inspect)
    store = add(commands, "import", "lib.cli.files:import_file", "store a training file")
    file_argument(store)
    estimate = add(
        commands,
        "estimate",
        "lib.cli.files:estimate",
        "duration and cost; stores nothing. --engine local measures real steps on this machine",
    )
    file_argument(estimate)
    add_configuration(estimate)
    sample = add(commands, "sample", "lib.cli.files:sample", "generate a training file to try")
    sample.add_argument("path", type=Path, metavar="PATH", help="the file to write")
    sample.add_argument(
        "--conversations",
        type=whole(1, MOST),
        default=72,
        metavar="N",
        help="how many (default 72)",
    )
    sample.add_argument("--format", choices=("brightrun", "jsonl", "chat"), default="brightrun")


def _add_job_commands(commands: Any) -> None:
    quote = add(commands, "quote", "lib.cli.jobs:quote", "a numbered quote as a PDF")
    file_argument(quote)
    add_configuration(quote)
    detail_arguments(quote)
    quote.add_argument(
        "--alternatives", action="store_true", help="quote the presets and the other tier too"
    )
    out_argument(quote)
    launch = add(
        commands,
        "launch",
        "lib.cli.jobs:launch",
        "start a job; without a running app it works through the queue itself while it waits",
    )
    file_argument(launch)
    add_configuration(launch)
    detail_arguments(launch)
    launch.add_argument(
        "--max-steps", type=whole(1, MOST), metavar="N", help="end the training after N steps"
    )
    launch.add_argument("--wait", action="store_true", help="wait until the job has ended")

    jobs = commands.add_parser("jobs", help="list, search and show jobs")
    actions = jobs.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", "lib.cli.jobs:list_jobs", "all jobs, newest first")
    listing.set_defaults(text="")
    search = add(
        actions,
        "search",
        "lib.cli.jobs:list_jobs",
        'jobs that have all words, "phrases" and no -words of TEXT, the best match first',
    )
    search.add_argument("text", type=text, metavar="TEXT")
    for parser in (listing, search):
        add_filters(parser)
        add_order(parser)
    show = add(actions, "show", "lib.cli.jobs:show", "everything about one job")
    show.add_argument("id", type=text, metavar="ID")
    job_file_arguments.register(actions)
    template_arguments.register_clone(actions)


def _add_quote_commands(commands: Any) -> None:
    quotes = commands.add_parser("quotes", help="list, search, show and download quotes")
    actions = quotes.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", "lib.cli.quotes:list_quotes", "all quotes, newest first")
    listing.set_defaults(text="")
    search = add(actions, "search", "lib.cli.quotes:list_quotes", "quotes that contain TEXT")
    search.add_argument("text", type=text, metavar="TEXT")
    show = add(actions, "show", "lib.cli.quotes:show", "one quote with its alternatives")
    download = add(actions, "download", "lib.cli.quotes:download", "its PDF, as it was issued")
    for action in (show, download):
        action.add_argument("number", type=text, metavar="NUMBER", help="such as Q-2026-00042")
    out_argument(download)


def _add_offer_commands(commands: Any) -> None:
    offers = add(commands, "offers", "lib.cli.offers:list_offers", "GPU offers and their rates")
    actions = offers.add_subparsers(metavar="[ACTION]")
    refresh = add(actions, "refresh", "lib.cli.offers:refresh", "read the rates from RunPod now")
    refresh.set_defaults(json=argparse.SUPPRESS)  # `offers --json refresh` is meant too


def _add_calibration_commands(commands: Any) -> None:
    calibration = commands.add_parser("calibration", help="what estimates learn from finished runs")
    actions = calibration.add_subparsers(metavar="ACTION", required=True)
    for name, function, summary in (
        ("show", "show", "the version in use, its effects, and all fits"),
        ("refit", "refit", "learn from all finished runs now"),
        ("adopt-cards", "adopt_cards", "take the published card durations for evidence"),
        ("withdraw-cards", "withdraw_cards", "drop the published card durations again"),
    ):
        add(actions, name, f"lib.cli.calibration:{function}", summary)


def _add_people_commands(commands: Any) -> None:
    budget = commands.add_parser("budget", help="where a month's budget stands")
    actions = budget.add_subparsers(metavar="ACTION", required=True)
    shown = add(actions, "show", "lib.cli.people:budget", "limit, spent, reserved and jobs")
    shown.add_argument("--user", type=text, metavar="EMAIL", help="whose (default: the owner's)")
    pdf = add(actions, "pdf", "lib.cli.people:budget_pdf", "a month's statement for finance")
    pdf.add_argument("--month", type=text, metavar="YYYY-MM", help="default: this month")
    pdf.add_argument("--user", type=text, metavar="EMAIL", help="whose (default: the owner's)")
    pdf.add_argument("--team", action="store_true", help="with all who report to that person")
    out_argument(pdf)

    users = commands.add_parser("users", help="add and list people")
    actions = users.add_subparsers(metavar="ACTION", required=True)
    new = add(actions, "add", "lib.cli.people:add_user", "add a person; the owner comes first")
    new.add_argument("--name", type=text, required=True)
    new.add_argument("--email", type=text, required=True)
    new.add_argument("--role", choices=[str(role) for role in Role], required=True)
    new.add_argument("--monthly-limit", type=text, metavar="DOLLARS", help="such as 500.00")
    new.add_argument("--manager", type=text, metavar="EMAIL", help="who approves their requests")
    new.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    add(actions, "list", "lib.cli.people:list_users", "everybody and their month")


def _add_demo_commands(commands: Any) -> None:
    demo = commands.add_parser("demo", help="made-up data to look around in")
    actions = demo.add_subparsers(metavar="ACTION", required=True)
    fill = add(actions, "fill", "lib.cli.demo:fill_demo", "fill a database in which nobody is")
    fill.add_argument("--seed", type=whole(0, MOST), default=1, metavar="N", help="default 1")
    fill.add_argument(
        "--jobs", type=whole(1, MOST), default=400, metavar="N", help="about how many"
    )
