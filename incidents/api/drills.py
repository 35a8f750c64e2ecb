"""Drills over HTTP: what was played, how well it went, and what each person would have received."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from incidents.api.door import LookWork, Page, View, WantedPage, needs, router_for
from incidents.database.drills import Drill
from incidents.rules.drill_score import Change
from incidents.rules.permissions import Permission
from incidents.services import drill_outbox, drills

router = router_for("drills")


class ScenarioView(View):
    """A scenario that can be played."""

    id: str
    title: str
    summary: str
    kind: str
    lasts_hours: float
    people: int


class DrillView(View):
    """One run of one scenario; `percent` of its expectations were met, null while it is played."""

    id: UUID
    incident_id: UUID
    scenario: str
    sha256: str
    seed: int
    people: int
    started_at: datetime
    finished_at: datetime | None
    played_from: datetime
    played_to: datetime | None
    percent: int | None

    @classmethod
    def of(cls, drill: Drill) -> "DrillView":
        """The view of a row."""
        kept = {name: getattr(drill, name) for name in cls.model_fields if name != "percent"}
        return cls(**kept, percent=drill.score.get("percent"))


class DrillWithScore(DrillView):
    """A drill with its score, who took part, and what differs from the last run."""

    participants: list[Any]
    score: dict[str, Any]
    changes: list[Change] | None


class MessageView(View):
    """One message of the sandbox outbox; `is_proven`: made again, it has the committed hash."""

    person: UUID
    name: str
    address: str
    place: str
    channel: str
    rung: int
    locale: str
    sent_at: datetime | None
    became: str
    subject: str
    text: str
    html: str
    reference: str
    sha256: str
    is_proven: bool


@router.get("/drill-scenarios", **needs(Permission.READ_INCIDENT))
def list_scenarios(work: LookWork) -> list[ScenarioView]:
    """Every scenario that can be played."""
    return [
        ScenarioView(
            id=one.id,
            title=one.title,
            summary=one.summary,
            kind=one.kind,
            lasts_hours=one.lasts.total_seconds() / 3600,
            people=one.population.size,
        )
        for one in drills.scenarios(work).values()
    ]


@router.get("/drills", **needs(Permission.READ_INCIDENT))
def list_drills(
    work: LookWork,
    page: WantedPage,
    scenario: Annotated[str, Query(max_length=60, pattern=r"^[a-z0-9-]*$")] = "",
) -> Page[DrillView]:
    """The drills that were run, newest first."""
    query = drills.find(work, scenario=scenario)
    found, total, following = page.rows(work.session, query, Drill.id.desc())
    return Page(items=[DrillView.of(one) for one in found], total=total, next=following)


@router.get("/drills/{drill_id}", **needs(Permission.READ_INCIDENT))
def read_drill(drill_id: UUID, work: LookWork) -> DrillWithScore:
    """One drill: its score, who took part, and what differs from the last run."""
    drill = drills.read(work, drill_id)
    changes = drills.changes(work, drill_id) if drill.score else None
    return DrillWithScore(
        **DrillView.of(drill).model_dump(),
        participants=drill.participants,
        score=drill.score,
        changes=changes,
    )


@router.get("/drills/{drill_id}/outbox", **needs(Permission.READ_CAMPAIGN))
def read_outbox(
    drill_id: UUID,
    work: LookWork,
    page: WantedPage,
    person: Annotated[int | None, Query(ge=1, le=9_999_999)] = None,
    channel: Annotated[str, Query(max_length=20, pattern=r"^[a-z]*$")] = "",
) -> Page[MessageView]:
    """What each invented person would have received, made again and proved."""
    found, total = drill_outbox.messages(
        work, drill_id, person=person, channel=channel, limit=page.limit, offset=page.offset
    )
    items = [MessageView.model_validate(one) for one in found]
    return Page(items=items, total=total, next=page.next(total))
