"""An alarm says the most urgent first, in few words, by the clocks of whoever is woken."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.rules.alarm_words import Item, alarm_words, at_in, span

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


def duty(hours, title="Tell the authority", note=""):
    return Item("duty", title, NOW + timedelta(hours=hours), note)


def test_the_hard_clock_comes_before_soft_ones_that_are_sooner():
    items = [duty(1, "Log it", "a target of ours"), duty(3.2), duty(-2, "Tell the people")]
    words = alarm_words("INC-2026-0042", items, NOW, zone="Europe/Berlin")
    told = "2 duties to be met, the first OVERDUE by 2 h 00 min; 1 more by softer clocks"
    assert words.subject == f"INC-2026-0042: {told}"
    assert words.text.splitlines()[2:] == [
        "- Tell the people: OVERDUE by 2 h 00 min, Mon 02 Mar 21:30 CET, 20:30 UTC",
        "- Tell the authority: due in 3 h 12 min, Tue 03 Mar 02:42 CET, 01:42 UTC",
        "- Log it (a target of ours): due in 1 h 00 min, Tue 03 Mar 00:30 CET, Mon 23:30 UTC",
    ]


def test_the_short_words_fit_an_sms_and_are_what_a_telephone_says():
    words = alarm_words("INC-2026-0042", [duty(0.5)], NOW, zone="Asia/Shanghai", drill=True)
    assert words.short == (
        "[DRILL] INC-2026-0042: 1 duty to be met, the first due in 30 min"
        " (Tue 03 Mar 07:00 CST, Mon 23:00 UTC)"
    )


def test_duties_tasks_and_a_missing_owner_are_told_together():
    items = [duty(1), Item("task", "Ask the host", NOW, "task"), Item("owner", "", NOW)]
    words = alarm_words("INC-2026-0042", items, NOW)
    assert words.text.startswith("INC-2026-0042: 1 duty and 1 task to be met; no owner.\n")
    assert "Nobody owns this incident" in words.text


def test_a_hundred_duties_are_counted_and_the_first_twelve_are_told():
    words = alarm_words("INC-2026-0042", [duty(hours) for hours in range(1, 101)], NOW)
    assert words.subject == "INC-2026-0042: 100 duties to be met, the first due in 1 h 00 min"
    assert words.text.endswith("\n- and 88 more")


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0, "0 min"), (59, "59 min"), (60, "1 h 00 min"), (2879, "47 h 59 min"), (2880, "2 days"),
     (3060, "2 days 3 h")],
)  # fmt: skip
def test_a_span_is_told_in_its_two_largest_units(minutes, told):
    assert span(timedelta(minutes=minutes)) == told


def test_where_local_time_is_utc_it_is_said_once():
    assert at_in(NOW, "Europe/London") == "Mon 02 Mar 22:30 UTC"
