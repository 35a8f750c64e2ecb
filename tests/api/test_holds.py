"""A hold pauses what it names, once two persons saw the paper, and nothing else."""

from datetime import datetime, timedelta

import pytest

from incidents import housekeeping
from incidents.services import law_packs
from tests.api.desk import Desk, fields
from tests.conftest import NOW
from tests.contracts_of_ours import rule_of, write_contract

PROCESSOR = {
    "role": "processor",
    "establishment": "DE",
    "people_by_place": {"DE": 1200},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
}
AWARE = NOW - timedelta(hours=1)
PAPER = {
    "kind": "police",
    "office": "State criminal police, cybercrime desk",
    "reference": "Az. 12/26",
    "sha256": "a" * 64,
    "starts_at": NOW.isoformat(),
    "until": (NOW + timedelta(hours=10)).isoformat(),
    "covers": ["contract.acme"],
}


@pytest.fixture
def incident(lead, office):
    for name in ("acme", "globex"):
        write_contract(office.settings.contracts_folder, name)
    law_packs.begin(office)
    return lead.open(facts=PROCESSOR, moments={"aware_at": AWARE.isoformat()})


@pytest.fixture
def second(client, as_role) -> Desk:
    return Desk(client, as_role("privacy_officer", name="second"))


def due(desk, incident, name="acme"):
    found = desk.duties(incident)[rule_of(name)]
    return tuple(
        found[name] and datetime.fromisoformat(found[name])
        for name in ("due_at", "unheld_due_at", "held_until")
    )


def added(desk, incident, **changes):
    return desk.post(f"/incidents/{incident['id']}/holds", PAPER | changes)


def held(lead, second, incident, **changes):
    hold = added(lead, incident, **changes)
    return second.post(f"/holds/{hold['id']}/confirm", {})


FAR, FURTHER = ((NOW + timedelta(days=days)).isoformat() for days in (3, 4))
DUE = AWARE + timedelta(hours=24)


def test_a_hold_moves_nothing_until_a_second_person_saw_the_paper(lead, second, incident):
    hold = added(lead, incident)
    assert hold["status"] == "asked"
    assert due(lead, incident) == (DUE, None, None)
    lead.refused(403, "POST", f"/holds/{hold['id']}/confirm", {})
    second.post(f"/holds/{hold['id']}/confirm", {"reason": "I have read it"})
    until = NOW + timedelta(hours=10)
    assert due(lead, incident) == (DUE + timedelta(hours=10), DUE, until)
    shown = lead.get(f"/duties/{lead.duties(incident)[rule_of()]['id']}")
    assert any("cybercrime desk" in line for line in shown["why"])
    assert shown["history"][-1]["kind"] == "hold"
    lead.learn(incident, risk="high")  # another look changes nothing about it
    assert due(lead, incident) == (DUE + timedelta(hours=10), DUE, until)


def test_a_hold_on_one_regime_never_holds_another(lead, second, incident):
    held(lead, second, incident)
    assert due(lead, incident, "globex") == (DUE, None, None)
    assert lead.duties(incident)["eu-gdpr-33-2"]["held_until"] is None


def test_a_refused_hold_moves_nothing(lead, second, incident):
    hold = added(lead, incident)
    assert fields(second.refused(422, "POST", f"/holds/{hold['id']}/refuse", {})) == ["reason"]
    second.post(f"/holds/{hold['id']}/refuse", {"reason": "no seal"})
    assert due(lead, incident) == (DUE, None, None)
    lead.refused(409, "POST", f"/holds/{hold['id']}/lift", {"reason": "x"})


def test_when_its_time_is_over_the_clock_runs_again_and_says_so(
    lead, second, incident, office, clock
):
    hold = held(lead, second, incident)
    clock.set(NOW + timedelta(hours=10))
    housekeeping.end_holds(office)
    housekeeping.review_due(office)
    assert due(lead, incident) == (DUE + timedelta(hours=10), DUE, None)
    kinds = [
        line["kind"]
        for line in lead.get(f"/duties/{lead.duties(incident)[rule_of()]['id']}")["history"]
    ]
    assert kinds == ["hold", "resume"]
    (kept,) = lead.get(f"/incidents/{incident['id']}/holds")
    assert (kept["id"], kept["status"]) == (hold["id"], "expired")
    housekeeping.end_holds(office)
    assert due(lead, incident) == (DUE + timedelta(hours=10), DUE, None)


def test_lifted_early_it_gives_only_the_time_that_it_lasted(lead, second, incident, clock):
    hold = held(lead, second, incident)
    clock.set(NOW + timedelta(hours=3))
    assert fields(lead.refused(422, "POST", f"/holds/{hold['id']}/lift", {})) == ["reason"]
    lead.post(f"/holds/{hold['id']}/lift", {"reason": "the office called"})
    assert due(lead, incident) == (DUE + timedelta(hours=3), DUE, None)
    story = [line["text"] for line in lead.get(f"/incidents/{incident['id']}/timeline")]
    assert any("lifted: the office called" in text for text in story)


def test_by_word_of_mouth_it_lasts_as_long_as_the_law_lets_it(lead, second, incident):
    until = (NOW + timedelta(days=20)).isoformat()
    held(lead, second, incident, oral=True, sha256="", until=until)
    two_days = timedelta(days=2)
    assert due(lead, incident) == (DUE + two_days, DUE, NOW + two_days)


def test_a_fact_that_shortens_a_held_clock_shortens_it_at_once(lead, second, incident):
    held(lead, second, incident)
    earlier = AWARE - timedelta(hours=5)
    moments = {"aware_at": earlier.isoformat(), "detected_at": earlier.isoformat()}
    lead.learn(incident, **moments)
    before = DUE - timedelta(hours=5)
    assert due(lead, incident)[:2] == (before + timedelta(hours=10), before)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"covers": []}, "covers"),
        ({"covers": ["eu.gdpr"]}, "covers"),
        ({"covers": ["us.hippa"]}, "covers"),
        ({"until": NOW.isoformat()}, "until"),
        ({"sha256": ""}, "sha256"),
        ({"kind": "neighbour"}, "kind"),
        ({"starts_at": FAR, "until": FURTHER}, "starts_at"),
    ],
)
def test_what_is_no_hold_is_refused_with_the_reason(lead, incident, change, field):
    told = lead.refused(422, "POST", f"/incidents/{incident['id']}/holds", PAPER | change)
    assert field in fields(told)


def test_holds_that_end_soon_are_seen_ahead(lead, second, incident):
    held(lead, second, incident)
    held(lead, second, incident, until=(NOW + timedelta(days=5)).isoformat(), reference="Az. 13")
    soon = lead.get(f"/holds?ends_by={(NOW + timedelta(days=1)).isoformat()[:19]}Z")["items"]
    assert [one["reference"] for one in soon] == ["Az. 12/26"]
    assert lead.get("/holds")["total"] == 2


def test_the_mere_fact_of_a_hold_holds_no_law_beside_those_on_the_paper(lead, second, incident):
    lead.learn(incident, law_enforcement_hold=True)
    held(lead, second, incident)
    found = lead.duties(incident)[rule_of("globex")]
    assert not [line for line in found["why"] if "delayed" in line]


@pytest.mark.parametrize(("covers", "is_owed"), [("us.me", True), ("us.tx", False)])
def test_the_end_of_a_hold_starts_the_clocks_of_the_laws_that_it_covered(
    lead, second, clock, covers, is_owed
):
    """Maine gives seven business days after the release; a hold on Texas says nothing of Maine."""
    leak = {
        "role": "controller",
        "people_by_place": {"US-ME": 5},
        "data_categories": ["ssn"],
        "breach_kinds": ["confidentiality"],
        "encryption": "none",
    }
    moments = {"aware_at": AWARE.isoformat(), "detected_at": AWARE.isoformat()}
    incident = lead.open(facts=leak, moments=moments)
    hold = held(lead, second, incident, covers=[covers])
    clock.set(NOW + timedelta(hours=3))
    lead.post(f"/holds/{hold['id']}/lift", {"reason": "the office called"})
    found = [one for one in lead.duties(incident).values() if one["trigger"] == "hold_released_at"]
    assert bool(found) is is_owed
    assert {one["place"] for one in found} <= {"US-ME"}
