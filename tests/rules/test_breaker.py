"""When nothing more is handed to a provider, and when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.rules.breaker import Breaker, heard, pause, probing, sign, tripped

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("signs", "opens"),
    [
        ("ccccc", "unreachable"),
        ("cccc", ""),
        ("cccc.c", ""),
        ("ffffff....", "failing"),
        ("fffff.....", ""),
        ("fffffffff", ""),  # nine calls say nothing of a share
        ("." * 24 + "f" * 26, "failing"),
        ("." * 25 + "f" * 25, ""),
        ("f" * 9 + "." * 50, ""),  # long ago
        ("..k..", "credentials"),
        ("." * 50, ""),
        ("", ""),
    ],
)
def test_a_breaker_opens_on_what_the_last_calls_said(signs, opens):
    after = heard(Breaker(), signs, NOW)
    assert (after.state, after.reason) == (("open", opens) if opens else ("closed", ""))


def test_calls_in_several_batches_count_as_calls_in_one():
    breaker = Breaker()
    for _ in range(5):
        assert breaker.state == "closed"
        breaker = heard(breaker, "c", NOW)
    assert breaker.state == "open"


def test_a_probe_that_succeeds_closes_it_and_forgets_what_was():
    breaker = probing(heard(Breaker(), "ccccc", NOW), NOW)
    assert heard(breaker, ".", NOW) == Breaker()


def test_a_probe_that_fails_opens_it_for_twice_as_long():
    once = heard(Breaker(), "ccccc", NOW)
    twice = heard(probing(once, NOW), "c", NOW)
    assert once.probe_at - NOW == timedelta(seconds=5)
    assert (twice.state, twice.probe_at - NOW) == ("open", timedelta(seconds=10))


def test_what_was_under_way_when_it_opened_neither_closes_nor_lengthens_it():
    breaker = heard(Breaker(), "ccccc", NOW)
    later = heard(breaker, "..cc", NOW)
    assert (later.state, later.probe_at, later.trips) == ("open", breaker.probe_at, 1)


def test_a_probe_that_never_came_back_may_be_sent_again():
    breaker = probing(heard(Breaker(), "ccccc", NOW), NOW)
    assert probing(breaker, NOW + timedelta(minutes=1)).state == "half_open"


def test_pauses_grow_to_a_minute_and_a_refused_account_waits_for_whoever_mends_it():
    seconds = [pause(trips, "failing").total_seconds() for trips in (1, 2, 3, 4, 5, 60)]
    assert seconds == [5, 10, 20, 40, 60, 60]
    assert pause(1, "credentials") == timedelta(minutes=1)
    assert tripped(Breaker(), "credentials", NOW).probe_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("trouble", "status", "kind", "said"),
    [
        ("", 202, "accepted", "."),
        ("", 400, "refused", "."),
        ("", 400, "split", "."),
        ("", 500, "unknown", "f"),
        ("", 503, "retry", "f"),
        ("", 401, "retry", "k"),
        ("", 403, "retry", "k"),
        ("", 403, "refused", "."),  # one person's dead token
        ("", 429, "retry", ""),
        ("", None, "retry", ""),  # out of time before sending: our own process
        ("", None, "unknown", ""),  # stopped while sending: likewise
        ("unreachable", None, "retry", "c"),
        ("failing", None, "unknown", "f"),
        ("credentials", 400, "retry", "k"),
    ],
)
def test_what_one_call_says_of_its_provider(trouble, status, kind, said):
    assert sign(trouble, status, kind) == said
