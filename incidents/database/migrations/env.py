"""Alembic's entry: runs on the connection, and in the transaction, that `migrate` gives it."""

from alembic import context

from incidents.database.migrate import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,  # SQLite cannot alter a constraint; it copies the table instead
)
with context.begin_transaction():
    context.run_migrations()
