"""A score says of each clock, element and person how the drill went; it never flatters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incidents.rules.drill_score import Clock, Reach, Record, Scorecard, clock_score, compare, score
from incidents.rules.notice_words import Contact, NoticeWords
from playbooks.scenario import DutyMet, ElementsComplete, EveryoneAccounted, ReachedWithin

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = NoticeWords(
    title="A leak",
    organisation="Example",
    what_happened=("A file was open.",),
    possible_effect=("Somebody may have read it.",),
    what_we_did=("We closed it.",),
    what_you_can_do=("Be careful.",),
    what_help_we_offer=("Call us.",),
    contact=Contact(name="Help line", email="help@example.org"),
    issued_on=START.date(),
)


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def clock(**changes: Any) -> Clock:
    row = {
        "rule": "eu-gdpr-33",
        "title": "Tell the authority",
        "stage": "initial",
        "place": "EEA",
        "audience": "authority",
        "standing": "owed",
        "status": "met",
        "is_target": False,
        "start_at": START,
        "due_at": hours(72),
        "settled_at": hours(40),
    }
    return Clock(**row | changes)


def record(**changes: Any) -> Record:
    row = {
        "started_at": START,
        "ended_at": hours(80),
        "moments": {"aware_at": START},
        "milestones": {"triaged": hours(1)},
        "clocks": [clock()],
        "words": {"en": WORDS},
        "people": 10,
        "buckets": {"delivered": 9, "announced": 1},
        "reach": [Reach(hours=1, people=9)],
        "participants": [],
    }
    return Record(**row | changes)


@pytest.mark.parametrize(
    ("changes", "verdict", "margin", "alarms"),
    [
        ({"settled_at": hours(40)}, "in_time", 32, (50,)),
        ({"settled_at": hours(72)}, "in_time", 0, (50, 75, 90, 100)),
        ({"settled_at": hours(73)}, "late", -1, (50, 75, 90, 100)),
        ({"status": "open", "settled_at": None}, "missed", -8, (50, 75, 90, 100)),
        (
            {"status": "open", "settled_at": None, "due_at": hours(100)},
            "running",
            20,
            (50, 75),
        ),
        (
            {"status": "open", "settled_at": None, "due_at": None, "standing": "unknown"},
            "undecided",
            None,
            (),
        ),
        ({"status": "waived", "settled_at": hours(1)}, "waived", 71, ()),
        ({"status": "no_longer_owed", "settled_at": hours(1)}, "ended", 71, ()),
    ],
)
def test_a_clock_is_judged_by_when_its_duty_was_settled(changes, verdict, margin, alarms):
    found = clock_score(clock(**changes), hours(80))
    assert (found.verdict, found.margin_hours, found.alarms) == (verdict, margin, alarms)


def one(expectation: Any, happened: Record) -> tuple[bool, str]:
    mark = score([expectation], happened).marks[0]
    return mark.passed, mark.why


@pytest.mark.parametrize(
    ("clocks", "passed"),
    [
        ([clock()], True),
        ([clock(), clock(stage="final", status="open", settled_at=None, due_at=hours(99))], True),
        ([clock(), clock(stage="final", settled_at=hours(73))], False),
        ([clock(status="open", settled_at=None, due_at=hours(99))], False),
        ([clock(status="waived")], False),
        ([clock(place="GB")], False),
        ([clock(place="DE", settled_at=hours(80)), clock()], False),
        ([clock(audience="people")], False),
        ([], False),
    ],
)
def test_a_duty_counts_as_met_only_by_its_own_place_and_in_time(clocks, passed):
    expected = DutyMet(kind="duty_met", place="DE", audience="authority")
    assert one(expected, record(clocks=clocks))[0] is passed


def test_a_milestone_that_was_never_reached_is_not_met():
    expected = ReachedWithin(kind="reached_within", milestone="triaged", within="PT2H")
    assert one(expected, record()) == (True, "after 1 h")
    assert one(expected, record(milestones={"triaged": hours(3)})) == (False, "after 3 h")
    assert one(expected, record(milestones={})) == (False, "triaged: never")
    assert one(expected, record(moments={})) == (False, "aware_at: never")


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"possible_effect": ()}, "what_happened"),
        ({"what_we_did": ()}, "what_we_did"),
        ({"what_you_can_do": ("",)}, "what_you_can_do"),
        ({"what_help_we_offer": ()}, "what_help_we_offer"),
        ({"contact": Contact(name="Help line")}, "contact"),
        ({"issued_on": None}, "date"),
    ],
)
def test_each_element_is_looked_for_in_each_language(missing, named):
    words = {"en": WORDS, "de": WORDS.model_copy(update=missing)}
    expected = ElementsComplete(kind="elements_complete", locales=("en", "de"))
    assert one(expected, record(words=words)) == (False, f"de lacks {named}")
    card = score([expected], record(words=words))
    assert [name for name, there in card.elements["de"].items() if not there] == [named]
    assert all(card.elements["en"].values())


def test_a_language_without_words_is_told():
    expected = ElementsComplete(kind="elements_complete", locales=("en", "fr"))
    assert one(expected, record()) == (False, "fr has no words")


@pytest.mark.parametrize(
    ("buckets", "passed"),
    [
        ({"delivered": 9, "announced": 1}, True),
        ({"delivered": 8, "withheld": 1, "suppressed": 1}, True),
        ({"delivered": 9}, False),
        ({"delivered": 10, "announced": 1}, False),
        ({"delivered": 9, "unknown": 1}, False),
        ({"delivered": 9, "exhausted": 1}, False),
        ({}, False),
    ],
)
def test_everyone_is_in_one_bucket_or_the_drill_says_so(buckets, passed):
    expected = EveryoneAccounted(kind="everyone_accounted")
    assert one(expected, record(buckets=buckets))[0] is passed


def test_nobody_is_not_everyone():
    expected = EveryoneAccounted(kind="everyone_accounted")
    assert one(expected, record(buckets={}, people=0)) == (False, "there is nobody")


def test_a_run_is_compared_with_the_one_before_by_what_differs():
    expected = [
        DutyMet(kind="duty_met", place="DE", audience="authority"),
        EveryoneAccounted(kind="everyone_accounted"),
    ]
    before = score(expected, record(clocks=[clock(settled_at=hours(73))]))
    now = score(expected, record(reach=[Reach(hours=1, people=8)]))
    found = {change.what: (change.before, change.now) for change in compare(before, now)}
    assert found == {
        "score": ("50 %", "100 %"),
        "DE: every duty to authority is met in time": ("not met", "met"),
        "clock eu-gdpr-33 initial": ("late, -1.0 h", "in_time, +32.0 h"),
        "reached within 1 h": ("90.0%", "80.0%"),
    }
    assert compare(now, now) == []


def test_a_score_is_kept_as_json_and_read_back_the_same():
    card = score([EveryoneAccounted(kind="everyone_accounted")], record())
    assert Scorecard.model_validate(card.model_dump(mode="json")) == card
