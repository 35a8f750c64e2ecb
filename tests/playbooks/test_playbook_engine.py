"""The engine gives the same answer twice, and never takes unknown for no."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.rules.lifecycle import TASK
from playbooks.engine import Action, Snapshot, StepState, blocking, next_actions, plan
from playbooks.errors import PlaybookError
from playbooks.loader import load, parse
from playbooks.playbook import Playbook

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOOK = """
id: sample
title: Sample
version: 1
kinds: [other]
steps:
  - {id: ask, title: Ask about it, phase: detect, owner: responder, mandatory: true,
     do: {action: ask_fact, facts: [malicious], question: Was it meant}}
  - {id: hunt, title: Hunt the intruder, phase: contain, owner: responder, when: malicious,
     due: {from: aware_at, within: 4 hours}}
  - {id: tell, title: Tell everybody, phase: notify, owner: commander, after: [hunt],
     mandatory: true, due: PT2H}
"""


def run(
    facts: dict[str, Any], states: dict[str, str] | None = None, **kwargs: Any
) -> dict[str, Action]:
    now = kwargs.get("now", START)
    return {a.step.id: a for a in next_actions(snapshot(), states or {}, facts, now)}


def snapshot(facts: dict[str, Any] | None = None) -> Snapshot:
    return plan(parse(BOOK), facts or {}, {"started_at": START})


def test_an_unknown_condition_waits_and_says_for_what() -> None:
    hunt = run({})["hunt"]

    assert hunt.state == "waiting"
    assert hunt.missing == ("malicious",)
    assert "waiting for facts: malicious" in hunt.why


def test_a_step_waits_for_those_before_it_by_name() -> None:
    tell = run({"malicious": True}, {"ask": "done"})["tell"]

    assert (tell.state, tell.waits_for) == ("waiting", ("hunt",))
    assert "Hunt the intruder" in tell.why


def test_a_step_that_does_not_apply_says_why_and_lets_the_next_pass() -> None:
    actions = run({"malicious": False}, {"ask": "open"})

    assert (actions["hunt"].state, actions["hunt"].move) == ("not_applicable", "drop")
    assert "malicious: no" in actions["hunt"].why
    assert (actions["tell"].state, actions["tell"].move) == ("open", "ready")


def test_a_question_is_done_when_its_facts_are_known_and_not_asked_when_they_were() -> None:
    assert run({"malicious": True}, {"ask": "open"})["ask"].move == "complete"
    assert run({"malicious": True})["ask"].move == "drop"
    assert run({})["ask"].move == "ready"


def test_a_step_comes_back_when_an_amended_fact_makes_it_apply() -> None:
    assert (
        run({"malicious": True}, {"ask": "done", "hunt": "not_applicable"})["hunt"].move == "ready"
    )
    assert run({}, {"ask": "done", "hunt": "open"})["hunt"].move == "wait"


def test_a_step_that_somebody_began_is_left_alone() -> None:
    hunt = run({"malicious": False}, {"hunt": "in_progress"})["hunt"]

    assert (hunt.state, hunt.move) == ("in_progress", None)


def test_a_due_time_counts_from_its_moment_and_waits_for_an_unknown_one() -> None:
    unknown = run({"malicious": True})
    known = run({"malicious": True, "aware_at": "2026-03-02T08:00:00Z"})

    assert unknown["tell"].due_at == START + timedelta(hours=2)
    assert (unknown["hunt"].due_at, unknown["hunt"].due_needs) == (None, "aware_at")
    assert known["hunt"].due_at == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("amended", "hours"), [(-3, 1), (+3, 4)])
def test_an_amended_moment_shortens_a_due_time_and_never_lengthens_it(
    amended: int, hours: int
) -> None:
    planned = snapshot({"aware_at": START})
    facts = {"malicious": True, "aware_at": START + timedelta(hours=amended)}

    hunt = next(a for a in next_actions(planned, {}, facts, START) if a.step.id == "hunt")

    assert hunt.due_at == START + timedelta(hours=hours)


def test_a_step_is_overdue_after_its_due_time_and_not_at_it() -> None:
    at = START + timedelta(hours=2)

    assert not run({}, now=at)["tell"].overdue
    assert run({}, now=at + timedelta(seconds=1))["tell"].overdue


def test_mandatory_steps_block_closing_until_they_are_through() -> None:
    def held(states: dict[str, str], **facts: Any) -> list[str]:
        actions = next_actions(snapshot(), states, facts, START)
        return [action.step.id for action in blocking(actions)]

    assert held({}) == ["ask", "tell"]
    assert held({"ask": "done", "hunt": "done"}, malicious=True) == ["tell"]
    assert held({"ask": "open", "hunt": "skipped", "tell": "done"}, malicious=True) == []


def test_a_playbook_that_cannot_end_is_not_started() -> None:
    circle = BOOK.replace("when: malicious,", "after: [tell],")

    with pytest.raises(PlaybookError, match="wait for each other"):
        plan(parse(circle), {}, {"started_at": START})
    with pytest.raises(PlaybookError, match="started_at"):
        plan(parse(BOOK), {}, {})


def test_a_snapshot_survives_being_kept_as_json() -> None:
    for book in load().values():
        kept = plan(book, {"aware_at": "2026-03-02T08:00:00Z"}, {"started_at": START})
        again = Snapshot.model_validate_json(kept.model_dump_json())

        assert again == kept
        assert again.playbook.sha256 == kept.sha256


# ---- properties, on the real library ----

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "malicious": st.booleans(),
        "internal_only": st.booleans(),
        "harm": st.booleans(),
        "role": st.sampled_from(["controller", "joint_controller", "processor"]),
        "risk": st.sampled_from(["unlikely", "risk", "high"]),
        "breach_kinds": st.lists(st.sampled_from(["confidentiality", "availability"])),
        "data_categories": st.lists(st.sampled_from(["contact", "credentials", "health"])),
        "aware_at": st.datetimes(timezones=st.just(UTC)),
    },
)
BOOKS = st.sampled_from(sorted(load().values(), key=lambda book: book.id))


@st.composite
def runs(draw: st.DrawFn) -> tuple[Playbook, dict[str, str], dict[str, Any]]:
    book = draw(BOOKS)
    ids = st.sampled_from([step.id for step in book.steps])
    states = draw(st.dictionaries(ids, st.sampled_from([str(state) for state in StepState])))
    return book, states, draw(FACTS)


def carried_out(states: dict[str, str], actions: list[Action]) -> dict[str, str]:
    return {**states, **{action.step.id: str(action.state) for action in actions}}


@given(runs())
@settings(max_examples=150, deadline=None)
def test_asking_again_after_the_moves_brings_no_moves(one: Any) -> None:
    book, states, facts = one
    planned = plan(book, {}, {"started_at": START})
    first = next_actions(planned, states, facts, START)

    second = next_actions(planned, carried_out(states, first), facts, START)

    assert [action.move for action in second] == [None] * len(second)
    lasting = {a.step.id: a.state for a in first if not a.finished}
    assert {a.step.id: a.state for a in second} == lasting


@given(runs(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_steps_states_and_facts_changes_nothing(one: Any, rng: Random) -> None:
    book, states, facts = one

    def shuffled(mapping: dict[str, Any]) -> dict[str, Any]:
        return dict(rng.sample(list(mapping.items()), len(mapping)))

    mixed = book.model_copy(update={"steps": tuple(rng.sample(book.steps, len(book.steps)))})
    moments = {"started_at": START}
    here = next_actions(plan(book, {}, moments), states, facts, START)
    there = next_actions(plan(mixed, {}, moments), shuffled(states), shuffled(facts), START)

    assert {a.step.id: a for a in here} == {a.step.id: a for a in there}


@given(runs())
@settings(max_examples=150, deadline=None)
def test_unknown_waits_and_every_move_stands_in_the_task_table(one: Any) -> None:
    book, states, facts = one
    for action in next_actions(plan(book, {}, {"started_at": START}), states, facts, START):
        was = states.get(action.step.id, "waiting")
        condition = action.step.condition
        if (
            condition
            and condition.evaluate(facts).value is None
            and was not in ("in_progress", "open")
        ):
            assert action.state == "waiting"
            assert action.missing
        if action.move:
            assert TASK.after(was, action.move) == action.state
