"""The arguments of `templates`, `clients`, `jobs clone` and `jobs continue`."""

from typing import Any

from lib.cli.arguments import add, cap_argument, text

_TEMPLATES, _CLIENTS = "lib.cli.templates", "lib.cli.clients"


def register(commands: Any) -> None:
    """Adds the commands."""
    templates = commands.add_parser("templates", help="list templates, start a job from one")
    actions = templates.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", f"{_TEMPLATES}:list_templates", "templates, newest first")
    listing.add_argument("--archived", action="store_true", help="the archived ones instead")
    start = add(actions, "start", f"{_TEMPLATES}:start", "a draft as the template configures it")
    start.add_argument("id", type=text, metavar="ID", help="of the template")
    start.add_argument("file", type=text, metavar="FILE_ID", help="of the training file")

    clients = commands.add_parser("clients", help="clients, projects and what their jobs cost")
    actions = clients.add_subparsers(metavar="ACTION", required=True)
    listing = add(actions, "list", f"{_CLIENTS}:list_clients", "clients with their projects")
    listing.add_argument("--archived", action="store_true", help="archived ones too")


def register_clone(jobs: Any) -> None:
    """Adds `clone` and `continue` to the actions of `jobs`."""
    clone = add(jobs, "clone", f"{_TEMPLATES}:clone", "a new draft like a job")
    clone.add_argument("id", type=text, metavar="ID")
    clone.add_argument(
        "--file", type=text, metavar="FILE_ID", help="another training file (default: the job's)"
    )
    going_on = add(
        jobs,
        "continue",
        f"{_TEMPLATES}:continue_job",
        "a new draft that goes on from the checkpoint of a job that reached its spending cap",
    )
    going_on.add_argument("id", type=text, metavar="ID")
    cap_argument(going_on)
