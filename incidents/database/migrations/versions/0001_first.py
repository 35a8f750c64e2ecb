"""The tables of the first release."""

from alembic import op

from incidents.database.migrate import all_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    all_tables().create_all(op.get_bind())
