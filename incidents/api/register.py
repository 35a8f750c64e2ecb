"""The register of breaches over HTTP, as JSON, CSV or PDF; and HIPAA's annual log."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query, Response

from incidents.api.door import OpenWork, View, needs, router_for
from incidents.rules.permissions import Permission
from incidents.services import register
from incidents.services.register import Form, Wanted

router = router_for("register")

Year = Annotated[int, Query(ge=1990, le=2200)]
Place = Annotated[str, Query(max_length=6, pattern=r"^([A-Z]{2,3}(-[A-Z0-9]{1,3})?)?$")]
Accept = Annotated[str, Header()]
_TYPES: dict[str, Form] = {"application/pdf": "pdf", "text/csv": "csv"}
_MEDIA = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
_FILES: dict[str, Any] = {"200": {"content": {"application/pdf": {}, "text/csv": {}}}}


class MomentView(View):
    """When something happened, and where that is known from."""

    name: str
    at: datetime
    source: str


class AssessedView(View):
    """What a person judged of severity, and why."""

    method: str
    level: str
    by: str
    at: datetime
    why: str


class DecisionView(View):
    """Whether somebody was told, must be, or need not be; and why."""

    rule: str
    title: str
    place: str
    audience: str
    stage: str
    authority: str
    decision: Literal[
        "notified", "owed", "undecided", "recommended", "waived", "no_longer_owed", "not_owed"
    ]
    why: str
    by: str
    at: datetime | None
    due_at: datetime | None
    is_target: bool
    late: bool
    needs: list[str]
    proofs: list[str]
    source: str
    law_version: str


class BreachView(View):
    """One breach: facts, effects, measures, and each decision with its reason."""

    number: str
    mode: str
    kind: str
    title: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    year: int
    moments: list[MomentView]
    nature: str
    cause: str
    data_categories: str
    people_categories: str
    people_count: int | None
    people_by_place: dict[str, int]
    record_count: int | None
    protection: str
    effects: str
    measures_taken: str
    measures_planned: str
    severity: str
    assessments: list[AssessedView]
    authority_notified: bool
    people_notified: bool
    decisions: list[DecisionView]
    not_notified_because: list[str]
    holds: list[str]


class RegisterView(View):
    """The register, oldest breach first."""

    items: list[BreachView]
    total: int


class LoggedView(View):
    """One breach of HIPAA's annual log."""

    number: str
    people_count: int | None
    occurred_at: datetime | None
    discovered_on: date
    nature: str
    cause: str
    information: str
    safeguards_before: str
    actions_taken: str
    people_notified: str
    status: str
    reference: str


class LogView(View):
    """HIPAA's annual log, and until when it is due to the Secretary."""

    year: int
    due_at: datetime
    source: str
    breaches: list[LoggedView]


def _register(work: OpenWork, wanted: Wanted, form: Form) -> RegisterView | Response:
    rows, file = register.export(work, wanted, form)
    if form == "json":
        items = [BreachView.model_validate(row) for row in rows]
        return RegisterView(items=items, total=len(items))
    year = f"-{wanted.year}" if wanted.year else ""
    return _download(file, form, f"register{year}")


def _log(work: OpenWork, year: int, form: Form) -> LogView | Response:
    log, file = register.hipaa_log(work, year, form)
    if form == "json":
        return LogView.model_validate(log)
    return _download(file, form, f"hipaa-log-{year}")


def _download(file: bytes, form: Form, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(file, media_type=_MEDIA[form], headers=named)


def _asked(accept: str) -> Form:
    """The first form in an Accept header that we have; JSON where it names none."""
    types = (part.partition(";")[0].strip() for part in accept.split(","))
    return next((_TYPES.get(one, "json") for one in types if one in _KNOWN), "json")


_KNOWN = {*_TYPES, "application/json"}


@router.get("/register", response_model=RegisterView, **needs(Permission.READ_REPORT, **_FILES))
def read_register(
    work: OpenWork,
    year: Year | None = None,
    place: Place = "",
    notified: bool | None = None,
    drills: Annotated[bool, Query(description="The drills, and nothing else.")] = False,
    accept: Accept = "",
) -> RegisterView | Response:
    """The register of breaches, notified or not; JSON, CSV or PDF as Accept asks."""
    return _register(work, Wanted(year, place, notified, drills), _asked(accept))


@router.get(
    "/register.{form}", response_model=RegisterView, **needs(Permission.READ_REPORT, **_FILES)
)
def download_register(
    form: Form,
    work: OpenWork,
    year: Year | None = None,
    place: Place = "",
    notified: bool | None = None,
    drills: Annotated[bool, Query(description="The drills, and nothing else.")] = False,
) -> RegisterView | Response:
    """The register of breaches in the form that the address names."""
    return _register(work, Wanted(year, place, notified, drills), form)


@router.get(
    "/register/hipaa/{year}.{form}",
    response_model=LogView,
    **needs(Permission.READ_REPORT, **_FILES),
)
def download_hipaa_log(
    year: Annotated[int, Path(ge=1990, le=2200)], form: Form, work: OpenWork
) -> LogView | Response:
    """HIPAA's log of a year: breaches of fewer than 500 people, due 60 days after its end."""
    return _log(work, year, form)
