"""Who is told first, when a campaign pauses by itself, and what was seen of it last."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_FAILURES = sa.text("permanent")


def upgrade() -> None:
    for name in ("canary", "brake", "brake_from"):
        op.add_column("campaign", sa.Column(name, Json, nullable=False, server_default="{}"))
    gate = sa.Column("gate", sa.String(length=10), nullable=False, server_default="open")
    op.add_column("campaign", gate)
    op.add_column("campaign", sa.Column("gate_at", MOMENT, nullable=True))
    halt = sa.Column("halt", sa.String(length=300), nullable=False, server_default="")
    op.add_column("campaign", halt)
    op.create_index(
        "ix_receipt_failure",
        "receipt",
        ["campaign_id", "kind"],
        sqlite_where=_FAILURES,
        postgresql_where=_FAILURES,
    )
    _looks()


def _looks() -> None:
    op.create_table(
        "campaign_look",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("braked_at", MOMENT, nullable=False),
        sa.Column("counted_at", MOMENT, nullable=True),
        sa.Column("buckets", Json, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_look_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_look")),
    )
    op.execute(
        "INSERT INTO campaign_look (campaign_id, braked_at, buckets, total, holds)"
        " SELECT id, launched_at, '{}', 0, TRUE FROM campaign"
    )
