"""Which provider may carry whom, in which share, from when on."""

from datetime import UTC, datetime, timedelta

from incidents.rules.tracks import Lane, tracks

NOW = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
MORNING = NOW + timedelta(hours=10)


def test_one_provider_for_everybody_is_one_track():
    (track,) = tracks(["email"], {"email": [Lane("sendgrid")]}, ["DE", "CN"], {}, NOW)
    assert track.places == {"DE", "CN"}
    assert (track.rung, track.channel, track.opens_at, track.rounds) == (0, "email", NOW, 1)


def test_weights_are_turns_in_their_smallest_share():
    lanes = [Lane("sendgrid", 60), Lane("idle", 0), Lane("smtp", 20)]
    found = tracks(["email"], {"email": lanes}, ["DE"], {}, NOW)
    assert [(one.lane.provider, one.turns, one.rounds) for one in found] == [
        ("sendgrid", range(3), 4),
        ("smtp", range(3, 4), 4),
    ]


def test_a_provider_carries_only_people_of_places_that_it_may_serve():
    lanes = [
        Lane("abroad", never=frozenset({"CN"})),
        Lane("at_home", never=frozenset({"DE", "FR"})),
    ]
    found = tracks(["email"], {"email": lanes}, ["CN", "DE", "FR"], {}, NOW)
    assert {one.lane.provider: one.places for one in found} == {
        "at_home": {"CN"},
        "abroad": {"DE", "FR"},
    }


def test_a_place_that_nobody_may_serve_has_no_track():
    lanes = {"email": [Lane("abroad", never=frozenset({"CN"}))]}
    assert tracks(["email"], lanes, ["CN"], {}, NOW) == []


def test_places_that_open_at_different_moments_are_apart_and_a_past_moment_is_now():
    opens_at = {"sms": {"DE": MORNING, "FR": MORNING, "JP": NOW - timedelta(hours=1)}}
    found = tracks(["sms"], {"sms": [Lane("twilio")]}, ["DE", "FR", "JP", "US"], opens_at, NOW)
    assert {one.opens_at: one.places for one in found} == {
        MORNING: {"DE", "FR"},
        NOW: {"JP", "US"},
    }
