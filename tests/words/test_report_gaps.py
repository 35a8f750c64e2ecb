"""What a report does not tell yet, and by when it must."""

from datetime import UTC, datetime, timedelta

from incidents.rules.report_content import fill
from incidents.rules.report_forms import form_named
from incidents.rules.report_gaps import Deadline, gaps

NOW = datetime(2026, 3, 6, 4, tzinfo=UTC)
FORM = form_named("eu_nis2")


def due(stage, hours):
    at = None if hours is None else NOW + timedelta(hours=hours)
    return Deadline(stage=stage, name={"en": stage}, due_at=at)


def found(stage, deadlines, facts=None):
    content = fill(FORM, facts or {}, stage, now=NOW)
    return {gap.name: gap for gap in gaps(content, deadlines)}


SERIES = (due("final", 720), due("early_warning", 24), due("initial", 72))


def test_each_answer_is_due_with_the_stage_that_needs_it():
    missing = found("initial", SERIES)
    assert missing["malicious"].now
    assert missing["risk_assessment"].due_at == NOW + timedelta(hours=72)
    assert missing["risk_assessment"].follows.stage == "final"
    early = found("early_warning", SERIES)
    assert early["aware_at"].due_at == NOW + timedelta(hours=24)
    assert early["aware_at"].follows.stage == "initial"


def test_what_only_a_later_stage_needs_is_due_with_the_first_one_there_is():
    content = fill(form_named("generic"), {}, "initial", now=NOW)
    later = (due("initial", 24), due("final", 720))
    missing = {gap.name: gap for gap in gaps(content, later)}
    assert not missing["cause"].now
    assert (missing["cause"].stage, missing["cause"].due_at) == ("final", NOW + timedelta(days=30))


def test_without_a_later_stage_nothing_is_promised():
    missing = found("initial", (due("initial", 72),))
    assert missing["risk_assessment"].follows is None
    content = fill(form_named("generic"), {}, "initial", now=NOW)
    (cause,) = (gap for gap in gaps(content, (due("initial", 72),)) if gap.name == "cause")
    assert cause.due_at is None


def test_what_this_stage_needs_stands_first_and_a_clock_that_waits_stands_last():
    content = fill(form_named("generic"), {}, "initial", now=NOW)
    order = gaps(content, (due("initial", 24), due("supplementary", None)))
    assert [gap.now for gap in order] == sorted((gap.now for gap in order), reverse=True)
    assert order[-1].due_at is None


def test_what_is_known_or_asked_only_if_there_is_something_is_no_gap():
    missing = found("initial", SERIES, {"aware_at": "2026-03-05T04:00:00Z"})
    assert "aware_at" not in missing
    assert "other" not in missing
