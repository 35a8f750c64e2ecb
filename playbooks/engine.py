"""What is to be done now, from the plan, the facts and what is done: pure, the same every time."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime

from playbooks.conditions import Verdict
from playbooks.errors import PlaybookError
from playbooks.linter import Finding, lint
from playbooks.playbook import AskFact, Due, Playbook, Shape, Step

Moments = Mapping[str, datetime]
Facts = Mapping[str, Any]


class StepState(StrEnum):
    """Where a step is; the states of a task."""

    WAITING = "waiting"
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"


PASSED = frozenset({StepState.DONE, StepState.SKIPPED, StepState.NOT_APPLICABLE})
BEGUN = frozenset({StepState.IN_PROGRESS, StepState.DONE, StepState.SKIPPED})
Move = Literal["ready", "wait", "drop", "complete"]
_MOVES: Mapping[StepState, Move] = {
    StepState.OPEN: "ready",
    StepState.WAITING: "wait",
    StepState.NOT_APPLICABLE: "drop",
    StepState.DONE: "complete",
}
_ALWAYS = Verdict(True, ("always done",))


class Snapshot(Shape):
    """A playbook as it stood when the run started: later editions do not touch it.

    moments  those known at the start, `started_at` among them
    """

    playbook: Playbook
    sha256: str
    moments: dict[str, AwareDatetime]


class Action(Shape):
    """Where a step stands by the facts, and what follows.

    state         where it belongs now; differs from where it was if `move` is set
    move          how the task gets there: ready, wait, drop, complete; none when it is there
    why           in a reader's words
    missing       facts that must be known first
    waits_for     steps to be through with first
    due_at        aware UTC; none without a due time or while its moment is unknown
    due_needs     the moment that `due_at` waits for
    """

    step: Step
    state: StepState
    move: Move | None
    why: str
    missing: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    due_at: AwareDatetime | None = None
    due_needs: str | None = None
    overdue: bool = False

    @property
    def blocks_closing(self) -> bool:
        """Whether the incident must stay open for it."""
        return self.step.mandatory and self.state not in PASSED

    @property
    def finished(self) -> bool:
        """Whether nothing can change it but a person."""
        return self.state in (StepState.DONE, StepState.SKIPPED)


def plan(playbook: Playbook, facts: Facts, moments: Moments) -> Snapshot:
    """Fix the playbook, and the moments known by now, for a run.

    facts    what is known; its moments (`aware_at`, …) are taken over
    moments  further ones, name to aware datetime; must hold `started_at`
    Raises   PlaybookError  the playbook cannot run to its end, or `started_at` is not given
    """
    if "started_at" not in moments:
        raise PlaybookError(playbook.id, "moments", "started_at is not given")
    errors: list[Finding] = [found for found in lint(playbook) if found.severity == "error"]
    if errors:
        raise PlaybookError(playbook.id, errors[0].field, errors[0].why)
    known = {name: _moment(value) for name, value in facts.items() if name.endswith("_at")}
    return Snapshot(playbook=playbook, sha256=playbook.sha256, moments={**known, **moments})


def next_actions(
    snapshot: Snapshot, states: Mapping[str, str], facts: Facts, now: datetime
) -> list[Action]:
    """Every unfinished step with where it stands now, in the order of the playbook.

    states  step id to its state; a step that is not named is waiting
    facts   what is known; unknown ones are absent

    Finished steps are left out, save the one that finishes now: a question whose facts are known.
    Carry out the moves and ask again: the same places, and no moves. A step that did not apply
    comes back when an amended fact makes it apply.
    """
    settled: dict[str, Action] = {}
    for step in in_order(snapshot.playbook):
        was = StepState(states.get(step.id, StepState.WAITING))
        settled[step.id] = _settle(step, was, facts, settled)
    actions = (settled[step.id] for step in snapshot.playbook.steps)
    return [_timed(one, snapshot, facts, now) for one in actions if one.move or not one.finished]


def answered(step: Step, facts: Facts) -> bool:
    """Whether a step that asks for facts has them all."""
    return isinstance(step.do, AskFact) and all(facts.get(one) is not None for one in step.do.facts)


def in_order(playbook: Playbook) -> list[Step]:
    """The steps so that each comes after those it waits for."""
    left, placed = list(playbook.steps), dict[str, Step]()
    while left:
        ready = [step for step in left if all(target in placed for target in step.after)]
        if not ready:
            raise PlaybookError(playbook.id, "steps", "some steps wait for each other")
        placed.update({step.id: step for step in ready})
        left = [step for step in left if step.id not in placed]
    return list(placed.values())


def blocking(actions: list[Action]) -> list[Action]:
    """The mandatory steps that are still open: an incident cannot close before them."""
    return [action for action in actions if action.blocks_closing]


def due_at(due: Due, snapshot: Snapshot, facts: Facts) -> datetime | None:
    """When a step is due; none while its moment is unknown.

    Of two readings of a moment (at the start, and as amended) the earlier governs: an amended
    fact may bring a due time forward; only a person moves it back.
    """
    readings = (snapshot.moments.get(due.moment), _moment(facts.get(due.moment)))
    known = [reading for reading in readings if reading is not None]
    return min(known) + due.within if known else None


def _settle(step: Step, was: StepState, facts: Facts, settled: Mapping[str, Action]) -> Action:
    """Where a step belongs, given where it was and where those before it are."""
    if was in (StepState.OPEN, StepState.IN_PROGRESS) and answered(step, facts):
        return _moved(step, was, StepState.DONE, "its facts are known")
    if was in BEGUN:
        return _moved(step, was, was, f"{was.replace('_', ' ')} already")
    verdict = step.condition.evaluate(facts) if step.condition else _ALWAYS
    if verdict.value is False:
        return _moved(step, was, StepState.NOT_APPLICABLE, *verdict.why)
    if answered(step, facts):
        return _moved(step, was, StepState.NOT_APPLICABLE, "its facts are known already")
    earlier = [settled[one] for one in step.after if settled[one].state not in PASSED]
    if verdict.value is None or earlier:
        return _held(step, was, verdict, earlier)
    return _moved(step, was, StepState.OPEN, *verdict.why)


def _moved(step: Step, was: StepState, state: StepState, *why: str) -> Action:
    move = _MOVES[state] if state != was else None
    return Action(step=step, state=state, move=move, why="; ".join(why))


def _held(step: Step, was: StepState, verdict: Verdict, earlier: list[Action]) -> Action:
    """A step that waits: for facts, for other steps, or for both."""
    missing = tuple(sorted(verdict.missing)) if verdict.value is None else ()
    reasons = [f"waiting for facts: {', '.join(missing)}"] if missing else []
    if earlier:
        reasons.append("after: " + "; ".join(one.step.title for one in earlier))
    return _moved(step, was, StepState.WAITING, *reasons).model_copy(
        update={"missing": missing, "waits_for": tuple(one.step.id for one in earlier)}
    )


def _timed(action: Action, snapshot: Snapshot, facts: Facts, now: datetime) -> Action:
    """The action with its due time; what does not apply has none."""
    due = action.step.due
    if due is None or action.state in PASSED:
        return action
    at = due_at(due, snapshot, facts)
    return action.model_copy(
        update={
            "due_at": at,
            "due_needs": due.moment if at is None else None,
            "overdue": at is not None and now > at,
        }
    )


def _moment(value: object) -> datetime | None:
    """A moment from the facts: an aware datetime, or its ISO 8601 text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value  # type: ignore[return-value]
