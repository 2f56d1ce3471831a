"""The arguments of `requests` and `outbox`; what they do is in `lib.cli.requests`."""

from typing import Any

from lib.cli.arguments import add, text

RUN = "lib.cli.requests"


def register(commands: Any) -> None:
    """Adds both commands."""
    requests = commands.add_parser("requests", help="requests for a higher monthly limit")
    actions = requests.add_subparsers(metavar="ACTION", required=True)
    add(actions, "list", f"{RUN}:list_requests", "all requests, pending ones first")
    ask = add(actions, "ask", f"{RUN}:ask", "ask for a higher limit")
    ask.add_argument("--user", type=text, required=True, metavar="EMAIL", help="whose limit")
    ask.add_argument("--limit", type=text, required=True, metavar="DOLLARS", help="the new limit")
    ask.add_argument(
        "--justification", type=text, required=True, metavar="TEXT", help="50 characters or more"
    )
    ask.add_argument("--month", choices=("this", "next"), default="this", help="default: this")
    ask.add_argument("--job", type=text, metavar="ID", help="the job that it is for")
    for name, summary, reason in (
        ("approve", "approve a request as the owner", "optional"),
        ("deny", "deny a request as the owner", "required"),
        ("withdraw", "take a pending request back", None),
    ):
        decide = add(actions, name, f"{RUN}:{name}", summary)
        decide.add_argument("id", type=text, metavar="ID")
        if reason:
            decide.add_argument(
                "--reason", type=text, required=reason == "required", default="", metavar="TEXT"
            )

    outbox = commands.add_parser("outbox", help="mail that was written, and where it is")
    actions = outbox.add_subparsers(metavar="ACTION", required=True)
    add(actions, "list", f"{RUN}:list_mail", "the newest mails")
    show = add(actions, "show", f"{RUN}:show_mail", "one mail with its text")
    show.add_argument("id", type=text, metavar="ID")
