"""The affected people of an incident, by API: a list streamed in, counts out, never a person."""

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
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
from incidents.api.uploads import needs_csv, stream_csv
from incidents.database.imports import PopulationImport
from incidents.rules.people import COLUMNS
from incidents.rules.permissions import Permission
from incidents.services import population
from incidents.services.population_batches import MOST_LISTED
from incidents.services.reachability import coverage

router = router_for("population")

_EXAMPLE = "ref,name,email,phone,locale,place\n17,Ada Example,ada@example.com,,en,GB\n"


class ImportView(View):
    """One list that was taken in, and what came of its lines."""

    id: UUID
    incident_id: UUID
    status: str = Field(description="running, done or failed; of a failed one nobody was added.")
    started_at: datetime
    finished_at: datetime | None
    read_count: int = Field(description="Lines read, without header and empty lines.")
    added_count: int = Field(description="People added.")
    duplicate_count: int = Field(description="Lines whose person was there already.")
    rejected_count: int = Field(
        description="Lines that name nobody or cannot be read; nothing of them was taken."
    )
    flawed_count: int = Field(description="People added without a value that was not usable.")
    by_reason: dict[str, int] = Field(description="column.reason to how often; all are counted.")
    reason: str = Field(description="Why it failed; else empty.")
    rejects: str = Field(
        description=f"Where to read line, column and reason of the first {MOST_LISTED:,}."
    )

    @classmethod
    def of(cls, row: PopulationImport) -> "ImportView":
        """The view of a row."""
        names = (name for name in cls.model_fields if name != "rejects")
        return cls(
            **{name: getattr(row, name) for name in names},
            rejects=f"/api/v1/population-imports/{row.id}/rejects",
        )


class ChannelView(View):
    """How many people have an address for a channel, and what to do about the others."""

    people: int
    verdict: str


class CoverageView(View):
    """How the affected people can be reached."""

    people: int
    channels: dict[str, ChannelView]
    unreachable: int = Field(description="People without any address.")
    unreachable_verdict: str
    by_place: dict[str, int] = Field(description="ISO 3166 place to people; ZZ: not known.")
    by_locale: dict[str, int]
    flawed: int
    shared_mailboxes: int = Field(description="E-mail addresses that several people have.")
    shared_phones: int = Field(description="Telephone numbers that several people have.")
    most_at_one: int = Field(description="The most people at one of either; very many: a mistake?")
    importing: bool = Field(description="A list is coming in; its people do not count yet.")


class Withholding(Shape):
    """Whom to send nothing, and why."""

    refs: list[str] = Field(min_length=1, max_length=10_000, description="As on the list.")
    reason: str = Field(
        max_length=40, description="A word such as police_hold; empty: let them go again."
    )


class Withheld(View):
    """How many people it concerned."""

    people: int


_COLUMNS = f"A CSV with a header: {', '.join(COLUMNS)}, own fields."


@router.post(
    "/incidents/{incident_id}/population",
    status_code=201,
    **needs_csv(Permission.IMPORT_POPULATION, _COLUMNS, _EXAMPLE),
)
async def import_population(
    incident_id: UUID, request: Request, actor: CurrentActor, office: CurrentOffice
) -> ImportView:
    """Import affected people from a CSV of any size; nobody is added unless the list is whole."""
    row = await stream_csv(
        request, lambda chunks: population.import_people(office, actor, incident_id, chunks)
    )
    request.state.work = office.work(actor)  # the door keeps the answer for its Idempotency-Key
    return ImportView.of(row)


@router.get("/incidents/{incident_id}/population", **needs(Permission.READ_POPULATION))
def read_population(incident_id: UUID, work: LookWork) -> CoverageView:
    """How many people are affected, and who can be reached by what."""
    return CoverageView.model_validate(coverage(work, incident_id))


@router.get("/incidents/{incident_id}/population/imports", **needs(Permission.READ_POPULATION))
def list_imports(incident_id: UUID, work: LookWork, page: WantedPage) -> Page[ImportView]:
    """The lists that were taken in, latest first."""
    query = population.imports_of(work, incident_id)
    found, total, following = page.rows(work.session, query, PopulationImport.id.desc())
    return Page(items=[ImportView.of(row) for row in found], total=total, next=following)


@router.post("/incidents/{incident_id}/population/withheld", **needs(Permission.IMPORT_POPULATION))
def withhold_people(incident_id: UUID, asked: Withholding, work: OpenWork) -> Withheld:
    """Send nothing to some people: a police hold, their safety."""
    return Withheld(people=population.withhold(work, incident_id, asked.refs, asked.reason))


@router.get("/population-imports/{import_id}", **needs(Permission.READ_POPULATION))
def read_import(import_id: UUID, work: LookWork) -> ImportView:
    """One list that was taken in."""
    return ImportView.of(population.get_import(work, import_id))


@router.get(
    "/population-imports/{import_id}/rejects",
    response_class=Response,
    **needs(Permission.READ_POPULATION, **{"200": {"content": {"text/csv": {}}}}),
)
def read_rejects(import_id: UUID, work: LookWork) -> Response:
    """What could not be used, as CSV: line, column, reason; none of the values."""
    text = "".join(population.rejections(work, import_id))
    named = {"Content-Disposition": f'attachment; filename="rejects-{import_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)
