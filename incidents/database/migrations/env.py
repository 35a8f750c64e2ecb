"""Alembic's entry: runs on the connection, and in the transaction, that `migrate` gives it."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from incidents.database.base import UtcDateTime
from incidents.database.migrate import all_tables


def _render(kind: str, item: object, draft: AutogenContext) -> str | Literal[False]:
    """How a draft writes the column types that are ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        draft.imports.add("from incidents.database.base import Json")
        return "Json"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,  # SQLite cannot alter a constraint; it copies the table instead
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
