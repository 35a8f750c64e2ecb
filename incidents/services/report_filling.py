"""Filling a report from what an incident knows: opened or not, nothing is kept here."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from incidents.database import reports as rows
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.reports import Report
from incidents.rules.lifecycle import REPORT
from incidents.rules.report_content import ReportContent, fill
from incidents.rules.report_forms import form_for, form_named, stage_on_form
from incidents.services import facts, report_paper
from incidents.work import Work


def unopened(work: Work, incident: Incident, duty: Duty, stage: str) -> Report:
    """The next report of a duty's series, not kept yet."""
    series = report_paper.series_of(duty.rule)
    newest = rows.newest_in_series(work.session, incident.id, series)
    return Report(
        incident_id=incident.id,
        mode=incident.mode,
        duty_id=duty.id,
        series=series,
        stage=stage,
        number=newest.number + 1 if newest else 1,
        form=form_for(duty.rule, duty.audience).id,
        authority=duty.authority,
        status=REPORT.start,
        content={},
        opened_at=work.now,
        opened_by=work.actor.id,
        amended_at=work.now,
    )


def facts_told(work: Work, incident_id: UUID) -> dict[str, Any]:
    """What reports of an incident can tell: the facts, our deeds, and who we are."""
    ours = {"organisation_name": {"en": work.settings.organisation_name}}
    return ours | facts.known_and_done(work, incident_id)


def filled(
    work: Work, report: Report, known: Mapping[str, Any], answers: Mapping[str, str] | None = None
) -> ReportContent:
    """The form of a report filled from these facts; nothing is kept of it."""
    duty = work.session.get_one(Duty, report.duty_id)
    return fill(
        form_named(report.form),
        known,
        stage_on_form(report.stage),
        previous(work, report),
        now=work.now,
        answers={**_typed(report), **(answers or {})},
        authority=report.authority,
        place=duty.place,
    )


def _typed(report: Report) -> dict[str, str]:
    return dict(content_of(report).answers) if report.content else {}


def previous(work: Work, report: Report) -> ReportContent | None:
    """The version before it, as the same authority has it."""
    row = rows.report_before(work.session, report)
    return content_of(row) if row else None


def content_of(report: Report) -> ReportContent:
    """The filled form of a report."""
    return ReportContent.model_validate(report.content)
