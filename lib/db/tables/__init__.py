"""The schema. Money is NUMERIC(12, 2), time is timestamptz; invariants are constraints here.

Transition rules, the append-only audit log and other triggers live in migrations/.
"""

from lib.db.tables.base import metadata
from lib.db.tables.documentation import (
    job_edits,
    job_tags,
    job_templates,
    review_visits,
    search_words,
)
from lib.db.tables.files import measurements, training_files
from lib.db.tables.jobs import (
    clients,
    job_attempts,
    job_events,
    job_metrics,
    projects,
    run_results,
    training_jobs,
)
from lib.db.tables.money import (
    budget_accounts,
    budget_audit_log,
    budget_config,
    budget_forecasts,
    budget_overrides,
    budget_requests,
    budget_reservations,
    team_budgets,
)
from lib.db.tables.notifications import (
    chat_notifications,
    notification_preferences,
    notifications,
)
from lib.db.tables.people import (
    activity_log,
    installation,
    notices_seen,
    outbox,
    user_sessions,
    users,
    workers,
)
from lib.db.tables.prices import calibrations, gpu_offers, periodic_tasks, quote_numbers, quotes

__all__ = [
    "activity_log",
    "budget_accounts",
    "budget_audit_log",
    "budget_config",
    "budget_forecasts",
    "budget_overrides",
    "budget_requests",
    "budget_reservations",
    "calibrations",
    "chat_notifications",
    "clients",
    "gpu_offers",
    "installation",
    "job_attempts",
    "job_edits",
    "job_events",
    "job_metrics",
    "job_tags",
    "job_templates",
    "measurements",
    "metadata",
    "notices_seen",
    "notification_preferences",
    "notifications",
    "outbox",
    "periodic_tasks",
    "projects",
    "quote_numbers",
    "quotes",
    "review_visits",
    "run_results",
    "search_words",
    "team_budgets",
    "training_files",
    "training_jobs",
    "user_sessions",
    "users",
    "workers",
]
