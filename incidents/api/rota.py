"""Rotas over HTTP: who is on duty, whose turn comes when, who stands in, calendars."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from incidents.api.door import (
    IfMatch,
    LookWork,
    OpenWork,
    Shape,
    View,
    etag,
    needs,
    router_for,
)
from incidents.api.shapes import Line, Moment, Words
from incidents.database.rota import Rota, RotaTurn
from incidents.errors import InvalidInput, Problem
from incidents.rules.permissions import Permission
from incidents.services import rota, rota_plan, rota_turns
from incidents.services.rota_plan import Round
from incidents.work import Work

router = router_for("rota")

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
LONGEST = timedelta(days=366)
Level = Annotated[int, Field(ge=0, le=rota_plan.MOST_LEVELS - 1, description="0 is woken first.")]
RotaName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class RoundBody(Shape):
    """The turns of a rota: whose, in what order, how long, and when they are handed over."""

    zone: Words
    handover: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    days: Annotated[int, Field(ge=1, le=366, description="Length of a turn; 7 is a week.")] = 7
    levels: Annotated[
        list[Annotated[list[Line], Field(max_length=rota_plan.MOST_PEOPLE)]],
        Field(
            min_length=1,
            max_length=rota_plan.MOST_LEVELS,
            description="Names of users in order, for each level; the first level is woken first.",
        ),
    ]
    starts_on: Annotated[
        date | None,
        Field(ge=date(2000, 1, 1), le=date(2200, 1, 1), description="Day of the first handover."),
    ] = None
    weekday: Annotated[
        Weekday | None, Field(description="Day of the handover, for turns of weeks.")
    ] = None

    def round(self) -> Round:
        """The same for the service."""
        weekday = WEEKDAYS.index(self.weekday) if self.weekday else None
        handover = time.fromisoformat(self.handover)
        return Round(self.zone, handover, self.days, self.levels, self.starts_on, weekday)


class NewRota(RoundBody):
    """A new rota."""

    name: RotaName


class NewOverride(Shape):
    """Somebody who stands in, by name."""

    person: Line
    starts_at: Moment
    ends_at: Moment
    reason: Words = ""
    level: Level = 0


class CalendarFile(Shape):
    """An iCalendar file with the turns of one level.

    names  what the calendar calls people (a name, an address) -> a user's name
    """

    calendar: Annotated[str, Field(max_length=900_000, pattern=r"^[^\x00]*$")]
    level: Level = 0
    names: Annotated[dict[Line, Line], Field(max_length=200)] = {}


class PersonView(View):
    """A user by name."""

    id: UUID
    name: str


class RotaView(BaseModel):
    """A rota."""

    id: UUID
    name: str
    zone: str
    starts_on: date
    handover: str
    days: int
    levels: list[list[PersonView]]
    version: int


class OverrideView(BaseModel):
    """Somebody who stands in."""

    id: UUID
    rota_id: UUID
    level: int
    person: PersonView
    starts_at: datetime
    ends_at: datetime
    reason: str


class WarningView(View):
    """What will go wrong with being on duty, if nobody mends it."""

    code: str
    start: datetime
    until: datetime
    text: str


class RotasView(BaseModel):
    """Every rota, who stands in now and later, and what will go wrong within two weeks."""

    rotas: list[RotaView]
    overrides: list[OverrideView]
    warnings: list[WarningView]


class OnDutyView(View):
    """Somebody on duty; `by` says why: rota, calendar, override, or fallback for want of others."""

    user_id: UUID
    name: str
    level: int
    by: str
    reachable_by: list[str]


class NowView(BaseModel):
    """Who is on duty at a moment, those woken first at the front."""

    at: datetime
    people: list[OnDutyView]


class TurnView(View):
    """Who is on duty from a moment until before another."""

    start: datetime
    until: datetime
    on_duty: list[OnDutyView]


class ImportedView(BaseModel):
    """How many turns of a calendar lie ahead."""

    turns: int


@router.get("/rota", **needs(Permission.READ_ROTA))
def list_rotas(work: LookWork) -> RotasView:
    """Every rota, who stands in, and what will go wrong."""
    return RotasView(
        rotas=[_rota(work, one) for one in rota_plan.rotas(work)],
        overrides=_overrides(work, rota_turns.overrides(work)),
        warnings=[WarningView.model_validate(one) for one in rota.warnings(work)],
    )


@router.get("/rota/on-duty", **needs(Permission.READ_ROTA))
def read_on_duty(work: LookWork, at: Annotated[Moment | None, Query()] = None) -> NowView:
    """Who is on duty now, or at a moment?"""
    moment = at or work.now
    people = rota.who(work, moment)
    return NowView(at=moment, people=[OnDutyView.model_validate(one) for one in people])


@router.get("/rota/turns", **needs(Permission.READ_ROTA))
def list_turns(
    work: LookWork,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
    name: Annotated[str, Query(max_length=100, description="Of one rota; empty: all.")] = "",
) -> list[TurnView]:
    """Who is on duty when; four weeks from now unless said otherwise."""
    start = since or work.now
    end = until or start + timedelta(weeks=4)
    if not start < end <= start + LONGEST:
        why = Problem("until", "does not come within a year after since", "give a nearer one")
        raise InvalidInput("turns are told for up to a year", why)
    return [TurnView.model_validate(one) for one in rota.plan(work, start, end, name)]


@router.post("/rota", status_code=201, **needs(Permission.MANAGE_ROTA))
def create_rota(body: NewRota, response: Response, work: OpenWork) -> RotaView:
    """Make a rota."""
    made = rota_plan.create(work, body.name, body.round())
    etag(response, made.version)
    return _rota(work, made)


@router.get("/rota/{rota_id}", **needs(Permission.READ_ROTA))
def read_rota(rota_id: UUID, response: Response, work: LookWork) -> RotaView:
    """One rota."""
    found = rota_plan.get_rota(work, rota_id)
    etag(response, found.version)
    return _rota(work, found)


@router.put("/rota/{rota_id}", **needs(Permission.MANAGE_ROTA))
def amend_rota(
    rota_id: UUID, body: RoundBody, version: IfMatch, response: Response, work: OpenWork
) -> RotaView:
    """Put other turns in the place of a rota's own; who stands in and calendars stay."""
    amended = rota_plan.amend(work, rota_id, body.round(), read_version=version)
    etag(response, amended.version)
    return _rota(work, amended)


@router.delete("/rota/{rota_id}", status_code=204, **needs(Permission.MANAGE_ROTA))
def end_rota(rota_id: UUID, work: OpenWork) -> None:
    """Remove a rota with all its turns."""
    rota_plan.end(work, rota_id)


@router.post("/rota/{rota_id}/overrides", status_code=201, **needs(Permission.MANAGE_ROTA))
def add_override(rota_id: UUID, body: NewOverride, work: OpenWork) -> OverrideView:
    """Let somebody stand in, whatever rota and calendar say."""
    turn = rota_turns.override(
        work,
        rota_id,
        body.person,
        body.starts_at,
        body.ends_at,
        reason=body.reason,
        level=body.level,
    )
    return _overrides(work, [turn])[0]


@router.delete("/rota/overrides/{override_id}", status_code=204, **needs(Permission.MANAGE_ROTA))
def drop_override(override_id: UUID, work: OpenWork) -> None:
    """Take back that somebody stands in."""
    rota_turns.restore(work, override_id)


@router.post("/rota/{rota_id}/calendar", **needs(Permission.MANAGE_ROTA))
def import_calendar(rota_id: UUID, body: CalendarFile, work: OpenWork) -> ImportedView:
    """Take the turns of one level out of an iCalendar file, whole or not at all."""
    turns = rota_turns.import_calendar(
        work, rota_id, body.calendar, level=body.level, also=body.names
    )
    return ImportedView(turns=turns)


def _rota(work: Work, one: Rota) -> RotaView:
    names = rota_plan.names_of(work, [user for level in one.levels for user in level])
    return RotaView(
        id=one.id,
        name=one.name,
        zone=one.zone,
        starts_on=one.starts_on,
        handover=f"{one.handover:%H:%M}",
        days=one.days,
        levels=[
            [PersonView(id=UUID(user), name=names[user]) for user in level] for level in one.levels
        ],
        version=one.version,
    )


def _overrides(work: Work, turns: Sequence[RotaTurn]) -> list[OverrideView]:
    names = rota_plan.names_of(work, [str(turn.user_id) for turn in turns])
    return [
        OverrideView(
            id=turn.id,
            rota_id=turn.rota_id,
            level=turn.level,
            person=PersonView(id=turn.user_id, name=names[str(turn.user_id)]),
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
            reason=turn.reason,
        )
        for turn in turns
    ]
