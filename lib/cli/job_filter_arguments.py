"""The filters of the job list as arguments; what they mean is in `lib.cli.job_filters`."""

import argparse

from lib.cli.arguments import text, whole
from lib.domain.job_search import Sort
from lib.domain.offers import Tier
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus


def add_filters(parser: argparse.ArgumentParser) -> None:
    """What narrows the jobs; several of one kind mean any of them, but for tags."""
    parser.add_argument("--status", action="append", choices=[str(one) for one in JobStatus])
    parser.add_argument("--preset", action="append", choices=list(PRESETS))
    parser.add_argument("--tier", action="append", choices=[str(one) for one in Tier])
    parser.add_argument("--tag", action="append", type=text, metavar="TAG", help="all of these")
    parser.add_argument("--creator", type=text, metavar="EMAIL")
    parser.add_argument("--client", type=text, metavar="NAME")
    parser.add_argument("--project", type=text, metavar="NAME", help="of the client")
    parser.add_argument("--since", type=text, metavar="DATE", help="made on this day or later")
    parser.add_argument("--until", type=text, metavar="DATE", help="this day included")
    parser.add_argument("--least", type=text, metavar="DOLLARS", help="what it cost at least")
    parser.add_argument("--most", type=text, metavar="DOLLARS", help="what it cost at most")
    parser.add_argument("--archived", action="store_true", help="archived jobs instead")


def add_order(parser: argparse.ArgumentParser) -> None:
    """In which order the jobs come, and how many."""
    parser.add_argument("--sort", choices=[str(one) for one in Sort])
    parser.add_argument("--limit", type=whole(1, 1_000), default=200, metavar="N")
