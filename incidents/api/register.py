"""The register of breaches over HTTP, as JSON, CSV or PDF; and HIPAA's annual log."""

from typing import Annotated, Any

from fastapi import Header, Path, Query, Response

from incidents.api.door import OpenWork, View, needs, router_for
from incidents.rules.hipaa_log import Log
from incidents.rules.permissions import Permission
from incidents.rules.register import Row
from incidents.services import register
from incidents.services.register import Form, Wanted

router = router_for("register")

Year = Annotated[int, Query(ge=1990, le=2200)]
Place = Annotated[str, Query(max_length=6, pattern=r"^([A-Z]{2,3}(-[A-Z0-9]{1,3})?)?$")]
Accept = Annotated[str, Header()]
_TYPES: dict[str, Form] = {"application/pdf": "pdf", "text/csv": "csv"}
_MEDIA = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
_FILES: dict[str, Any] = {"200": {"content": {"application/pdf": {}, "text/csv": {}}}}


class RegisterView(View):
    """The register, oldest breach first."""

    items: list[Row]
    total: int


def _register(work: OpenWork, wanted: Wanted, form: Form) -> RegisterView | Response:
    rows, file = register.export(work, wanted, form)
    if form == "json":
        return RegisterView(items=list(rows), total=len(rows))
    year = f"-{wanted.year}" if wanted.year else ""
    return _download(file, form, f"register{year}")


def _log(work: OpenWork, year: int, form: Form) -> Log | Response:
    log, file = register.hipaa_log(work, year, form)
    if form == "json":
        return log
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
    response_model=Log,
    **needs(Permission.READ_REPORT, **_FILES),
)
def download_hipaa_log(
    year: Annotated[int, Path(ge=1990, le=2200)], form: Form, work: OpenWork
) -> Log | Response:
    """HIPAA's log of a year: breaches of fewer than 500 people, due 60 days after its end."""
    return _log(work, year, form)
