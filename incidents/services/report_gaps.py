"""What authorities must still be told, and by when: of one report, and of a whole incident."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from incidents.database import reports as rows
from incidents.database.duties import Duty, duties_of
from incidents.database.reports import Report
from incidents.rules.edpb_review import StandIn
from incidents.rules.permissions import Permission
from incidents.rules.report_content import ReportContent, ReportField
from incidents.rules.report_gaps import Gap, to_translate
from incidents.services import report_paper, reports
from incidents.services.lookup import get_incident
from incidents.services.report_filling import content_of, facts_told, filled, unopened
from incidents.work import Work, require


@dataclass(frozen=True, slots=True)
class ReportGaps:
    """What one report does not tell yet.

    report        its row; one that nobody has opened yet is filled, and not kept
    missing       what is not known, soonest due first
    to_translate  what is known, but not in the language that the authority reads
    to_review     what stands in for something unknown in the EDPB's template
    """

    report: Report
    is_open: bool
    duty: Duty
    content: ReportContent
    missing: tuple[Gap, ...]
    to_translate: tuple[ReportField, ...]
    to_review: tuple[StandIn, ...]


def of_report(work: Work, report_id: UUID) -> ReportGaps:
    """What one report does not tell yet, and by when it must."""
    report = reports.read(work, report_id)
    duty = work.session.get_one(Duty, report.duty_id)
    every = duties_of(work.session, report.incident_id)
    found = _gaps(every, report, duty, content_of(report))
    if report.form != reports.EDPB_FORM:
        return found
    to_review = reports.edpb(work, report_id).to_review
    return replace(found, to_review=to_review)


def of_incident(work: Work, incident_id: UUID) -> list[ReportGaps]:
    """What every report still to be filed does not tell yet, soonest due first.

    Duties for which nobody has opened a report are among them.
    """
    require(work.actor, Permission.READ_REPORT)
    incident = get_incident(work, incident_id)
    every = duties_of(work.session, incident_id)
    by_id = {duty.id: duty for duty in every}
    opened = [one for one in rows.reports_of(work.session, incident_id) if one.status == "draft"]
    found = [_gaps(every, one, by_id[one.duty_id], content_of(one)) for one in opened]
    begun = {one.duty_id for one in opened if one.stage != "withdrawn"}
    known = facts_told(work, incident_id)
    for duty in every:
        if _asks(duty) and duty.id not in begun:
            report = unopened(work, incident, duty, duty.stage)
            content = filled(work, report, known)
            found.append(_gaps(every, report, duty, content, is_open=False))
    return sorted(found, key=_due)


def _asks(duty: Duty) -> bool:
    return (
        duty.status == "open"
        and duty.standing in ("owed", "unknown")
        and "report_filed" in duty.met_when
        and duty.audience in reports.REPORTED_TO
    )


def _gaps(
    every: Sequence[Duty],
    report: Report,
    duty: Duty,
    content: ReportContent,
    *,
    is_open: bool = True,
) -> ReportGaps:
    missing = report_paper.still_missing(every, duty, content)
    return ReportGaps(report, is_open, duty, content, missing, to_translate(content), ())


def _due(found: ReportGaps) -> tuple[datetime, str]:
    return found.duty.due_at or datetime.max.replace(tzinfo=UTC), found.report.series
