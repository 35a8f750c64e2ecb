"""Opt-outs over HTTP: which addresses are closed to what; masked, and never in a URL."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from pydantic import Field

from incidents.api.door import (
    CurrentActor,
    CurrentOffice,
    LookWork,
    OpenWork,
    Page,
    Shape,
    View,
    WantedPage,
    needs,
    router_for,
)
from incidents.api.shapes import Moment
from incidents.api.uploads import needs_csv, stream_csv
from incidents.database.suppressions import Suppression
from incidents.rules.ladder import BARRED
from incidents.rules.permissions import Permission
from incidents.rules.suppression_csv import COLUMNS
from incidents.services import suppression_import, suppressions
from incidents.services.suppression_import import MOST_LISTED
from incidents.services.suppressions import Asked
from incidents.work import Work

router = router_for("suppressions")

Kind = Literal["", "email", "phone", "push", "post"]
Reason = Literal["stop", "push_opt_out", "hard_bounce", "complaint", "do_not_contact", "marketing"]
Address = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]*$")]
_EXAMPLE = "address,kind,reason,until\nada@example.com,email,do_not_contact,\n"


class AddSuppression(Shape):
    """Why an address is not to be used; kind may be left out for e-mail and phone."""

    address: Address
    reason: Reason
    kind: Kind = ""
    until: Moment | None = None


class FindSuppression(Shape):
    """An address to look for; a search is a write, so that no address stands in a URL."""

    address: Address
    kind: Kind = ""


class SuppressionView(View):
    """One reason not to use one address, which is masked."""

    id: UUID
    address: str
    kind: str
    reason: str
    closes: list[str] = Field(description="Channels that it closes; marketing closes none.")
    since: datetime
    until: datetime | None
    source: str = Field(description="person, list, or the name of the provider that said so.")
    added_by: UUID
    lifted_at: datetime | None
    lifted_by: UUID | None


class RejectView(View):
    """A line that could not be used."""

    line: int
    column: str
    reason: str


class TakenView(View):
    """What came of a list."""

    read_count: int
    added_count: int
    known_count: int = Field(description="Lines that stood already, and were left as they are.")
    rejected_count: int
    rejects: list[RejectView] = Field(description=f"The first {MOST_LISTED}.")


@router.get("/suppressions", **needs(Permission.READ_SUPPRESSION))
def list_suppressions(
    work: LookWork, page: WantedPage, reason: Reason | None = None, lifted: bool = False
) -> Page[SuppressionView]:
    """The opt-outs that stand, or those that were lifted; latest first."""
    query = suppressions.find(work, reason=reason or "", lifted=lifted)
    found, total, following = page.rows(work.session, query, Suppression.id.desc())
    return Page(items=_views(work, found), total=total, next=following)


@router.post("/suppressions", status_code=201, **needs(Permission.CHANGE_SUPPRESSION))
def add_suppression(body: AddSuppression, work: OpenWork) -> SuppressionView:
    """Close an address. Whoever waits to be written to there is moved on at once."""
    asked = Asked(body.address, body.reason, body.kind, body.until)
    return _views(work, [suppressions.add(work, asked)])[0]


@router.post("/suppressions/search", **needs(Permission.READ_SUPPRESSION))
def search_suppressions(body: FindSuppression, work: LookWork) -> list[SuppressionView]:
    """What stands for exactly this address."""
    return _views(work, list(suppressions.of_address(work, body.address, body.kind)))


@router.post(
    "/suppressions/import",
    **needs_csv(
        Permission.CHANGE_SUPPRESSION,
        f"A CSV with a header: {', '.join(COLUMNS)}; kind and until may be left out.",
        _EXAMPLE,
    ),
)
async def import_suppressions(
    request: Request, actor: CurrentActor, office: CurrentOffice
) -> TakenView:
    """Close every address of a list of any size; it may be sent again without harm."""
    taken = await stream_csv(
        request, lambda chunks: suppression_import.import_list(office, actor, chunks)
    )
    request.state.work = office.work(actor)  # the door keeps the answer for its Idempotency-Key
    return TakenView.model_validate(taken)


@router.get("/suppressions/{suppression_id}", **needs(Permission.READ_SUPPRESSION))
def read_suppression(suppression_id: UUID, work: LookWork) -> SuppressionView:
    """One opt-out."""
    return _views(work, [suppressions.read(work, suppression_id)])[0]


@router.delete("/suppressions/{suppression_id}", **needs(Permission.CHANGE_SUPPRESSION))
def lift_suppression(suppression_id: UUID, work: OpenWork) -> SuppressionView:
    """Lift an opt-out; it stays on record."""
    return _views(work, [suppressions.lift(work, suppression_id)])[0]


def _views(work: Work, found: list[Suppression]) -> list[SuppressionView]:
    shown = suppressions.masks(work, found)
    names = SuppressionView.model_fields.keys() - {"address", "closes"}
    return [
        SuppressionView(
            **{name: getattr(row, name) for name in names},
            address=shown[row.id],
            closes=[channel for channel, bit in BARRED.items() if row.bars & bit],
        )
        for row in found
    ]
