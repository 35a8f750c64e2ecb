"""Calls that can be cancelled before they are due."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.add_column(
        "campaign", sa.Column("recallable", sa.Boolean(), nullable=False, server_default=no)
    )
    op.add_column(
        "attempt", sa.Column("batch_id", sa.String(100), nullable=False, server_default="")
    )
    op.add_column("attempt", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
