"""What is kept of affected people: sealed contact data, and what may be counted without opening it.

A live recipient's contact data is one sealed blob. A drill's people are invented, and the
database itself sees to that: a drill row holds its contact data in the open, and a CHECK
refuses every address that is not reserved for fiction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from incidents.database.base import Base, uuid7

# Reserved for fiction: RFC 2606/6761 `.invalid`, and NANP 555-0100 to 555-0199.
_DRILL_ROW_IS_SYNTHETIC = (
    "mode = 'live' OR (sealed IS NULL"
    " AND (drill_email IS NULL OR drill_email LIKE '%_@_%.drill.invalid')"
    " AND (drill_phone IS NULL OR drill_phone LIKE '+1___55501__'))"
)
_LIVE_ROW_IS_SEALED = (
    "mode = 'drill' OR (sealed IS NOT NULL AND drill_name IS NULL"
    " AND drill_email IS NULL AND drill_phone IS NULL AND drill_push IS NULL)"
)


class PopulationImport(Base):
    """One file of people: how far it is, what came of it. status: running | done | failed."""

    __tablename__ = "population_import"
    __table_args__ = (
        Index(
            "uq_population_import_running",
            "incident_id",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    status: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime]
    started_by: Mapped[UUID]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    read_count: Mapped[int] = mapped_column(default=0)
    added_count: Mapped[int] = mapped_column(default=0)
    duplicate_count: Mapped[int] = mapped_column(default=0)
    rejected_count: Mapped[int] = mapped_column(default=0)
    flawed_count: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")


class Rejection(Base):
    """One line, or one field of it, that could not be used. Names line, column, reason; no value.

    whole_line  the person was not taken; else only this field was left out
    """

    __tablename__ = "rejection"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("population_import.id"), index=True)
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200))
    whole_line: Mapped[bool]


class Recipient(Base):
    """One affected person.

    sealed       JSON {name, email, phone, push_token, postal_address, fields}, AES-256-GCM
    person_key   blind index of who they are: one row per person and incident
    *_index      blind index of the normalised address; NULL: not reachable that way
    withheld     why nothing may be sent to them (a police hold, their safety); empty: nothing
    """

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("incident_id", "person_key"),
        UniqueConstraint("id", "mode"),
        ForeignKeyConstraint(["incident_id", "mode"], ["incident.id", "incident.mode"]),
        CheckConstraint(_DRILL_ROW_IS_SYNTHETIC, name="drill_is_synthetic"),
        CheckConstraint(_LIVE_ROW_IS_SEALED, name="live_is_sealed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID]
    mode: Mapped[str] = mapped_column(String(5))
    import_id: Mapped[UUID] = mapped_column(ForeignKey("population_import.id"), index=True)
    person_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    locale: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(10))
    sealed: Mapped[bytes | None]
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    push_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    post_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    withheld: Mapped[str] = mapped_column(String(40), default="")
    drill_name: Mapped[str | None] = mapped_column(String(200))
    drill_email: Mapped[str | None] = mapped_column(String(254))
    drill_phone: Mapped[str | None] = mapped_column(String(20))
    drill_push: Mapped[str | None] = mapped_column(String(200))


CONTACT_FIELDS = ("name", "email", "phone", "push_token", "postal_address", "fields")
Contact = dict[str, Any]
