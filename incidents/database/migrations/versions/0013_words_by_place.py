"""Words of a notice that only the people of one place get."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What tells texts of a notice apart, and with it its versions or its bodies.
UNIQUE = {
    "notice_version": ("notice_id", "locale", "variant", "number"),
    "notice_body": ("approval_id", "locale", "variant", "channel"),
}


def upgrade() -> None:
    for table, columns in UNIQUE.items():
        before = [name for name in columns if name != "variant"]
        variant = sa.Column("variant", sa.String(length=20), nullable=False, server_default="")
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(variant)
            batch_op.drop_constraint(op.f(f"uq_{table}_{'_'.join(before)}"), type_="unique")
            batch_op.create_unique_constraint(
                op.f(f"uq_{table}_{'_'.join(columns)}"), list(columns)
            )
