"""Drills: a scenario played through everything that a real breach would go through.

Nothing here asks whether it is a drill. What makes it one are the rows (mode `drill`, kept
apart by the database), the people (invented here), the team (which sees drills only) and the
stage (whose only courier is the sandbox).
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.database import drills as rows
from incidents.database.drills import Drill
from incidents.database.tasks import runs_of
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.drill_mark import mark_line
from incidents.rules.drill_score import Change, Scorecard, compare, score
from incidents.rules.permissions import Permission
from incidents.services import incidents, playbook_runs, timeline
from incidents.services.drill_play import Progress, clear_away, play
from incidents.services.drill_record import record_of
from incidents.services.drill_stage import Stage, set_up
from incidents.services.lookup import get_of_incident
from incidents.work import Actor, Office, Work, require
from playbooks.scenario import Scenario, load_scenarios

# A drill that was not heard of for so long was broken off.
SILENT = timedelta(minutes=5)


def scenarios(work: Work) -> Mapping[str, Scenario]:
    """Every scenario there is, by its id."""
    require(work.actor, Permission.READ_INCIDENT)
    return load_scenarios()


def run(
    office: Office,
    actor: Actor,
    scenario: str | Scenario,
    *,
    people: int | None = None,
    seed: int = 0,
    on_progress: Progress = lambda share, what: None,
) -> Drill:
    """Play a scenario from its opening to its end, score it, and keep the score.

    office       as any; its own clock and couriers are not used for anything that is played
    scenario     the id of one of ours, or one read from elsewhere
    people       how many to invent; as many as the scenario says, if not given
    on_progress  is told the share of the time that has passed, and what comes next
    Raises       NotFound  no such scenario; Conflict  another drill is being played
    """
    require(actor, Permission.RUN_DRILL)
    chosen = _scenario(scenario)
    stage = set_up(office, chosen, _checked(people or chosen.population.size), seed)
    drill_id = _open(stage, actor)
    try:
        play(stage, _seen(office, actor, drill_id, on_progress))
        card = score(chosen.expectations, record_of(stage, actor))
        clear_away(stage)
        return _finish(stage, office, actor, drill_id, card)
    except BaseException:
        _break_off(office, actor, drill_id)
        raise
    finally:
        stage.dispatch.close()


def _scenario(name: str | Scenario) -> Scenario:
    found = name if isinstance(name, Scenario) else load_scenarios().get(name)
    if found is None:
        raise NotFound(f"there is no scenario {name!r}; there are {', '.join(load_scenarios())}")
    return found


def _checked(people: int) -> int:
    if not 1 <= people <= 1_000_000:
        raise InvalidInput(
            "so many people cannot be invented",
            Problem("people", f"is {people:,}", "from 1 to 1,000,000"),
        )
    return people


def _open(stage: Stage, actor: Actor) -> UUID:
    scenario = stage.scenario
    with stage.office.work(actor) as work:
        wall = stage.start
        if rows.drill_under_way(work.session, wall - SILENT):
            raise Conflict("another drill is being played here; wait until it has ended")
        incident = incidents.open_incident(
            work,
            title=mark_line("en", scenario.opening.title),
            kind=scenario.kind,
            mode="drill",
            facts=scenario.opening_facts(stage.start),
            source=f"opening of {scenario.id}",
        )
        stage.incident_id = incident.id
        if scenario.playbook not in {run.playbook for run in runs_of(work.session, incident.id)}:
            playbook_runs.start(work, incident.id, scenario.playbook)
        drill = Drill(
            incident_id=incident.id,
            scenario=scenario.id,
            sha256=_hash(scenario),
            seed=stage.seed,
            people=stage.people,
            run_by=actor.id,
            started_at=wall,
            seen_at=wall,
            played_from=stage.start,
        )
        work.session.add(drill)
        work.session.flush()
        _tell(work, "drill.start", drill)
        timeline.note(work, incident.id, "drill", f"Drill: {scenario.title}")
        return drill.id


def _hash(scenario: Scenario) -> str:
    return hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()


def _seen(office: Office, actor: Actor, drill_id: UUID, on_progress: Progress) -> Progress:
    """The same progress, told to the drill's row too: it is known to be alive."""

    def tell(share: float, what: str) -> None:
        with office.work(actor) as work:
            work.session.get_one(Drill, drill_id).seen_at = work.now
        on_progress(share, what)

    return tell


def _break_off(office: Office, actor: Actor, drill_id: UUID) -> None:
    """Let the next one begin: a drill that ended without a score was broken off."""
    with office.work(actor) as work:
        work.session.get_one(Drill, drill_id).finished_at = work.now


def _finish(stage: Stage, office: Office, actor: Actor, drill_id: UUID, card: Scorecard) -> Drill:
    with stage.office.work(actor) as work:
        passed = sum(mark.passed for mark in card.marks)
        told = f"Drill scored: {card.percent} %, {passed} of {len(card.marks)} expectations met"
        timeline.note(work, stage.incident_id, "drill", told)
    with office.work(actor) as work:
        drill = work.session.get_one(Drill, drill_id)
        drill.finished_at = drill.seen_at = work.now
        drill.played_to = stage.clock.now()
        drill.participants = [one.model_dump(mode="json") for one in card.participants]
        drill.score = card.model_dump(mode="json")
        marks = {"passed": passed, "failed": len(card.marks) - passed}
        _tell(work, "drill.finish", drill, score=card.percent, marks=marks)
        return drill


def find(work: Work, *, scenario: str = "") -> Select[Drill]:
    """A query for the drills that were run."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.drills(scenario)


def read(work: Work, drill_id: UUID) -> Drill:
    """One drill."""
    require(work.actor, Permission.READ_INCIDENT)
    return get_of_incident(work, Drill, drill_id, "drill")


def scorecard(work: Work, drill_id: UUID) -> Scorecard:
    """The score of a drill. Raises Conflict while there is none."""
    require(work.actor, Permission.READ_INCIDENT)
    drill = get_of_incident(work, Drill, drill_id, "drill")
    if not drill.score:
        raise Conflict("this drill has no score: it is still being played, or was broken off")
    return Scorecard.model_validate(drill.score)


def changes(work: Work, drill_id: UUID) -> list[Change] | None:
    """What differs from the last run of the same scenario; None when this is the first."""
    require(work.actor, Permission.READ_INCIDENT)
    drill = get_of_incident(work, Drill, drill_id, "drill")
    before = rows.drill_before(work.session, drill)
    if before is None:
        return None
    return compare(Scorecard.model_validate(before.score), scorecard(work, drill_id))


def _tell(work: Work, kind: str, drill: Drill, **detail: Any) -> None:
    audit.record(
        work,
        kind,
        incident_id=drill.incident_id,
        subject_type="drill",
        subject_id=drill.id,
        scenario=drill.scenario,
        version=drill.sha256,
        people=drill.people,
        **detail,
    )
