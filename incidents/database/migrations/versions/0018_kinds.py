"""The locales and places of the people of an import, so that nobody is read to list them."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("population_import", sa.Column("kinds", Json, nullable=True))
