"""A rule that cannot be judged is unknown and says why; the others are judged all the same."""

from datetime import UTC, datetime

import pytest

from incidents.rules.assessment import assessment
from incidents.rules.calendars import UnknownCalendar, add_business_days, known_years
from incidents.rules.catalogue import load
from incidents.rules.duties import assess
from tests.rules.laws import laws, rule

NOW = datetime(2026, 12, 28, tzinfo=UTC)
FACTS = {"role": "controller", "aware_at": NOW}
LAWS = laws(
    rule("xx-cn-1", clock="{business_days: 5, calendar: CN, zone: Asia/Shanghai}"),
    rule("xx-hours-1"),
    rule("xx-partner-1", when="role == 'processor'",
         clock="{business_days: 5, calendar: CN, zone: Asia/Shanghai}"),
)  # fmt: skip


def test_a_year_whose_working_weekends_are_not_published_is_refused_by_name() -> None:
    last = known_years("CN")[1]
    with pytest.raises(UnknownCalendar, match=rf"CN in {last + 1} are not known"):
        add_business_days(datetime(last, 12, 31, tzinfo=UTC).date(), 1, "CN")
    assert known_years("US")[1] >= 2090  # by rule, without anybody's decree


def test_a_clock_into_an_unknown_year_counts_every_day_and_is_said() -> None:
    last = known_years("CN")[1]
    start = datetime(last, 12, 28, 4, tzinfo=UTC)
    duties = {duty.rule: duty for duty in assess({**FACTS, "aware_at": start}, LAWS, start)}
    duty = duties["xx-cn-1"]
    assert duty.status == "unknown"
    # Five days from 28 December, weekends and New Year counted: 24:00 of 2 January in China.
    assert duty.due_at == datetime(last + 1, 1, 2, 16, tzinfo=UTC)
    assert f"CN in {last + 1} are not known" in str(duty.left_out)
    assert any("every day is counted" in line for line in duty.arithmetic)
    assert any("could not be judged to the end" in line for line in duty.why)
    assert duties["xx-hours-1"].status == "owed"
    assert duties["xx-partner-1"].status == "not_owed"  # nothing to count, nothing left out


def test_a_moment_that_no_calendar_reaches_leaves_out_its_rule_alone() -> None:
    years = rule("xx-far-1", clock="{months: 9}", trigger="{facts: [confirmed_at]}")
    facts = {**FACTS, "confirmed_at": datetime(9999, 12, 1, tzinfo=UTC)}
    catalogue = laws(years, rule("xx-hours-1"))
    answer = assessment(facts, catalogue, NOW)
    by_rule = {one["rule"]: one for one in answer["duties"]}
    assert by_rule["xx-far-1"]["status"] == "unknown"
    assert by_rule["xx-far-1"]["why"][0] == "not known yet: due unless established otherwise"
    assert by_rule["xx-hours-1"]["due_at"] == "2026-12-31T00:00:00Z"
    (left_out,) = answer["left_out"]
    assert left_out["rule"] == "xx-far-1"


def test_the_laws_that_ship_leave_nothing_out() -> None:
    facts = {"role": "controller", "aware_at": "2026-03-02T03:00:00Z"}
    assert not [duty for duty in assess(facts, load(), datetime(2026, 3, 3, tzinfo=UTC))
                if duty.left_out]  # fmt: skip
