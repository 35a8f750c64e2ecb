"""The hosts of people's mailboxes as numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "recipient", sa.Column("mail_host", sa.SmallInteger(), nullable=False, server_default="0")
    )
