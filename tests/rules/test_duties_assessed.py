import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents.rules.catalogue import Catalogue, Law, load, read_law
from incidents.rules.duties import AssessedDuty, assess, compare, what_if

NOW = datetime(2026, 3, 3, tzinfo=UTC)
FACTS = {
    "role": "controller",
    "establishment": "DE",
    "organisation_flags": ["network_operator"],
    "breach_kinds": ["confidentiality"],
    "data_categories": ["contact", "survey_answers"],
    "people_by_place": {"CN": 6000, "DE": 1500, "FR": 900, "GB": 700, "US-CA": 500, "SG": 400},
    "people_count": 10_000,
    "risk": "high",
    "harm": True,
    "china_grade": "general",
    "malicious": True,
    "detected_at": "2026-03-02T01:00:00Z",
    "aware_at": "2026-03-02T03:00:00Z",
}


def judged(facts: dict = FACTS, now: datetime = NOW, **changes: object) -> dict[str, AssessedDuty]:
    return {duty.rule: duty for duty in assess({**facts, **changes}, load(), now)}


def test_one_breach_in_six_places_owes_what_each_law_asks() -> None:
    owed = {rule for rule, duty in judged().items() if duty.status == "owed"}
    assert owed == {
        "cn-pipl-57-authority", "cn-pipl-57-people",
        # A network operator in China: the three data laws ask beside PIPL, by nature not by size.
        "cn-csl-44-authority", "cn-csl-44-people",
        "cn-dsl-29-authority", "cn-dsl-29-people",
        # Harm, so people are told; an attack, so the police are.
        "cn-ndsr-11-authority", "cn-ndsr-11-people", "cn-ndsr-11-police",
        "eu-gdpr-33", "eu-gdpr-33-5", "eu-gdpr-34",
        "uk-gdpr-33", "uk-gdpr-33-5", "uk-gdpr-34",
        "sg-pdpa-26c", "sg-pdpa-26d-1", "sg-pdpa-26d-2",
    }  # fmt: skip


def test_an_unknown_fact_leaves_the_duty_due_unless_established() -> None:
    duty = judged(risk=None)["eu-gdpr-33"]
    assert duty.status == "unknown"
    assert duty.is_open
    assert duty.missing == ("risk",)
    assert duty.needs_by == duty.due_at == datetime(2026, 3, 5, 3, tzinfo=UTC)
    assert duty.why[0] == "not known yet: due unless established otherwise"


def test_without_any_fact_nothing_is_not_owed_but_what_waits_for_an_event() -> None:
    duties = judged({})
    quiet = {rule for rule, duty in duties.items() if duty.status == "not_owed"}
    assert quiet == {
        # More became known after the first report.
        "cn-incident-7-supplement", "eu-gdpr-33-4", "kr-network-act-48-3-supplement",
        "us-8k-105-amendment", "us-nydfs-500-17-a-2",
        # A delay that an authority asked for ended.
        "us-8k-105-after-delay", "us-me-1348-after-release",
        # The authority of each member state, once we and the people are placed.
        *(rule.id for rule in load().law_of("eu-gdpr-33-fr").content.rules),
    }  # fmt: skip
    assert all("known('" in str(load().rule(rule).when) for rule in quiet)
    assert all(duty.waits_for for rule, duty in duties.items() if rule not in quiet)


def test_an_exception_ends_a_duty_only_once_it_is_established() -> None:
    duty = judged()["eu-gdpr-34"]
    assert duty.status == "owed"
    assert "remediated" in duty.could_end
    ended = judged(remediated=True)["eu-gdpr-34"]
    assert (ended.status, ended.due_at) == ("not_owed", None)
    assert ended.why_not[0].endswith("(art. 34(3)(b))")


def test_a_missing_trigger_falls_back_to_the_earliest_known_and_says_so() -> None:
    duty = judged(aware_at=None, suspected_at="2026-03-02T02:00:00Z")["eu-gdpr-33"]
    assert duty.trigger == "detected_at"
    assert duty.start_at == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert any("aware_at is not known: counted from detected_at" in line for line in duty.why)


def test_when_it_happened_starts_no_clock_of_awareness() -> None:
    duty = judged(aware_at=None, detected_at=None, occurred_at="2025-01-01T00:00:00Z")["eu-gdpr-33"]
    assert (duty.status, duty.due_at, duty.waits_for) == ("owed", None, "aware_at")


def test_a_hold_is_shown_and_the_due_time_stays() -> None:
    changes = {"data_categories": ["ssn"], "law_enforcement_hold": True}
    duty = judged(**changes)["us-ca-1798-82-people"]
    assert duty.held
    assert duty.due_at is not None
    assert any("1798.82(c)" in line for line in duty.why)


def test_the_law_in_force_when_the_clock_started_is_the_law_that_judges() -> None:
    facts = {**FACTS, "data_categories": ["ssn"], "aware_at": None}
    old = judged(facts, detected_at="2025-12-31T20:00:00-08:00")
    new = judged(facts, detected_at="2026-01-01T00:00:00-08:00")
    assert "us-ca-1798-82-people" not in old
    assert old["us-ca-1798-82-people-before-2026"].is_target
    assert "us-ca-1798-82-people-before-2026" not in new
    assert not new["us-ca-1798-82-people"].is_target


def test_a_law_not_yet_in_force_is_silent() -> None:
    assert "cn-incident-4-operator" not in judged(detected_at="2025-10-31T23:59:59+08:00")


def test_the_numbers_of_china_set_the_grade_when_nobody_has() -> None:
    facts = {**FACTS, "china_grade": None, "people_by_place": {"CN": 1_000_000}}
    facts["people_count"] = 1_000_000
    assert judged(facts)["cn-incident-4-operator"].status == "owed"
    assert judged(facts, people_by_place={"CN": 999_999})["cn-incident-4-operator"].missing == (
        "china_grade",
    )


def test_the_authority_is_that_of_the_main_establishment() -> None:
    assert "CNIL (France)" in str(judged(establishment="FR")["eu-gdpr-33"].authority)
    assert "Nordrhein-Westfalen" in str(judged(establishment="DE-NW")["eu-gdpr-33"].authority)
    assert "of the Land" in str(judged()["eu-gdpr-33"].authority)


def test_without_an_establishment_in_the_eea_every_authority_concerned_is_told() -> None:
    duties = judged(establishment="CN")
    owed = {rule for rule, duty in duties.items() if duty.status == "owed"}
    assert {rule for rule in owed if rule.startswith("eu-gdpr-33")} == {
        "eu-gdpr-33-de", "eu-gdpr-33-fr", "eu-gdpr-33-5",
    }  # fmt: skip
    assert "CNIL (France)" in str(duties["eu-gdpr-33-fr"].authority)
    assert "paragraph 73" in duties["eu-gdpr-33"].why_not[0]


def test_the_most_urgent_comes_first_and_what_is_not_owed_last() -> None:
    duties = assess({**FACTS, "risk": None}, load(), NOW)
    open_ = [duty.due_at for duty in duties if duty.is_open and duty.due_at]
    assert open_ == sorted(open_)
    assert [duty.is_open for duty in duties] == sorted(
        (duty.is_open for duty in duties), reverse=True
    )


def test_a_duty_survives_json() -> None:
    for duty in judged().values():
        assert AssessedDuty.from_json(json.loads(json.dumps(duty.as_json()))) == duty


def test_a_duty_is_pinned_to_the_hash_of_its_law() -> None:
    duty = judged()["eu-gdpr-33"]
    assert duty.rule_version == load().law_of("eu-gdpr-33").sha256
    assert len(duty.rule_version) == 64


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, {}),
        ({"aware_at": "2026-03-02T02:00:00Z"}, {"eu-gdpr-33": "moved_earlier"}),
        ({"aware_at": "2026-03-02T04:00:00Z"}, {"eu-gdpr-33": "moved_later"}),
        ({"risk": "unlikely"}, {"eu-gdpr-33": "ended", "eu-gdpr-34": "ended"}),
        ({"risk": None}, {"eu-gdpr-33": "status"}),
        (
            {"data_categories": ["ssn"], "people_by_place": {"US-CA": 501}},
            {"us-ca-1798-82-people": "appeared", "us-ca-1798-82-f": "appeared"},
        ),
        (
            {"data_categories": ["ssn"], "people_by_place": {"US-CA": 500}},
            {"us-ca-1798-82-people": "appeared", "us-ca-1798-82-f": None},
        ),
    ],
)
def test_what_if_shows_what_appears_ends_and_moves(changes: dict, kinds: dict) -> None:
    found = {change.rule: change for change in what_if(FACTS, changes, load(), NOW)}
    if not changes:
        assert found == {}
    for rule, kind in kinds.items():
        assert (found[rule].kind if rule in found else None) == kind
        assert rule not in found or found[rule].why


def test_gained_time_is_told_apart_from_lost_time() -> None:
    later = what_if(FACTS, {"aware_at": "2026-03-02T04:00:00Z"}, load(), NOW)
    earlier = what_if(FACTS, {"aware_at": "2026-03-02T02:00:00Z"}, load(), NOW)
    gone = what_if(FACTS, {"aware_at": None, "detected_at": None}, load(), NOW)
    assert {change.lengthens for change in later if change.kind.startswith("moved")} == {True}
    assert not any(change.lengthens for change in earlier)
    assert any(change.kind == "stopped" and change.lengthens for change in gone)


def test_another_version_of_the_law_shows_as_a_change() -> None:
    before = list(judged().values())
    law = load().law_of("eu-gdpr-33")
    other = Catalogue((Law(law.path, "0" * 64, law.content),))
    after = [*assess(FACTS, other, NOW), *(d for d in before if not d.rule.startswith("eu-"))]
    changes = compare(before, after)
    assert {change.kind for change in changes} == {"law"}
    assert {change.rule for change in changes} == {"eu-gdpr-33", "eu-gdpr-33-5", "eu-gdpr-34"}


def test_more_people_and_places_never_take_a_duty_away() -> None:
    for place in ("DE", "US-CA", "US-TX", "SG", "ZZ"):
        more = {**FACTS["people_by_place"], place: 1_000_000}
        owed = {rule for rule, duty in judged().items() if duty.is_open}
        then = judged(people_by_place=more, people_count=None)
        assert all(then[rule].is_open for rule in owed)


def test_a_rule_we_are_unsure_of_is_recommended_and_never_a_hard_clock() -> None:
    unsure = read_law(UNSURE.encode(), "unsure.yaml")
    (duty,) = assess(FACTS, Catalogue((Law("unsure.yaml", "0" * 64, unsure),)), NOW)
    assert (duty.status, duty.is_target, duty.is_open) == ("recommended", True, False)
    # 48 hours from 03:00 on the 2nd.
    assert duty.due_at == NOW + timedelta(hours=27)


ENDS = """
instrument:
  {id: xx.test, title: T, jurisdiction: XX, bound: B, citation: C, verified: V, confidence: high,
   reviewed: 2026-11-22}
rules:
  - id: xx-test-people
    title: T
    place: XX
    audience: people
    stage: single
    channels: [email]
    when: &when role == 'controller'
    trigger: &aware {facts: [aware_at], arguable_from: confirmed_at}
    clock: &soft {without_delay: {calendar_days: 30}}
    clock_basis: ours
    met_when: {people_told: {share: 1.0}}
    effective: &since {from: 2020-01-01}
    source: S
    confidence: high
  - id: xx-test-authority
    title: T
    place: XX
    audience: authority
    stage: single
    authority: {name: A}
    when: *when
    trigger: *aware
    clock: *soft
    no_later_than: people_notified_at
    clock_basis: ours
    met_when: {report_filed: {}}
    effective: *since
    source: S
    confidence: high
  - id: xx-test-after
    title: T
    place: XX
    audience: authority
    stage: final
    authority: {name: A}
    when: *when
    trigger: {facts: [people_notified_at], or_due_of: xx-test-people}
    clock: {calendar_days: 10}
    met_when: {report_filed: {}}
    effective: *since
    source: S
    confidence: high
"""


def told(**changes: object) -> dict[str, AssessedDuty]:
    law = Catalogue((Law("ends.yaml", "0" * 64, read_law(ENDS.encode(), "ends.yaml")),))
    return {duty.rule: duty for duty in assess({**FACTS, **changes}, law, NOW)}


def test_telling_people_ends_the_time_to_tell_the_authority() -> None:
    before = told(confirmed_at="2026-03-09T03:00:00Z")["xx-test-authority"]
    assert before.due_at == datetime(2026, 4, 2, tzinfo=UTC)
    assert before.is_target
    assert before.latest_arguable == datetime(2026, 4, 9, tzinfo=UTC)
    after = told(confirmed_at="2026-03-09T03:00:00Z", people_notified_at="2026-03-12T09:00:00Z")
    duty = after["xx-test-authority"]
    assert duty.due_at == datetime(2026, 3, 12, 9, tzinfo=UTC)
    assert (duty.is_target, duty.latest_arguable) == (False, None)
    assert any("no later than people_notified_at" in line for line in duty.arithmetic)


def test_people_told_late_do_not_lengthen_the_time_to_tell_the_authority() -> None:
    duty = told(people_notified_at="2026-05-01T09:00:00Z")["xx-test-authority"]
    assert duty.due_at == datetime(2026, 4, 2, tzinfo=UTC)


def test_a_time_that_hangs_on_our_target_is_our_target_until_its_own_moment_is_known() -> None:
    assert told()["xx-test-after"].is_target
    after = told(people_notified_at="2026-03-12T09:00:00Z")["xx-test-after"]
    assert (after.is_target, after.due_at) == (False, datetime(2026, 3, 23, tzinfo=UTC))


UNSURE = """
instrument:
  {id: xx.test, title: T, jurisdiction: XX, bound: B, citation: C, verified: V, confidence: low,
   reviewed: 2026-11-22}
rules:
  - id: xx-test-1
    title: T
    place: XX
    audience: authority
    stage: single
    authority: {name: A}
    when: role == 'controller'
    trigger: {facts: [aware_at]}
    clock: {hours: 48}
    met_when: {report_filed: {}}
    effective: {from: 2020-01-01}
    source: S
    confidence: low
"""
