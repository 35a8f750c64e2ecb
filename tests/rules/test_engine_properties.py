"""What must hold of every law and any facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.rules.catalogue import load
from incidents.rules.deadlines import Clock, due_at
from incidents.rules.duties import assess
from incidents.rules.facts import DATA, ENCRYPTION, FACTS, FLAGS, KINDS, RISKS, ROLES

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PLACES = ("CN", "DE", "FR", "GB", "JP", "BR", "SG", "US-CA", "US-TX", "US-NY", "US", "ZZ")
MOMENTS = ("detected_at", "aware_at", "confirmed_at", "assessed_notifiable_at")
MANY = settings(max_examples=25, deadline=None)


def few(words: dict[str, str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(words)), max_size=4, unique=True)


FLAG_FACTS = [name for name, kind in FACTS.items() if kind.type == "flag"]
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(sorted(ROLES)),
        "establishment": st.sampled_from(["CN", "DE", "FR", "US-NY", "GB"]),
        "organisation_flags": few(FLAGS),
        "data_categories": few(DATA),
        "breach_kinds": few(KINDS),
        "encryption": st.sampled_from(sorted(ENCRYPTION)),
        "risk": st.sampled_from(sorted(RISKS)),
        "people_by_place": st.dictionaries(
            st.sampled_from(PLACES), st.integers(0, 2_000), max_size=5
        ),
        **{name: st.booleans() for name in FLAG_FACTS[:12]},
        **{
            name: st.datetimes(datetime(2026, 5, 1), datetime(2026, 5, 31)).map(  # noqa: DTZ001
                lambda moment: moment.replace(tzinfo=UTC)
            )
            for name in MOMENTS
        },
    },
)


def judged(facts: dict) -> dict:
    return {duty.rule: duty for duty in assess(facts, load(), NOW)}


@cache
def only_for_few() -> frozenset[str]:
    """Rules that end where a number grows: below a number another duty stands in their place."""
    return frozenset(
        rule.id
        for rule in load().rules
        for condition in (rule.when, *(exempt.when for exempt in rule.unless))
        for one in condition.comparisons
        if one.sign in ("<", "<=", "==", "!=")
        and ("people" in one.left.label or "people" in one.right.label)
    )


@MANY
@given(KNOWN, st.sampled_from(PLACES), st.integers(1, 1_000_000))
def test_more_people_never_take_a_duty_away(facts: dict, place: str, more: int) -> None:
    before = judged(facts)
    counts = dict(facts.get("people_by_place") or {})
    counts[place] = counts.get(place, 0) + more
    after = judged({**facts, "people_by_place": counts})
    # From "any number anywhere" to a list of places is knowledge, not more people.
    known = "people_by_place" in facts
    for rule, duty in before.items():
        if duty.status == "owed" or (duty.status == "unknown" and known):
            assert after[rule].status != "not_owed" or rule in only_for_few()


@MANY
@given(KNOWN)
def test_no_later_reading_comes_before_the_safe_one(facts: dict) -> None:
    for duty in judged(facts).values():
        if duty.latest_arguable is not None:
            assert duty.due_at < duty.latest_arguable
        if duty.due_at is not None and duty.start_at is not None:
            assert duty.start_at <= duty.due_at or "no later than" in str(duty.arithmetic)


@MANY
@given(KNOWN, st.data())
def test_what_is_not_known_never_shortens_the_list(facts: dict, data: st.DataObject) -> None:
    if not facts:
        return
    gone = data.draw(st.sampled_from(sorted(facts)))
    less = judged({name: value for name, value in facts.items() if name != gone})
    for rule, duty in judged(facts).items():
        if duty.is_open and rule in less:
            asks = load().rule(rule).when.mentions
            stated = any(one.how == "known" and one.fact == gone for one in asks)
            assert less[rule].status != "not_owed" or stated


@MANY
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    st.integers(1, 2_000),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Chatham"]),
)
def test_hours_are_hours_in_every_zone(start: datetime, hours: int, zone: str) -> None:
    start = start.replace(tzinfo=UTC)
    assert due_at(Clock(hours=hours, zone=zone), start).due_at == start + timedelta(hours=hours)


@MANY
@given(KNOWN)
def test_every_answer_can_be_read_and_written(facts: dict) -> None:
    for duty in judged(facts).values():
        assert type(duty).from_json(duty.as_json()) == duty
        assert duty.why if duty.status != "not_owed" else duty.why_not
        assert duty.missing if duty.status == "unknown" else not duty.missing
