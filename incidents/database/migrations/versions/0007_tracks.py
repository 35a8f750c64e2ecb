"""Several providers a channel, channels barred for a person, variants of words."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "recipient", sa.Column("barred", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "envelope", sa.Column("variant", sa.String(length=20), nullable=False, server_default="")
    )
    campaign = sa.table("campaign", sa.column("id", sa.Uuid()), sa.column("routes", Json))
    connection = op.get_bind()
    for row in connection.execute(sa.select(campaign)).all():
        routes = {
            channel: [{"provider": name, "weight": 1}] for channel, name in row.routes.items()
        }
        changed = sa.update(campaign).where(campaign.c.id == row.id)
        connection.execute(changed.values(routes=routes))
