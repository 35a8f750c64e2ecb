import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.conditions import Condition, MalformedCondition, Span, people_in


def value(text: str, **facts: object) -> bool | None:
    return Condition.parse(text).evaluate(facts).value


def missing(text: str, **facts: object) -> set[str]:
    return set(Condition.parse(text).evaluate(facts).missing)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("a and b", {"a": False}, False),  # a no decides, whatever b is
        ("a and b", {"a": True}, None),
        ("a or b", {"a": True}, True),
        ("a or b", {"a": False}, None),
        ("not a", {}, None),
        ("not a", {"a": False}, True),
        ("true and not false", {}, True),
        ("risk != 'unlikely'", {"risk": "high"}, True),
        ("risk in ('risk', 'high')", {}, None),
        ("role not in ('processor',)", {"role": "controller"}, True),
        ("'health' in data_categories", {"data_categories": ["health"]}, True),
        ("has('health')", {"data_categories": []}, False),  # known to lack it: no
        ("has('health')", {}, None),  # not known: unknown, never no
        ("flag('cii', 'central_organ')", {"organisation_flags": ["cii"]}, True),
        ("kind('integrity')", {"breach_kinds": ["confidentiality"]}, False),
        ("established_in('EEA')", {"establishment": "NO"}, True),
        ("established_in('EU')", {"establishment": "NO"}, False),
        ("known('aware_at')", {}, False),
        ("100 <= record_count < 500", {"record_count": 500}, False),
        ("100 <= record_count < 500", {"record_count": 100}, True),
    ],
)
def test_a_condition_has_three_values(text: str, facts: dict, expected: bool | None) -> None:
    assert value(text, **facts) is expected


@pytest.mark.parametrize(
    ("counts", "span"),
    [
        ({"US-CA": 400, "US-TX": 9}, Span(400, 400)),
        ({"US-CA": 400, "US": 200}, Span(400, 600)),  # their state is not known
        ({"US-CA": 400, "ZZ": 5}, Span(400, 405)),  # their place is not known
        ({"DE": 7}, Span(0, 0)),
    ],
)
def test_people_whose_state_is_not_known_may_live_in_it(counts: dict, span: Span) -> None:
    assert people_in("US-CA", {"people_by_place": counts}) == span


def test_a_threshold_is_open_only_while_the_unknown_people_can_cross_it() -> None:
    text = "people_in('US-CA') > 500"
    assert value(text, people_by_place={"US-CA": 400, "US": 100}) is False
    assert value(text, people_by_place={"US-CA": 400, "US": 101}) is None
    assert value(text, people_by_place={"US-CA": 501, "US": 9}) is True


def test_a_group_of_places_counts_its_members() -> None:
    places = {"DE": 2, "FR-75": 3, "NO": 4, "GB": 5, "CH": 6}
    assert people_in("EU", {"people_by_place": places}) == Span(5, 5)
    assert people_in("EEA", {"people_by_place": places}) == Span(9, 9)


def test_the_whole_limits_each_place_and_the_places_limit_the_whole() -> None:
    assert value("people_in('DE') >= 500", people_count=499) is False
    assert value("people_in('DE') >= 500", people_count=500) is None
    assert value("people_count >= 500", people_by_place={"DE": 300, "FR": 200}) is True
    assert value("people_count >= 500", people_by_place={"DE": 300}) is None


def test_only_what_can_still_decide_is_missing() -> None:
    text = "role == 'controller' and (has('health') or people_count >= 500) and not remediated"
    assert missing(text, role="processor") == set()
    assert missing(text, role="controller", data_categories=["health"]) == {"remediated"}
    assert missing(text, data_categories=["contact"], remediated=False) == {"role", "people_count"}
    assert missing(text, role="controller", people_count=900, remediated=False) == set()


def test_the_reasons_are_those_that_decided() -> None:
    verdict = Condition.parse("people_in('US-CA') > 500 and harm").evaluate(
        {"people_by_place": {"US-CA": 500}, "harm": True}
    )
    assert verdict.why == ("people in US-CA is 500 (more than 500: no)",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("risk > 'high'", "compares numbers"),
        ("risk is 1", "write =="),
        ("a.b", "a.b cannot stand here, at character 1"),
        ("__import__('os')", "no call __import__()"),
        ("hsa('health')", "did you mean has?"),
        ("has(health)", "holds only constants"),
        ("a and (b", "not a condition"),
        ("people_in('US')", "compare it"),
        ("x == 'a' + 'b'", "cannot be compared"),
        ("[x for x in y]", "cannot stand here"),
        ("1", "cannot stand here"),
        ("role in 'controller'", "needs a list"),
        ("", "not a condition"),
        ("a" * 3000, "longer than"),
        ("(" * 1000 + "a" + ")" * 900, "not a condition"),
        ("has()", "needs words in quotes"),
    ],
)
def test_a_malformed_condition_says_where_and_what_is_allowed(text: str, says: str) -> None:
    with pytest.raises(MalformedCondition) as refused:
        Condition.parse(text)
    assert says in str(refused.value)
    assert "allowed:" in str(refused.value)


def test_an_unknown_fact_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(MalformedCondition, match=r"no fact remedied \(did you mean remediated"):
        Condition.parse("not remedied", names=["remediated", "risk"])


NAMES = ("a", "b", "c")
TREES = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        inner.map(lambda part: f"(not {part})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
    ),
    max_leaves=6,
)


@given(TREES, st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_what_is_decided_stays_so_whatever_becomes_known(text: str, known: dict) -> None:
    condition = Condition.parse(text)
    verdict = condition.evaluate(known)
    open_ = [name for name in NAMES if name not in known]
    for values in itertools.product([True, False], repeat=len(open_)):
        later = condition.evaluate({**known, **dict(zip(open_, values, strict=True))})
        assert later.value is not None
        assert verdict.value in (None, later.value)
    assert verdict.missing <= set(open_)
    assert bool(verdict.missing) is (verdict.value is None)
