"""What is kept of reports to authorities: a series per authority and stage, and its filings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from incidents.database.base import Base, uuid7


class Report(Base):
    """One version of one stage of one authority's series. status: lifecycle.REPORT.

    series   the rule that owes it: all reports of a series go to one authority
    stage    initial | supplementary | final | single | annual …, as the rule names it
    number   1, 2, 3 … within the series
    content  the filled form: each field its value, or that it is not known yet
    """

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("incident_id", "series", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    mode: Mapped[str] = mapped_column(String(5))
    duty_id: Mapped[UUID] = mapped_column(ForeignKey("duty.id"), index=True)
    series: Mapped[str] = mapped_column(String(80))
    stage: Mapped[str] = mapped_column(String(30))
    number: Mapped[int]
    form: Mapped[str] = mapped_column(String(40))
    authority: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(12))
    content: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID]
    amended_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Filing(Base):
    """That a report was handed in: where, when, under which number, and exactly which file."""

    __tablename__ = "filing"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), index=True)
    reference: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(40))
    filed_at: Mapped[datetime]
    filed_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(64))
    file: Mapped[bytes] = mapped_column(LargeBinary)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(String(300), default="")


def reports_of(session: Session, incident_id: UUID) -> Sequence[Report]:
    """The reports of an incident: by series, then number."""
    query = select(Report).where(Report.incident_id == incident_id)
    return session.scalars(query.order_by(Report.series, Report.number)).all()


def report_of_duty(session: Session, duty_id: UUID) -> Report | None:
    """The newest report on a duty that was not withdrawn, if there is one."""
    query = select(Report).where(
        Report.duty_id == duty_id, Report.status != "withdrawn", Report.stage != "withdrawn"
    )
    return session.scalars(query.order_by(Report.number.desc())).first()


def newest_in_series(session: Session, incident_id: UUID, series: str) -> Report | None:
    """The newest report of a series, withdrawn ones included: it gives the next its number."""
    query = select(Report).where(Report.incident_id == incident_id, Report.series == series)
    return session.scalars(query.order_by(Report.number.desc())).first()


def report_before(session: Session, report: Report) -> Report | None:
    """The one that this authority had before it, if there is one.

    A law may name an authority anew for its later stages ("as for the initial report"), and may
    begin in a file beside it (`eu/gdpr_no_establishment` goes on in `eu/gdpr`); a first report to
    another authority of the same law follows nothing.
    """
    query = select(Report).where(
        Report.incident_id == report.incident_id,
        Report.form == report.form,
        Report.series.startswith(report.series, autoescape=True),
        or_(Report.series != report.series, Report.number < report.number),
    )
    latest = Report.series == report.series, Report.number
    earlier = session.scalars(query.order_by(*(key.desc() for key in latest))).all()
    same = [one for one in earlier if one.authority == report.authority]
    others = [one for one in earlier if one.stage not in _ONCE and report.stage not in _FIRST]
    return next(iter(same or others), None)


# Stages that begin a series, and those that also end it.
_ONCE = ("single", "annual")
_FIRST = ("early_warning", "initial", *_ONCE)


_STANDS = (Filing.withdrawn_at.is_(None), Report.stage != "withdrawn")


def standing_filings(session: Session, incident_id: UUID) -> dict[UUID, list[Filing]]:
    """The filings that stand, by duty; that of a withdrawal stands for nothing."""
    query = (
        select(Report.duty_id, Filing)
        .join(Report, Report.id == Filing.report_id)
        .where(Report.incident_id == incident_id, Report.status == "filed", *_STANDS)
        .options(defer(Filing.file))
    )
    filings: dict[UUID, list[Filing]] = {}
    for duty_id, filing in session.execute(query.order_by(Filing.filed_at)):
        filings.setdefault(duty_id, []).append(filing)
    return filings


def filed(session: Session, incident_id: UUID) -> Sequence[tuple[datetime, UUID, str]]:
    """The filings that stand, first to last: when, which, and of which stage."""
    query = (
        select(Filing.filed_at, Filing.id, Report.stage)
        .join(Report, Report.id == Filing.report_id)
        .where(Report.incident_id == incident_id, *_STANDS)
    )
    found = session.execute(query.order_by(Filing.filed_at, Filing.id))
    return [(filed_at, filing_id, stage) for filed_at, filing_id, stage in found]


def filings_of(session: Session, report_id: UUID) -> Sequence[Filing]:
    """Every filing of a report, withdrawn ones included."""
    query = select(Filing).where(Filing.report_id == report_id)
    return session.scalars(query.order_by(Filing.filed_at)).all()
