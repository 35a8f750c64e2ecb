"""The hosts of people's mailboxes as numbers, and a ramp for those that many people share."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("recipient", "envelope"):
        op.add_column(
            table, sa.Column("mail_host", sa.SmallInteger(), nullable=False, server_default="0")
        )
    op.add_column("campaign", sa.Column("ramp", Json, nullable=False, server_default="{}"))
    op.add_column("campaign", sa.Column("ramps_at", sa.DateTime(timezone=True), nullable=True))
