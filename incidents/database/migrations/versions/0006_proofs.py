"""Proofs of campaigns: signed roots, the hashes beneath them, what the trail commits to."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaign") as table:
        table.add_column(sa.Column("proof_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "campaign_proof",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("buckets", Json, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_proof_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_campaign_proof")),
    )
    op.create_table(
        "proof_tile",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campaign_id", "number", "level", "idx", name=op.f("pk_proof_tile")
        ),
    )
    op.create_table(
        "recorded_attempts",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_recorded_attempts")),
    )
    op.create_index("ix_recorded_attempts_campaign", "recorded_attempts", ["campaign_id", "at"])
