"""Notices and campaigns to those whom a stopped campaign did not reach; who is in doubt for good."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_IN_DOUBT = """
    INSERT INTO in_doubt (campaign_id, recipient_id)
    SELECT DISTINCT d.campaign_id, d.recipient_id FROM delivery d
    JOIN attempt a ON a.campaign_id = d.campaign_id AND a.ordinal = d.envelope
    WHERE a.outcome = 'unresolved'
"""


def upgrade() -> None:
    op.add_column("notice", sa.Column("rest_of", sa.Uuid(), nullable=True))
    op.add_column("campaign", sa.Column("rest_of", Json, nullable=False, server_default="[]"))
    op.create_table(
        "in_doubt",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "recipient_id", name="pk_in_doubt"),
    )
    op.execute(_IN_DOUBT)
