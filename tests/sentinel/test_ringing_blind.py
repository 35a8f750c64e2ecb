"""Without the database: everybody on duty is woken in turn, once for each thing that is due."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.sentinel.blind import Blind
from incidents.sentinel.journal import Journal
from tests.sentinel.conftest import FIRST, SECOND, STEP, KeepingPager, after, alarm, kept


@pytest.fixture
def blind(pager, journal):
    return Blind(lambda mode: [pager], journal, STEP)


def test_an_alarm_rings_when_it_is_due_and_not_before(blind, pager):
    made = kept(alarm(5))
    assert blind.ring(made, after(4.9)) == (0, 0)
    assert blind.ring(made, after(5)) == (1, 0)
    assert pager.woke == [("Ada", "INC-2026-0001 of 5")]


def test_it_rings_each_level_once_and_the_next_one_a_step_later(blind, pager):
    made = kept(alarm(5))
    for minute in range(5, 40):
        blind.ring(made, after(minute))
    assert pager.woke == [("Ada", "INC-2026-0001 of 5"), ("Bo", "INC-2026-0001 of 5")]
    assert blind.ring(made, after(14.9)) == (0, 0)


def test_a_restart_rings_nothing_again(blind, pager, journal):
    made = kept(alarm(5))
    blind.ring(made, after(5))
    again = Blind(lambda mode: [pager], Journal(journal.path), STEP)
    assert again.ring(made, after(6)) == (0, 0)
    assert len(pager.pages) == 1


def test_one_page_stands_for_all_that_came_due_in_one_incident(blind, pager, journal):
    made = kept(alarm(1), alarm(2), alarm(3), alarm(2, "INC-2026-0002"), alarm(99))
    assert blind.ring(made, after(4)) == (2, 0)
    assert pager.woke == [("Ada", "INC-2026-0001 of 3"), ("Ada", "INC-2026-0002 of 2")]
    assert blind.ring(made, after(5)) == (0, 0)
    assert {len(one.alarms) for one in journal.read()} == {1, 3}


def test_who_starts_late_wakes_all_levels_at_once(blind, pager):
    assert blind.ring(kept(alarm(0)), after(60)) == (2, 0)
    assert [name for name, _ in pager.woke] == ["Ada", "Bo"]


def test_a_later_alarm_of_the_same_incident_rings_again(blind, pager):
    made = kept(alarm(5), alarm(65), people=(FIRST,))
    for minute in (5, 30, 65, 90):
        blind.ring(made, after(minute))
    assert len(pager.pages) == 2


@pytest.mark.parametrize("answer", ["refused", "no_address", "raise"])
def test_what_nobody_took_is_tried_again_after_a_pause(blind, pager, answer):
    made, pager.answers = kept(alarm(5), people=(FIRST,)), answer
    assert blind.ring(made, after(5)) == (0, 1)
    assert blind.is_stuck
    assert blind.ring(made, after(5.1)) == (0, 0)
    pager.answers = "accepted"
    assert blind.ring(made, after(5.5)) == (1, 0)
    assert not blind.is_stuck


def test_one_channel_that_took_it_is_enough(journal):
    broken, works = KeepingPager("sms", "raise"), KeepingPager("email")
    blind = Blind(lambda mode: [broken, works], journal, STEP)
    assert blind.ring(kept(alarm(5), people=(FIRST,)), after(5)) == (1, 0)
    assert journal.read()[0].outcomes == {"sms": "refused", "email": "accepted"}


@pytest.mark.parametrize(
    ("loud", "email", "woke"),
    [
        (True, "accepted", ["email", "sms"]),
        (False, "accepted", ["email"]),
        (False, "refused", ["email", "sms"]),
    ],
)
def test_a_soft_alarm_is_written_and_calls_nobody_unless_writing_fails(journal, loud, email, woke):
    pagers = [KeepingPager("email", email), KeepingPager("sms")]
    soft = replace(alarm(5), is_loud=loud)
    assert Blind(lambda mode: pagers, journal, STEP).ring(
        kept(soft, people=(FIRST,)), after(5)
    ) == (1, 0)
    assert sorted(one.channel for one in pagers if one.pages) == woke


def test_the_sandbox_wakes_nobody_but_in_a_drill(journal):
    sandbox = KeepingPager("sandbox")
    blind = Blind(lambda mode: [sandbox], journal, STEP)
    assert blind.ring(kept(alarm(5), people=(FIRST,)), after(5)) == (0, 1)
    drill = kept(alarm(5, "INC-2026-0002", mode="drill"), people=(FIRST,))
    assert blind.ring(drill, after(5)) == (1, 0)
    assert sandbox.pages[-1][1].drill


def test_each_page_says_that_it_comes_from_a_copy_and_of_when(blind, pager):
    blind.ring(kept(alarm(5)), after(5))
    ((_, page),) = pager.pages
    assert page.subject == "[Database unreachable] INC-2026-0001 of 5"
    assert "2026-03-02 09:00 UTC" in page.text
    assert page.short.startswith("Database unreachable, as of 2026-03-02 09:00 UTC")
    assert page.link == page.code == ""


def test_a_journal_that_cannot_be_written_rings_once_all_the_same(pager, tmp_path):
    (tmp_path / "sentinel").write_text("a file where a folder should be")
    blind = Blind(lambda mode: [pager], Journal(tmp_path / "sentinel" / "journal.jsonl"), STEP)
    for _ in range(3):
        blind.ring(kept(alarm(5)), after(6))
    assert len(pager.pages) == 1


def test_three_sentinels_with_one_journal_ring_once_each_in_turn(pager, journal):
    for _ in range(3):
        Blind(lambda mode: [pager], Journal(journal.path), STEP).ring(kept(alarm(5)), after(6))
    assert len(pager.pages) == 1


def test_after_a_day_of_hourly_alarms_nobody_was_paged_more_than_hourly(blind, pager):
    made = kept(*(alarm(60 * hour) for hour in range(24)), people=(FIRST, SECOND))
    at = after(0)
    while at < after(24 * 60):
        blind.ring(made, at)
        at += timedelta(minutes=5)
    assert sorted(name for name, _ in pager.woke) == ["Ada"] * 24 + ["Bo"] * 24
