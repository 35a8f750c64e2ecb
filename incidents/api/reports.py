"""Reports to authorities over HTTP: open, amend, compare, print, file, withdraw."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from incidents.api.door import IfMatch, LookWork, OpenWork, Shape, View, etag, needs, router_for
from incidents.api.shapes import Moment
from incidents.database.reports import Report
from incidents.rules.edpb_review import StandIn
from incidents.rules.permissions import Permission
from incidents.rules.report_content import Difference, ReportContent
from incidents.rules.report_forms import form_named
from incidents.services import report_gaps, reports, review
from incidents.services.report_filling import content_of
from incidents.services.report_gaps import ReportGaps

router = router_for("reports")

Answer = Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]


class OpenReport(Shape):
    """The duty that the report is to meet."""

    duty_id: UUID


class AmendReport(Shape):
    """Answers by field name; they stand before what the facts say."""

    answers: dict[Annotated[str, Field(max_length=60)], Answer] = Field(default={}, max_length=100)


class FileReport(Shape):
    """The proof that it was handed in."""

    reference: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
    channel: Literal["portal", "email", "hotline", "letter", "fax", "in_person"] = "portal"
    filed_at: Moment | None = None


class Withdraw(Shape):
    """Why it is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class ReportView(View):
    """A report without its content."""

    id: UUID
    incident_id: UUID
    duty_id: UUID
    series: str
    stage: str
    number: int
    form: str
    authority: str
    status: str
    opened_at: datetime
    amended_at: datetime
    version: int
    missing: list[str] = []

    @classmethod
    def of(cls, report: Report) -> "ReportView":
        """The view of a row, with what its stage should know and does not."""
        view = cls.model_validate(report)
        view.missing = list(content_of(report).missing)
        return view


class GapView(View):
    """One answer that is not known yet, and the stage that needs it, with its due time.

    needs: the facts that would answer it; now: whether this very stage should tell it
    """

    name: str
    label: dict[str, str]
    needs: list[str]
    now: bool
    stage: str
    due_at: datetime | None
    is_target: bool


class AnswerView(View):
    """An answer by its name."""

    name: str
    label: dict[str, str]


class ReportGapsView(View):
    """What a report does not tell yet and by when it must; report_id: null if not opened yet.

    to_translate: known, but not in the language that the authority reads (`language`);
    to_review: what stands in for something unknown in the EDPB's template
    """

    report_id: UUID | None
    duty_id: UUID
    rule: str
    series: str
    number: int | None
    stage: str
    form: str
    authority: str
    language: str
    hint: str
    standing: str
    due_at: datetime | None
    is_target: bool
    missing: list[GapView]
    to_translate: list[AnswerView]
    to_review: list[StandIn]

    @classmethod
    def of(cls, found: ReportGaps) -> "ReportGapsView":
        """The view of what was found."""
        report, duty = found.report, found.duty
        return cls(
            report_id=report.id if found.is_open else None,
            duty_id=duty.id,
            rule=duty.rule,
            series=report.series,
            number=report.number if found.is_open else None,
            stage=report.stage,
            form=report.form,
            authority=report.authority,
            language=found.content.locales[0],
            hint=form_named(report.form).hint,
            standing=duty.standing,
            due_at=duty.due_at,
            is_target=duty.is_target,
            missing=[GapView.model_validate(gap) for gap in found.missing],
            to_translate=[AnswerView.model_validate(field) for field in found.to_translate],
            to_review=list(found.to_review),
        )


class FilingView(View):
    """That a report was handed in."""

    id: UUID
    report_id: UUID
    reference: str
    channel: str
    filed_at: datetime
    filed_by: UUID
    sha256: str
    withdrawn_at: datetime | None


class ReportWithContent(ReportView):
    """A report with the filled form and its filings."""

    content: ReportContent
    filings: list[FilingView]


def _view(report: Report, response: Response) -> ReportView:
    etag(response, report.version)
    return ReportView.of(report)


@router.post("/incidents/{incident_id}/reports", status_code=201, **needs(Permission.EDIT_REPORT))
def open_report(
    incident_id: UUID, body: OpenReport, work: OpenWork, response: Response
) -> ReportView:
    """Open the report that a duty asks for, filled from what is known now."""
    return _view(reports.open_report(work, incident_id, body.duty_id), response)


@router.get("/incidents/{incident_id}/reports", **needs(Permission.READ_REPORT))
def list_reports(incident_id: UUID, work: LookWork) -> list[ReportView]:
    """The reports of an incident: series by series, in order."""
    return [ReportView.of(row) for row in reports.of_incident(work, incident_id)]


@router.get("/incidents/{incident_id}/reports/missing", **needs(Permission.READ_REPORT))
def list_missing(incident_id: UUID, work: LookWork) -> list[ReportGapsView]:
    """What every report still to be filed does not tell yet, soonest due first.

    Reports that a duty asks for and nobody has opened are among them.
    """
    return [ReportGapsView.of(found) for found in report_gaps.of_incident(work, incident_id)]


@router.get("/reports/{report_id}/missing", **needs(Permission.READ_REPORT))
def read_missing(report_id: UUID, work: LookWork) -> ReportGapsView:
    """What one report does not tell yet, by when it must, and what to look at before filing."""
    return ReportGapsView.of(report_gaps.of_report(work, report_id))


@router.get("/reports/{report_id}", **needs(Permission.READ_REPORT))
def read_report(report_id: UUID, work: LookWork, response: Response) -> ReportWithContent:
    """One report with its filled form; what is not known yet says so."""
    report = reports.read(work, report_id)
    return ReportWithContent(
        **_view(report, response).model_dump(),
        content=content_of(report),
        filings=[FilingView.model_validate(row) for row in reports.filings(work, report_id)],
    )


@router.get(
    "/reports/{report_id}/pdf",
    response_class=Response,
    **needs(
        Permission.READ_REPORT,
        **{"200": {"description": "The report", "content": {"application/pdf": {}}}},
    ),
)
def print_report(
    report_id: UUID,
    work: LookWork,
    locale: Annotated[str, Query(max_length=20, pattern=r"^[A-Za-z-]*$")] = "",
) -> Response:
    """The report as a PDF: exactly the file that was filed, once it was.

    It is in the authority's language; `locale` asks for another of the form's, to read.
    """
    report = reports.read(work, report_id)
    name = f"{report.series.replace('/', '-')}-{report.number}-{report.stage}.pdf"
    return Response(
        reports.pdf(work, report_id, locale),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@router.get("/reports/{report_id}/edpb", **needs(Permission.READ_REPORT))
def read_edpb(report_id: UUID, work: LookWork) -> dict[str, Any]:
    """A GDPR report as the EDPB's notification template, field by field.

    `/missing` lists what in it only stands in for something unknown.
    """
    return reports.edpb(work, report_id).document


@router.get("/reports/{report_id}/differences", **needs(Permission.READ_REPORT))
def compare_report(report_id: UUID, work: LookWork) -> list[Difference]:
    """What differs from the version before it in its series."""
    return reports.changes(work, report_id)


@router.patch("/reports/{report_id}", **needs(Permission.EDIT_REPORT))
def amend_report(
    report_id: UUID, body: AmendReport, version: IfMatch, work: OpenWork, response: Response
) -> ReportView:
    """Type answers, and take up what became known since it was opened."""
    return _view(reports.amend(work, report_id, version, body.answers), response)


@router.post("/reports/{report_id}/filings", status_code=201, **needs(Permission.FILE_REPORT))
def file_report(report_id: UUID, body: FileReport, version: IfMatch, work: OpenWork) -> FilingView:
    """Record that it was handed in; the duty is met by this evidence."""
    filing = reports.file_report(
        work,
        report_id,
        version,
        reference=body.reference,
        channel=body.channel,
        filed_at=body.filed_at,
    )
    report = reports.read(work, report_id)
    # Clocks that start at a filing may have counted from its latest lawful moment until now.
    review.review(work, report.incident_id, reason=f"a report was filed: {body.reference}")
    return FilingView.model_validate(filing)


@router.post("/reports/{report_id}/withdrawal", **needs(Permission.EDIT_REPORT))
def withdraw_report(
    report_id: UUID, body: Withdraw, version: IfMatch, work: OpenWork, response: Response
) -> ReportView:
    """Take it back; of one that was filed, the reply is the withdrawal to file."""
    report = reports.withdraw(work, report_id, version, body.reason)
    review.review(work, report.incident_id, reason=body.reason)
    return _view(report, response)
