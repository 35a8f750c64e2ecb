"""A hold pauses a clock where its law says so, and never that of another law."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.rules.duties import assess
from incidents.rules.holds import Hold
from tests.rules.laws import laws, rule

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 4, tzinfo=UTC)
FACTS = {"role": "controller", "aware_at": START}
POLICE = "{when: law_enforcement_hold, text: the police ask, source: S"
LAWS = laws(
    rule("xx-hours-1", hold=POLICE + ", pauses: true}"),
    rule("xx-days-1", clock="{calendar_days: 30, zone: Europe/Berlin}",
         hold=POLICE + ", pauses: true, oral_days: 5}"),
    rule("xx-shown-1", hold=POLICE + "}"),
    rule("xx-none-1"),
)  # fmt: skip


def held(*holds: Hold, now: datetime = NOW, **facts: object) -> dict:
    return {duty.rule: duty for duty in assess({**FACTS, **facts}, LAWS, now, holds)}


def hold(since: str, until: str | None, covers: str = "xx.test", *, written: bool = True) -> Hold:
    end = datetime.fromisoformat(until) if until else None
    return Hold(frozenset({covers}), datetime.fromisoformat(since), end, written, "letter 12")


def test_a_paused_clock_resumes_when_the_hold_ends() -> None:
    # 72 h from Mon 10:00; 24 h ran until Tue 10:00; held to Fri 10:00; 48 h remain: Sun 10:00.
    duty = held(hold("2026-03-03T10:00Z", "2026-03-06T10:00Z"))["xx-hours-1"]
    assert duty.due_at == datetime(2026, 3, 8, 10, tzinfo=UTC)
    assert duty.held
    assert any("letter 12" in line for line in duty.why)
    assert any("stood still" in line for line in duty.arithmetic)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        # 30 days from Mon 2 March end on 1 April, 24:00. Three days and 7 hours: 3 days count.
        ("2026-03-10T08:00Z", "2026-03-13T15:00Z", 3),
        # Less than a day: nothing.
        ("2026-03-10T08:00Z", "2026-03-11T07:59Z", 0),
        # It began before the clock did: only what the clock lost counts.
        ("2026-02-20T10:00Z", "2026-03-04T10:00Z", 2),
        # It began after the clock ended.
        ("2026-04-02T00:00Z", "2026-04-09T00:00Z", 0),
        # Nobody knows its end yet: shown, not shifted.
        ("2026-03-03T00:00Z", None, 0),
    ],
)
def test_a_clock_of_days_pauses_for_whole_days(since: str, until: str | None, days: int) -> None:
    # 24:00 of 1 April in Berlin is 22:00 UTC: summer time since 29 March.
    due = datetime(2026, 4, 1, 22, tzinfo=UTC) + timedelta(days=days)
    assert held(hold(since, until))["xx-days-1"].due_at == due


def test_what_was_only_said_runs_as_long_as_the_law_lets_it() -> None:
    spoken = hold("2026-03-03T00:00Z", "2026-03-20T00:00Z", written=False)
    assert held(spoken)["xx-days-1"].due_at == datetime(2026, 4, 6, 22, tzinfo=UTC)
    late = held(spoken, now=datetime(2026, 3, 9, tzinfo=UTC))
    assert not late["xx-days-1"].held
    assert late["xx-hours-1"].held


def test_two_holds_that_overlap_pause_once() -> None:
    two = (
        hold("2026-03-03T10:00Z", "2026-03-06T10:00Z"),
        hold("2026-03-05T10:00Z", "2026-03-07T10:00Z"),
    )
    assert held(*two)["xx-hours-1"].due_at == datetime(2026, 3, 9, 10, tzinfo=UTC)


def test_a_law_that_does_not_pause_shows_the_hold_and_keeps_its_time() -> None:
    duties = held(hold("2026-03-03T10:00Z", "2026-03-06T10:00Z"))
    assert duties["xx-shown-1"].held
    assert duties["xx-shown-1"].due_at == START + timedelta(hours=72)
    assert not duties["xx-none-1"].held


def test_a_hold_on_one_law_never_holds_another() -> None:
    one = hold("2026-03-03T10:00Z", "2026-03-06T10:00Z", covers="xx-hours-1")
    duties = held(one, law_enforcement_hold=True)
    assert {name for name, duty in duties.items() if duty.held} == {"xx-hours-1"}
    assert duties["xx-days-1"].due_at == datetime(2026, 4, 1, 22, tzinfo=UTC)
    # With no hold on record by its laws, the fact that there is one speaks for all.
    every = held(law_enforcement_hold=True)
    assert {name for name, duty in every.items() if duty.held} == {
        "xx-hours-1", "xx-days-1", "xx-shown-1",
    }  # fmt: skip
