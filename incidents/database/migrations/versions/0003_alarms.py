"""Alarms: what is due to ring, what rang, who heard it."""

import sqlalchemy as sa
from alembic import op

from incidents.database.base import Json
from incidents.database.drills import fixed_modes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("duty", "task"):
        op.add_column(table, sa.Column("next_alarm_at", MOMENT, nullable=True))
        heard = sa.Column("alarm_heard", sa.Integer(), nullable=False, server_default="0")
        op.add_column(table, heard)
    op.add_column("incident", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.add_column("incident", sa.Column("owner_alarm_at", MOMENT, nullable=True))
    _index("ix_duty_next_alarm", "duty", "next_alarm_at", "status = 'open'")
    _index("ix_task_next_alarm", "task", "next_alarm_at", "next_alarm_at IS NOT NULL")
    _index("ix_incident_owner_alarm", "incident", "owner_alarm_at", "owner_alarm_at IS NOT NULL")
    op.create_table(
        "alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=5), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_loud", sa.Boolean(), nullable=False),
        sa.Column("about", Json, nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("ring_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("rang_at", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.Column("heard_by", sa.Uuid(), nullable=True),
        sa.Column("heard_how", sa.String(length=10), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'drill')", name=op.f("ck_alarm_mode")),
        sa.ForeignKeyConstraint(
            ["incident_id", "mode"],
            ["incident.id", "incident.mode"],
            name=op.f("fk_alarm_incident_id_mode"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("id", "mode", name=op.f("uq_alarm_id_mode")),
    )
    op.create_index(op.f("ix_alarm_incident_id"), "alarm", ["incident_id"])
    op.create_index(op.f("ix_alarm_opened_at"), "alarm", ["opened_at"])
    _index("uq_alarm_open", "alarm", "incident_id", "state = 'open'", unique=True)
    _index("uq_alarm_code", "alarm", "code", "state = 'open'", unique=True)
    _index("ix_alarm_next", "alarm", "next_at", "state = 'open'")
    op.create_table(
        "alarm_page",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=5), nullable=False),
        sa.Column("ring", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "mode = 'live' OR channel = 'sandbox'", name=op.f("ck_alarm_page_drill_sandboxed")
        ),
        sa.ForeignKeyConstraint(
            ["alarm_id", "mode"], ["alarm.id", "alarm.mode"], name=op.f("fk_alarm_page_alarm_id_mode")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_page")),
        sa.UniqueConstraint(
            "alarm_id", "ring", "user_id", "channel",
            name=op.f("uq_alarm_page_alarm_id_ring_user_id_channel"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_alarm_page_token_sha256"), "alarm_page", ["token_sha256"])
    connection = op.get_bind()
    for statement in fixed_modes(connection.dialect.name, ["alarm", "alarm_page"]):
        connection.exec_driver_sql(statement)
    # The next look at each incident gives its duties their alarms.
    op.execute("UPDATE incident SET review_due = true WHERE status NOT IN ('closed', 'dismissed')")


def _index(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
