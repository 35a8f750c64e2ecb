"""Every open duty with a due time has a next alarm, and the one at 100 % is never left out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.rules.alarm_times import (
    DAILY,
    HOURLY,
    LEAST_GAP,
    AlarmClock,
    Waiting,
    again_after,
    is_loud,
    rung,
    scheduled,
)

AWARE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THREE_DAYS = AlarmClock(AWARE, AWARE + timedelta(hours=72))
NEVER = Waiting()


def hours(count: float) -> datetime:
    return AWARE + timedelta(hours=count)


def test_a_clock_of_three_days_rings_at_36_54_64_8_and_72_hours_and_then_at_each_full_hour():
    rang, now = [], AWARE
    waiting = scheduled(THREE_DAYS, NEVER, now)
    for _ in range(6):
        now = waiting.next_at
        rang.append((now - AWARE) / HOURLY)
        waiting = rung(THREE_DAYS, now)
    assert rang == [36, 54, 64.8, 72, 73, 74]


def test_looking_again_changes_nothing():
    waiting = scheduled(THREE_DAYS, NEVER, hours(10))
    assert scheduled(THREE_DAYS, waiting, hours(35)) == waiting
    overdue = rung(THREE_DAYS, hours(75.5))
    assert scheduled(THREE_DAYS, overdue, hours(75.9)) == overdue


def test_a_look_at_a_duty_does_not_put_off_an_alarm_that_is_due():
    waiting = scheduled(THREE_DAYS, NEVER, AWARE)
    assert scheduled(THREE_DAYS, waiting, hours(40)) == waiting


def test_a_duty_that_appears_late_rings_at_once_and_only_once():
    waiting = scheduled(THREE_DAYS, NEVER, hours(66))
    assert waiting.next_at == hours(66)
    assert rung(THREE_DAYS, hours(66)).next_at == hours(72)


def test_a_due_time_that_moves_earlier_past_rungs_rings_at_once_and_only_once():
    waiting = rung(THREE_DAYS, hours(36))
    shorter = AlarmClock(AWARE, hours(38))
    moved = scheduled(shorter, waiting, hours(36.5))
    assert moved.next_at == hours(36.5)
    assert rung(shorter, hours(36.5)) == Waiting(90, hours(38))


def test_a_due_time_that_moves_earlier_past_no_rung_rings_at_its_next():
    waiting = rung(THREE_DAYS, hours(36))
    assert scheduled(AlarmClock(AWARE, hours(70)), waiting, hours(36.5)).next_at == hours(52.5)


def test_a_due_time_that_moves_later_rings_on_the_rungs_of_its_new_clock():
    waiting = rung(THREE_DAYS, hours(65))
    longer = AlarmClock(AWARE, hours(100))
    moved = scheduled(longer, waiting, hours(65))
    assert moved == Waiting(50, hours(75))
    assert scheduled(AlarmClock(AWARE, hours(70)), moved, hours(66)).next_at == hours(66)


@pytest.mark.parametrize(
    ("length", "minutes"),
    [
        (timedelta(minutes=60), [30, 45, 54, 60]),
        (timedelta(minutes=10), [5, 10]),
        (timedelta(minutes=6), [6]),
        (timedelta(seconds=20), [1 / 3]),
        (timedelta(0), [0]),
        (timedelta(hours=-1), [-60]),
    ],
)
def test_a_short_clock_leaves_out_rungs_that_tell_nothing_new(length, minutes):
    rungs = AlarmClock(AWARE, AWARE + length).rungs()
    assert [pytest.approx((at - AWARE) / timedelta(minutes=1)) for _, at in rungs] == minutes


def test_what_is_overdue_rings_together_at_the_full_hour():
    one = AlarmClock(AWARE, AWARE + timedelta(hours=24, minutes=10))
    other = AlarmClock(AWARE, AWARE + timedelta(hours=24, minutes=40))
    assert one.following(one.due) == other.following(other.due) == hours(25)


def test_the_first_full_hour_right_after_the_due_time_is_passed_over():
    due = hours(24) - timedelta(minutes=3)
    assert AlarmClock(AWARE, due).following(due) == hours(25)
    assert AlarmClock(AWARE, due, DAILY).following(due) == datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("standing", "is_target", "is_sure", "share", "overdue", "loud"),
    [
        ("owed", False, True, 50, False, True),
        ("owed", False, True, 100, True, True),
        ("owed", True, True, 100, False, False),
        ("owed", False, False, 100, False, False),
        ("unknown", False, True, 75, False, False),
        ("unknown", False, True, 90, False, True),
        ("unknown", False, True, 100, False, True),
        ("unknown", False, True, 100, True, False),
        ("recommended", False, True, 100, False, False),
    ],
)
def test_hard_clocks_are_loud_and_the_rest_is_soft(
    standing, is_target, is_sure, share, overdue, loud
):
    asked = {"is_target": is_target, "is_sure": is_sure, "share": share, "overdue": overdue}
    assert is_loud(standing, **asked) is loud


def test_it_waits_one_step_between_levels_and_longer_once_all_are_awake():
    step = timedelta(minutes=5)
    waits = [again_after(level, 2, step) / step for level in range(9)]
    assert waits == [1, 1, 1, 2, 4, 8, 12, 12, 12]
    assert again_after(50, 0, timedelta(hours=2)) == timedelta(hours=2)


moments = st.integers(-5_000, 5_000).map(lambda minutes: AWARE + timedelta(minutes=minutes))
lengths = st.one_of(
    st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(0, 50_000).map(lambda minutes: timedelta(minutes=minutes)),
)
clocks = st.builds(
    lambda start, length, every: AlarmClock(start, start + length, every),
    moments, lengths, st.sampled_from([HOURLY, DAILY]),
)  # fmt: skip
# A life: time passes, and now and then the due time moves.
lives = st.lists(
    st.tuples(st.integers(0, 3_000), st.one_of(st.none(), st.integers(-20_000, 20_000))),
    max_size=30,
)


@given(clocks, moments)
def test_whatever_rang_there_is_a_next_time_and_it_lies_ahead(clock, now):
    after = rung(clock, now)
    assert after.next_at is not None
    assert now < after.next_at <= max(clock.due + LEAST_GAP, now) + clock.every
    if now < clock.due:
        assert after.next_at <= clock.due


@given(clocks, moments, lives)
def test_a_duty_never_lacks_an_alarm_and_the_one_at_100_percent_is_never_skipped(clock, now, life):
    """However time passes and the due time moves: looked at each minute or once a month."""
    waiting = scheduled(clock, NEVER, now)
    rang_for: datetime | None = None  # the due time that was rung for when or after it came
    for minutes, move in life:
        now += timedelta(minutes=minutes)
        if move is not None:
            clock = clock._replace(due=clock.due + timedelta(minutes=move))
        waiting = scheduled(clock, waiting, now)
        assert waiting.next_at is not None
        assert scheduled(clock, waiting, now) == waiting
        if waiting.next_at <= now:
            waiting = rung(clock, now)
            rang_for = clock.due if now >= clock.due else None
        elif now >= clock.due:
            assert rang_for is not None
            assert waiting.heard == 100
        assert waiting.next_at > now
        if now < clock.due:
            assert waiting.next_at <= clock.due
