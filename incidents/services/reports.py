"""Reports to authorities: opened from facts, amended, typeset, filed with evidence, withdrawn."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from incidents.audit import log as audit
from incidents.database import reports as rows
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.reports import Filing, Report
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.drill_mark import mark_line
from incidents.rules.edpb import EdpbNotification, edpb_notification
from incidents.rules.lifecycle import REPORT
from incidents.rules.permissions import Permission
from incidents.rules.report_content import Difference, ReportContent, differences
from incidents.services import report_paper, timeline
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident, get_of_incident
from incidents.services.report_filling import content_of, facts_told, filled, previous, unopened
from incidents.work import Work, require

# The form whose questions are those of the EDPB's template.
EDPB_FORM = "eu_gdpr33"
# The audiences that are told by a report.
REPORTED_TO = ("authority", "media", "consumer_reporting_agencies", "controller", "partners")


def open_report(work: Work, incident_id: UUID, duty_id: UUID) -> Report:
    """Open the report that a duty asks for, filled from what is known; once for each duty."""
    require(work.actor, Permission.EDIT_REPORT)
    duty = get_of_incident(work, Duty, duty_id, "duty")
    if duty.incident_id != incident_id:
        raise NotFound("there is no such duty of this incident")
    if duty.audience not in REPORTED_TO:
        raise InvalidInput(
            "this duty asks for no report",
            Problem("duty_id", f"is owed to {duty.audience}", "choose a duty to an authority"),
        )
    return open_once(work, get_incident(work, duty.incident_id), duty)


def open_once(work: Work, incident: Incident, duty: Duty) -> Report:
    """The report on a duty: the one there is, else a new one."""
    return rows.report_of_duty(work.session, duty.id) or _open(work, incident, duty, duty.stage)


def _open(
    work: Work,
    incident: Incident,
    duty: Duty,
    stage: str,
    answers: Mapping[str, str] | None = None,
) -> Report:
    report = unopened(work, incident, duty, stage)
    _fill(work, report, answers)
    work.session.add(report)
    work.session.flush()
    _tell(work, "open", report, content=_hash(report.content))
    timeline.note(
        work, incident.id, "report", f"Report opened: {stage} to {duty.authority} ({report.series})"
    )
    return report


def _fill(work: Work, report: Report, answers: Mapping[str, str] | None) -> None:
    """Fill the form anew; what a person typed before is kept."""
    content = filled(work, report, facts_told(work, report.incident_id), answers)
    report.content = content.model_dump(mode="json")


def amend(work: Work, report_id: UUID, version: int, answers: Mapping[str, str]) -> Report:
    """Type answers by field, and take up what became known since; empty answers are taken back."""
    require(work.actor, Permission.EDIT_REPORT)
    report = get_of_incident(work, Report, report_id, "report")
    check_version(report.version, version)
    report.status = REPORT.after(report.status, "amend")
    _fill(work, report, answers)
    report.amended_at = work.now
    flag_modified(report, "amended_at")  # at the same moment too: the version always moves on
    _tell(work, "amend", report, content=_hash(report.content))
    work.session.flush()
    return report


def of_incident(work: Work, incident_id: UUID) -> Sequence[Report]:
    """The reports of an incident, series by series."""
    require(work.actor, Permission.READ_REPORT)
    get_incident(work, incident_id)
    return rows.reports_of(work.session, incident_id)


def read(work: Work, report_id: UUID) -> Report:
    """One report."""
    require(work.actor, Permission.READ_REPORT)
    return get_of_incident(work, Report, report_id, "report")


def filings(work: Work, report_id: UUID) -> Sequence[Filing]:
    """The filings of a report, withdrawn ones included."""
    return rows.filings_of(work.session, read(work, report_id).id)


def changes(work: Work, report_id: UUID) -> list[Difference]:
    """What differs from the version before it in its series; empty for the first."""
    report = read(work, report_id)
    before = previous(work, report)
    return differences(before, content_of(report)) if before else []


def edpb(work: Work, report_id: UUID) -> EdpbNotification:
    """A GDPR report in the EDPB's template. Raises Conflict for one of another law."""
    report = read(work, report_id)
    if report.form != EDPB_FORM:
        raise Conflict(f"the EDPB's template is for reports under the GDPR, not for {report.form}")
    incident = get_incident(work, report.incident_id)
    before = rows.report_before(work.session, report)
    filed = rows.filings_of(work.session, before.id) if before else []
    return edpb_notification(
        content_of(report),
        kind=incident.kind,
        reference=mark_line("en", incident.number) if report.mode == "drill" else incident.number,
        previous=filed[-1].reference if filed else "",
    )


def pdf(work: Work, report_id: UUID, locale: str = "") -> bytes:
    """The report as a PDF: what was filed, once it was; else as it stands.

    locale  another of the form's languages, to read and not to file; empty: the authority's
    """
    report = read(work, report_id)
    content = content_of(report)
    if locale and locale not in content.locales:
        raise InvalidInput(
            f"this report is not written in {locale}",
            Problem("locale", "is none of its languages", f"one of: {', '.join(content.locales)}"),
        )
    standing = [f for f in rows.filings_of(work.session, report.id) if f.withdrawn_at is None]
    if standing and locale in ("", content.locales[0]):
        return standing[-1].file
    return report_paper.typeset(work, report, content, locale)


def file_report(
    work: Work,
    report_id: UUID,
    version: int,
    *,
    reference: str,
    channel: str,
    filed_at: datetime | None = None,
) -> Filing:
    """Record that the report was handed in: the authority's number, when, and exactly which file.

    reference  the number that the authority gave, or whatever proves the hand-over
    channel    portal, email, hotline …
    """
    require(work.actor, Permission.FILE_REPORT)
    report = get_of_incident(work, Report, report_id, "report")
    check_version(report.version, version)
    after = REPORT.after(report.status, "file")
    filed_at = filed_at or work.now
    if filed_at > work.now:
        raise InvalidInput(
            "a report cannot have been filed in the future",
            Problem("filed_at", "lies in the future", "give when it was handed in"),
        )
    file = report_paper.typeset(work, report, content_of(report))
    filing = Filing(
        report_id=report.id,
        reference=reference,
        channel=channel,
        filed_at=filed_at,
        filed_by=work.actor.id,
        recorded_at=work.now,
        sha256=hashlib.sha256(file).hexdigest(),
        file=file,
    )
    work.session.add(filing)
    report.status = after
    _tell(
        work,
        "file",
        report,
        content=_hash(report.content),
        file=filing.sha256,
        filed_at=filed_at,
    )
    timeline.note(
        work,
        report.incident_id,
        "report",
        f"Filed: {report.stage} report to {report.authority}, reference {reference}",
    )
    _ask_for_review(work, report)
    return filing


def withdraw(work: Work, report_id: UUID, version: int, reason: str) -> Report:
    """Take a report back: its evidence counts no longer, and its duty is open again.

    One that was filed is withdrawn at the authority too: the reply is the withdrawal to file.
    """
    require(work.actor, Permission.EDIT_REPORT)
    report = get_of_incident(work, Report, report_id, "report")
    check_version(report.version, version)
    was_filed = report.status == "filed"
    if report.stage == "withdrawn" and was_filed:
        raise Conflict("a withdrawal that was filed cannot be withdrawn; open a new report")
    report.status = REPORT.after(report.status, "withdraw")
    for filing in rows.filings_of(work.session, report.id):
        filing.withdrawn_at = filing.withdrawn_at or work.now
        filing.withdrawn_reason = filing.withdrawn_reason or reason
    _tell(work, "withdraw", report, private={"reason": reason})
    timeline.note(work, report.incident_id, "report", f"Report withdrawn: {reason}")
    _ask_for_review(work, report)
    if not was_filed:
        return report
    duty = get_of_incident(work, Duty, report.duty_id, "duty")
    incident = get_incident(work, report.incident_id)
    return _open(work, incident, duty, "withdrawn", {"withdrawal_reason": reason})


def _ask_for_review(work: Work, report: Report) -> None:
    get_incident(work, report.incident_id).review_due = True
    work.ring("incidents.review", report.incident_id)
    work.session.flush()


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        ReportContent.model_validate(content).model_dump_json().encode()
    ).hexdigest()


def _tell(
    work: Work,
    action: str,
    report: Report,
    *,
    private: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    audit.record(
        work,
        f"report.{action}",
        incident_id=report.incident_id,
        subject_type="report",
        subject_id=report.id,
        private=private,
        stage=report.stage,
        form=report.form,
        version=report.number,
        duty_id=report.duty_id,
        **detail,
    )
