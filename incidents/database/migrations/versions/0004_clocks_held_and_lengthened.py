"""Holds that pause a clock, and second persons for lengthened ones."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_PENDING = sa.text("status = 'pending'")
_ON = sa.text("status IN ('asked', 'standing')")


def upgrade() -> None:
    op.add_column("duty", sa.Column("unheld_due_at", MOMENT, nullable=True))
    op.add_column("duty", sa.Column("held_until", MOMENT, nullable=True))
    op.add_column("duty", sa.Column("counts_from", sa.Uuid(), nullable=True))
    _extensions()
    _holds()


def _extensions() -> None:
    op.create_table(
        "duty_extension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("duty_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=True),
        sa.Column("before_due_at", MOMENT, nullable=False),
        sa.Column("after_due_at", MOMENT, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name=op.f("fk_duty_extension_duty_id")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_duty_extension_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_extension")),
    )
    with op.batch_alter_table("duty_extension") as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_extension_duty_id"), ["duty_id"])
        batch_op.create_index(batch_op.f("ix_duty_extension_incident_id"), ["incident_id"])
        batch_op.create_index(
            "uq_duty_extension_pending",
            ["duty_id"],
            unique=True,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        )


def _holds() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("office", sa.String(length=200), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("oral", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("covers", Json, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(length=1000), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_hold_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold") as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_incident_id"), ["incident_id"])
        batch_op.create_index("ix_hold_until", ["until"], sqlite_where=_ON, postgresql_where=_ON)
