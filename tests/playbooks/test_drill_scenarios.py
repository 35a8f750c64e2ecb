"""Scenarios are whole, and the people in them can never be reached."""

from datetime import UTC, datetime
from itertools import islice

import phonenumbers
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.rules.facts import check_together, parse_facts
from incidents.rules.lifecycle import INCIDENT
from incidents.rules.permissions import GRANTS, Permission, Role
from notifiers.fake.faults import Faults
from playbooks.errors import PlaybookError
from playbooks.loader import load
from playbooks.scenario import (
    SCENARIOS,
    Scenario,
    load_scenarios,
    parse_scenario,
    people_by_group,
    resolve,
)
from playbooks.synthetic import RESERVED_EMAIL, RESERVED_PHONE, synthetic_people

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALL = sorted(load_scenarios().values(), key=lambda scenario: scenario.id)
EACH = pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.id)
LEAK = load_scenarios()["leaked-survey-export"]
NEEDED = {
    "move_incident": Permission.MOVE_INCIDENT,
    "import_population": Permission.IMPORT_POPULATION,
    "draft_notice": Permission.EDIT_NOTICE,
    "approve_notice": Permission.APPROVE_NOTICE,
    "launch_campaign": Permission.RUN_CAMPAIGN,
    "approve_announcement": Permission.APPROVE_ANNOUNCEMENT,
    "publish_announcement": Permission.EDIT_ANNOUNCEMENT,
    "file_report": Permission.FILE_REPORT,
    "complete_step": Permission.DO_TASK,
}


def broken(**changes: object) -> str:
    raw = yaml.safe_load((SCENARIOS / f"{LEAK.id}.yaml").read_text(encoding="utf-8"))
    return yaml.safe_dump({**raw, **changes})


@EACH
def test_everything_learned_is_a_fact_and_stays_true_together(scenario: Scenario) -> None:
    facts = parse_facts(scenario.opening_facts(START))
    check_together(facts, START)
    for inject in scenario.timeline():
        facts |= parse_facts(resolve(inject.learn or {}, START))
        check_together(facts, START + inject.after)


@EACH
def test_the_playbook_exists_and_its_steps_are_the_ones_completed(scenario: Scenario) -> None:
    playbook = load()[scenario.playbook]
    acts = [inject.act for inject in scenario.injects if inject.act]

    assert playbook.fits(scenario.kind)
    assert {act.step for act in acts if act.do == "complete_step"} <= {
        step.id for step in playbook.steps
    }


@EACH
def test_the_incident_moves_only_along_its_table(scenario: Scenario) -> None:
    status = INCIDENT.start
    for inject in scenario.timeline():
        if inject.act and inject.act.do == "move_incident":
            status = INCIDENT.after(status, inject.act.move)


@EACH
def test_whoever_acts_has_a_role_that_may(scenario: Scenario) -> None:
    for inject in scenario.injects:
        if inject.act:
            assert NEEDED[inject.act.do] in GRANTS[Role(inject.by)], inject


@EACH
def test_the_fake_has_a_knob_for_every_fault(scenario: Scenario) -> None:
    assert {fault.fault for fault in scenario.faults} <= set(Faults.model_fields)


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"injects": [{"after": "PT80H", "by": "responder", "say": "x"}]}, "file", "after the end"),
        ({"injects": [{"after": "PT1H", "by": "responder"}]}, "injects[0]", "learns, says or acts"),
        (
            {"injects": [{"after": "PT1H", "by": "responder", "learn": {"contained_at": "PT2H"}}]},
            "file",
            "before it happens",
        ),
        (
            {"population": {"size": 9, "groups": [{"place": "DE", "locale": "de", "share": 0.5}]}},
            "population",
            "add up to 0.5",
        ),
        ({"expectations": [{"kind": "luck"}]}, "expectations[0]", "luck"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused(
    changes: dict[str, object], field: str, why: str
) -> None:
    with pytest.raises(PlaybookError) as caught:
        parse_scenario(broken(**changes), "sample.yaml")

    assert caught.value.field == field
    assert why in caught.value.why


@given(st.sampled_from(ALL), st.integers(0, 400), st.integers())
@settings(max_examples=25, deadline=None)
def test_invented_people_have_only_reserved_addresses(
    scenario: Scenario, count: int, seed: int
) -> None:
    people = list(synthetic_people(scenario, count, seed))

    assert len(people) == count
    for person in people:
        email, phone = person["email"], person["phone"]
        assert not email or RESERVED_EMAIL.match(email) or "@" not in email
        assert not phone or RESERVED_PHONE.match(phone)
        assert not person["push_token"] or person["push_token"].startswith("drill-")


def test_invented_people_are_as_many_per_place_as_the_shares_say() -> None:
    people = list(synthetic_people(LEAK, 1000, seed=1))
    places = [person["place"] for person in people]

    assert {place: places.count(place) for place in set(places)} == {
        "CN": 400, "DE": 160, "FR": 130, "GB": 110, "US-CA": 120, "SG": 80,
    }  # fmt: skip


@given(st.integers(0, 10_000))
@settings(deadline=None)
def test_the_groups_always_add_up(count: int) -> None:
    assert sum(size for _, size in people_by_group(LEAK.population, count)) == count


def test_invented_people_are_the_same_for_a_seed_and_no_two_share_an_address() -> None:
    people = list(synthetic_people(LEAK, 3000, seed=7))
    again = list(synthetic_people(LEAK, 3000, seed=7))
    others = list(islice(synthetic_people(LEAK, 3000, seed=8), 50))

    assert people == again
    assert people[:50] != others
    for key in ("ref", "email", "phone"):
        held = [person[key] for person in people if person[key]]
        assert len(set(held)) == len(held)


def test_invented_people_have_the_flaws_of_their_scenario() -> None:
    people = list(synthetic_people(LEAK, 4000, seed=1))
    share = {
        "bounce": sum("bounce" in person["email"] for person in people) / 4000,
        "invalid_email": sum(" at " in person["email"] for person in people) / 4000,
        "no_address": sum(not (p["email"] or p["phone"] or p["push_token"]) for p in people) / 4000,
    }

    assert share == pytest.approx(LEAK.population.flaws.model_dump(include=set(share)), abs=0.01)


def test_the_invented_numbers_pass_for_numbers() -> None:
    for person in synthetic_people(LEAK, 500, seed=1):
        if person["phone"]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(person["phone"]))
