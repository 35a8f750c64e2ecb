"""A report as the paper that is handed in: our letterhead, what follows by when, a drill's mark."""

from collections.abc import Iterator, Sequence

from incidents import typesetting
from incidents.database.duties import Duty, duties_of
from incidents.database.reports import Report
from incidents.errors import NotFound
from incidents.rules import catalogue as law
from incidents.rules.report_content import ReportContent
from incidents.rules.report_forms import STAGES, form_for, form_named, stage_on_form
from incidents.rules.report_gaps import Deadline, Gap, gaps
from incidents.rules.report_text import labels
from incidents.services import facts
from incidents.settings import Settings
from incidents.typesetting import Letterhead
from incidents.work import Work


def typeset(work: Work, report: Report, content: ReportContent, locale: str = "") -> bytes:
    """The report as a PDF, in the authority's language or another of its own."""
    every = duties_of(work.session, report.incident_id)
    own = next(duty for duty in every if duty.id == report.duty_id)
    names = facts.known(work, report.incident_id).get("organisation_name") or {}
    shown = locale or content.locales[0]
    name = names.get(shown) or next(iter(names.values()), work.settings.organisation_name)
    return typesetting.report_pdf(
        content,
        letterhead(work.settings, name),
        shown,
        missing=still_missing(every, own, content),
        drill=report.mode == "drill",
    )


def letterhead(settings: Settings, name: str) -> Letterhead:
    """Who writes, as the settings have it; without the logo when it cannot be read."""
    address = tuple(line.strip() for line in settings.organisation_address.split(";"))
    path = settings.organisation_logo
    if path is None or not path.is_file():
        return Letterhead(name, tuple(filter(None, address)))
    kind = path.suffix.lower().lstrip(".")
    return Letterhead(name, tuple(filter(None, address)), path.read_bytes(), kind)


def still_missing(every: Sequence[Duty], own: Duty, content: ReportContent) -> tuple[Gap, ...]:
    """What the report on a duty does not tell yet, with the due times of its series.

    every  all duties of the incident
    """
    return gaps(content, [_deadline(duty, content.form) for duty in _series(every, own, content)])


def _series(every: Sequence[Duty], own: Duty, content: ReportContent) -> Iterator[Duty]:
    """The duty of this stage, and those of each later one that is still open."""
    rank = STAGES.index(content.stage)
    yield own
    for duty in every:
        if _follows(duty, own) and STAGES.index(stage_on_form(duty.stage)) > rank:
            yield duty


def series_of(rule: str) -> str:
    """The series that a rule's reports belong to: the law that asks for them."""
    try:
        return law.load().law_of(rule).path.removesuffix(".yaml")
    except NotFound:  # a rule of an older pack: a series of its own
        return rule


def _follows(duty: Duty, own: Duty) -> bool:
    """Whether a duty asks for a later report of the same series and form, and still does."""
    return (
        duty.status == "open"
        and duty.standing in ("owed", "unknown")
        and "report_filed" in duty.met_when
        and duty.audience == own.audience
        and series_of(own.rule).startswith(series_of(duty.rule))
        and form_for(duty.rule, duty.audience) == form_for(own.rule, own.audience)
    )


def _deadline(duty: Duty, form_id: str) -> Deadline:
    stage, form = stage_on_form(duty.stage), form_named(form_id)
    ours = {locale: str(labels(locale)["stages"][stage]) for locale in form.locales}
    return Deadline(
        stage=stage,
        name=form.stage_names.get(stage, ours),
        due_at=duty.due_at,
        is_target=duty.is_target,
    )
