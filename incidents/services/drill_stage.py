"""The stage that a drill is played on: its own clock, its own team, and only the sandbox.

A stage is an office like any other, with three things exchanged: a clock that is set forward,
a bell that nobody hears, and routes that know no courier but the sandbox.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from incidents.clock import SetClock
from incidents.database import drills as rows
from incidents.database.alarm_clocks import next_ring
from incidents.database.incidents import Incident
from incidents.rules.drill_score import Participant
from incidents.rules.permissions import Role
from incidents.services import alarms, campaign_tending, receipts, review, sending
from incidents.services.drill_sandbox import DrillSandbox
from incidents.work import TOCSIN, Actor, Office, SilentBell, Work
from notifiers.dispatch import Dispatch
from notifiers.paging import Contact, Page, Paged
from playbooks.scenario import Scenario

ROUTES = {"drill": dict.fromkeys(("email", "sms", "push", "call", "letter"), "sandbox")}
WHY = "learned in the drill"
_SHORTEST_STEP = timedelta(minutes=1)
_MOST_ROUNDS = 1_000
_TEAM = UUID("5d2c1c1e-0000-8000-8000-000000000000")


def member(role: str) -> Actor:
    """The invented person who bears a role in every drill; they can touch drills only."""
    name = f"drill {role.replace('_', ' ')}"
    return replace(Actor.with_roles(uuid5(_TEAM, role), name, Role(role)), drills_only=True)


class StagePager:
    """Takes every alarm of a drill and wakes nobody; what it said stands in the rows."""

    channel = "sandbox"

    def page(self, to: Contact, page: Page) -> Paged:
        """Take it."""
        return Paged(self.channel, "accepted", "a drill: nobody was woken")


@dataclass(slots=True)
class Stage:
    """One drill while it is being played.

    milestones  moves of the lifecycle, when they were made
    refused     what a role was not allowed or not able to do
    acts        role -> when its bearer acted
    """

    office: Office
    clock: SetClock
    dispatch: Dispatch
    sandbox: DrillSandbox
    scenario: Scenario
    people: int
    seed: int
    start: datetime
    incident_id: UUID
    milestones: dict[str, datetime] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    acts: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def work(self, role: str) -> Work:
        """A piece of work of whoever bears a role; it counts as taking part."""
        self.took_part(role)
        return self.office.work(member(role))

    def took_part(self, role: str) -> None:
        """Keep that whoever bears a role acted now."""
        self.acts[role].append(self.clock.now())

    def participants(self) -> list[Participant]:
        """Who took part, how often and for how long."""
        return [
            Participant(
                role=role,
                name=member(role).name,
                acts=len(moments),
                first_at=moments[0],
                last_at=moments[-1],
            )
            for role, moments in sorted(self.acts.items())
        ]


def set_up(office: Office, scenario: Scenario, people: int, seed: int) -> Stage:
    """A stage for a scenario, in an office; its incident is opened later."""
    start = office.clock.now()
    clock = SetClock(start)
    sandbox = DrillSandbox(scenario.faults, clock, start, seed)
    routes: Mapping[str, Mapping[str, str]] = ROUTES
    return Stage(
        office=replace(office, clock=clock, bell=SilentBell(), routes=routes),
        clock=clock,
        dispatch=Dispatch([sandbox]),
        sandbox=sandbox,
        scenario=scenario,
        people=people,
        seed=seed,
        start=start,
        incident_id=UUID(int=0),
    )


def go_to(stage: Stage, moment: datetime) -> None:
    """Let time pass until a moment; on the way, whatever waits for its time gets it."""
    while (soon := _next_moment(stage)) is not None and soon < moment:
        stage.clock.set(max(soon, stage.clock.now() + _SHORTEST_STEP))
        settle(stage)
    stage.clock.set(max(moment, stage.clock.now()))
    settle(stage)


def settle(stage: Stage) -> None:
    """Send, listen, look after campaigns until nothing changes; ring; look at what is owed."""
    moved = False
    for _ in range(_MOST_ROUNDS):
        sent = sending.pump(stage.office, stage.dispatch, mode="drill")
        heard = _hear(stage)
        changed = campaign_tending.tend(stage.office, stage.dispatch, mode="drill")
        if not (sent or heard or changed):
            break
        moved = True
    alarms.ring_due(stage.office, lambda _mode: (StagePager(),), only=stage.incident_id)
    with stage.office.work(TOCSIN) as work:
        if moved or work.session.get_one(Incident, stage.incident_id).review_due:
            review.review(work, stage.incident_id)


def _hear(stage: Stage) -> int:
    owed = stage.sandbox.due()
    if not owed:
        return 0
    with stage.office.work(TOCSIN) as work:
        return receipts.fold(work, stage.sandbox.name, owed)


def _next_moment(stage: Stage) -> datetime | None:
    with stage.office.look(TOCSIN) as work:
        waits = rows.next_moment(work.session, stage.incident_id)
        rings = next_ring(work.session, stage.incident_id)
    return min((one for one in (waits, rings, stage.sandbox.next_due()) if one), default=None)
