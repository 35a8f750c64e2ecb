"""Room beside deliveries for what becomes of them."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # holds for pages written from now on
        op.execute("ALTER TABLE delivery SET (fillfactor = 50)")
