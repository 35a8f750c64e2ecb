"""Silence after which people move on, and hours in which nobody is disturbed."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_AWAITING = sa.text("awaits AND state = 'accepted'")


def upgrade() -> None:
    for name in ("waits", "quiet", "quiet_override"):
        op.add_column("campaign", sa.Column(name, Json, nullable=False, server_default="{}"))
    for name in ("shuts_at", "rested_at"):
        op.add_column("campaign", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "envelope",
        sa.Column("awaits", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_index(
        "ix_envelope_awaiting",
        "envelope",
        ["campaign_id", "rung", "next_at"],
        sqlite_where=_AWAITING,
        postgresql_where=_AWAITING,
    )
