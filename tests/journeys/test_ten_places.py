"""People in ten places, and three thresholds crossed one after the other: what each one adds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.api.desk import Desk
from tests.conftest import NOW

AWARE = NOW - timedelta(hours=1)
PEOPLE = {
    "CN": 999_999, "DE": 1_200, "FR": 800, "GB": 450, "US-TX": 249,
    "US-CA": 500, "SG": 499, "JP": 1_000, "KR": 999, "BR": 300,
}  # fmt: skip
FACTS = {
    "role": "controller",
    "establishment": "CN",
    "organisation_flags": ["network_operator"],
    "people_by_place": PEOPLE,
    "data_categories": ["contact", "ssn"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
    "malicious": False,
    "risk": "high",
    "harm": True,
    "good_faith_internal": False,
    "law_enforcement_hold": False,
    "direct_loss_cny": 0,
    "china_grade": "general",
}


@pytest.fixture
def lead(client, as_role) -> Desk:
    return Desk(client, as_role("commander", "privacy_officer"))


@pytest.fixture
def incident(lead):
    moments = {"aware_at": AWARE.isoformat(), "detected_at": AWARE.isoformat()}
    return lead.open(facts=FACTS, moments=moments)


def owed(lead, incident) -> dict[str, datetime | None]:
    """The rules that are owed now, with their due times."""
    return {
        rule: duty["due_at"] and datetime.fromisoformat(duty["due_at"])
        for rule, duty in lead.duties(incident).items()
        if (duty["standing"], duty["status"]) == ("owed", "open")
    }


def appearing(lead, incident, change) -> set[str]:
    """What would be owed by other facts, asked without keeping them."""
    answer = lead.post(f"/incidents/{incident['id']}/assessments", {"changes": change})
    return {one["rule"] for one in answer["changes"] if one["kind"] in {"appeared", "status"}}


def test_each_threshold_adds_its_own_duties_and_nothing_else(lead, incident):
    places = dict(PEOPLE)
    seen = owed(lead, incident)
    assert {"eu-gdpr-33-de", "eu-gdpr-33-fr", "uk-gdpr-33", "us-tx-521-053-people"} <= seen.keys()
    assert "us-tx-521-053-authority" not in seen
    for place, one_more, appears in (
        ("US-TX", 250, "us-tx-521-053-authority"),
        ("US-CA", 501, "us-ca-1798-82-f"),
        ("CN", 1_000_000, "cn-incident-4-operator"),
    ):
        places[place] = one_more
        change = {"people_by_place": places}
        if place == "CN":
            change["china_grade"] = "relatively_major"
        foreseen = appearing(lead, incident, change)
        lead.learn(incident, "the count was completed", **change)
        now = owed(lead, incident)
        assert appears in now.keys() - seen.keys() <= foreseen
        assert seen.keys() <= now.keys(), "more people take no duty away"
        assert {rule: now[rule] for rule in seen} == seen, "and move no other clock"
        seen = now
    assert seen["cn-incident-4-operator"] == AWARE + timedelta(hours=4)
