"""What all tables share: the metadata with its naming rules, and columns that recur."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    MetaData,
    Numeric,
    Uuid,
    func,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Dollars = Numeric(12, 2)
Moment = DateTime(timezone=True)


def id_column() -> Column:
    return Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid())


def created_at_column() -> Column:
    return Column("created_at", Moment, nullable=False, server_default=func.now())


def lease_columns() -> tuple[Column, Column]:
    """Who works on the row: a worker writes back only while its token is still there."""
    return Column("lease_token", Uuid), Column("lease_expires_at", Moment)


def one_of(column: str, values: object) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
