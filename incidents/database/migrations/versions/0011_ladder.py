"""Supplementary notices to who got the first; people withheld, found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WITHHELD = sa.text("withheld <> ''")


def upgrade() -> None:
    with op.batch_alter_table("campaign") as batch:
        batch.add_column(sa.Column("audience_of", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_recipient_withheld",
        "recipient",
        ["incident_id"],
        sqlite_where=_WITHHELD,
        postgresql_where=_WITHHELD,
    )
