"""How a campaign on its way looks: who is told, what waits and why, what a launch would do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from incidents.cli import campaign_looks as looks


def look(**changes):
    now = datetime.now(UTC)
    progress = {
        "people_per_second": 800.0,
        "seconds_left": 600.0,
        "total": 1000,
        "buckets": {"planned": 500, "waiting": 200, "delivered": 200, "exhausted": 100},
        "counted_at": (now - timedelta(seconds=42)).isoformat(),
        "troubles": [
            {"state": "waits", "provider": "sendgrid", "reason": "401", "envelopes": 1, "people": 9}
        ],
    }
    progress |= {"ramp": None, "next_at": None, "people": {"ready": 200}}
    canary = {"people": 50, "hold_seconds": 600}
    campaign = {"status": "running", "halt": "", "gate": "open", "gate_at": None, "canary": canary}
    return {**campaign, "quiet_override": {}, "progress": progress, **changes}


def text(shown):
    console = Console(width=120, record=True, file=StringIO())
    console.print(shown)
    return console.export_text()


def test_one_look_tells_who_is_told_at_what_pace_and_what_waits():
    seen = text(looks.watched(look()))
    assert "200 of 1,000 (20.0%)" in seen
    assert "800 people/s" in seen
    assert "10 min" in seen
    assert "42 s ago" in seen
    assert "sendgrid" in seen


def test_the_bar_is_as_long_as_everybody_and_empty_where_nobody_has_a_place():
    (bar,) = [line for line in text(looks.watched(look())).splitlines() if "█" in line]
    assert (bar.count("█"), bar.count("░")) == (30, 30)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gate": "canary"}, "50 go first"),
        ({"gate": "holding"}, "wait for `tocsin campaign continue`"),
        ({"gate": "holding", "gate_at": "2026-01-01T00:00:00+00:00"}, "the others follow in 0 s"),
        ({"gate": "holding", "status": "paused", "halt": "too many bounces"}, "too many bounces"),
        ({"status": "paused", "halt": "too many bounces"}, "campaign resume … --reason"),
        ({"quiet_override": {"asked_by": "x"}}, "campaign confirm-override"),
    ],
)
def test_it_says_how_it_stands_with_the_canary_and_why_it_has_paused(changes, says):
    assert says in text(looks.watched(look(**changes)))


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "5 s"), (60, "1 min"), (61, "1 min 01 s"), (7_260, "2 h 01 min")]
)
def test_a_wait_is_said_in_two_units(seconds, said):
    assert looks.span(seconds) == said


def test_it_tells_who_waits_for_their_mail_host_and_for_how_long():
    now = datetime.now(UTC)
    ramp = {
        "people": 812_000,
        "next_at": (now + timedelta(seconds=62)).isoformat(),
        "ends_at": (now + timedelta(hours=3, seconds=2)).isoformat(),
        "is_steep": False,
    }
    seen = look()
    seen["progress"]["ramp"] = ramp
    shown = text(looks.watched(seen))
    assert "812,000 wait for their mail host; more in 1 min" in shown
    assert "all in 3 h 00 min" in shown


MORE = {"ladder": ["sms"], "funnel": []}


@pytest.mark.parametrize("shown", [looks.watched, lambda seen: looks.shown({**seen, **MORE})])
def test_it_tells_that_all_who_wait_wait_for_a_later_moment(shown):
    seen = look()
    seen["progress"] |= {"next_at": "2026-03-03T07:00:00+00:00", "envelopes": {}}
    assert "200 wait, nobody before Tue 03 Mar 2026" in text(shown(seen))
    assert "nobody before" not in text(shown({**seen, "status": "paused"}))
