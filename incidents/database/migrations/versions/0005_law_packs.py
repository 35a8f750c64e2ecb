"""The laws in use, as they were when they were taken into use."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "law_pack",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_pack")),
        sa.UniqueConstraint("number", name=op.f("uq_law_pack_number")),
    )
    op.create_table(
        "law_text",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_law_text")),
    )
    op.create_table(
        "law_pack_file",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["law_pack.id"], name=op.f("fk_law_pack_file_pack_id")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["law_text.sha256"], name=op.f("fk_law_pack_file_sha256")
        ),
        sa.PrimaryKeyConstraint("pack_id", "path", name=op.f("pk_law_pack_file")),
    )
    op.create_index(op.f("ix_law_pack_file_sha256"), "law_pack_file", ["sha256"])
