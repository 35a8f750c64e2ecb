"""Incidents are judged by the laws that were taken into use; others are compared, then applied."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import structlog

from incidents import housekeeping
from incidents.rules import packs
from incidents.rules.catalogue import LAW
from incidents.services import law_packs
from incidents.work import TOCSIN
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
ACME = rule_of("acme")


@pytest.fixture
def folder(office):
    return office.settings.contracts_folder


@pytest.fixture
def incident(lead, office, folder):
    write_contract(folder, "acme", hours=24)
    law_packs.begin(office)
    return lead.open(facts=PROCESSOR, moments={"aware_at": AWARE.isoformat()})


@pytest.fixture
def second(client, as_role) -> Desk:
    return Desk(client, as_role("privacy_officer", name="second"))


def due(desk, incident, rule=ACME):
    found = desk.duties(incident)[rule]["due_at"]
    return found and datetime.fromisoformat(found)


def applied(desk, office, **body):
    """What is on disk, compared and taken into use; and the sweep that follows."""
    found = desk.post("/law/comparisons", body)
    made = desk.post("/law/packs", {**body, "sha256": found["sha256"], "reason": "reviewed"})
    housekeeping.review_due(office)
    return made


def test_the_first_start_takes_what_is_there_into_use_once(lead, office, incident):
    law_packs.begin(office)
    (pack,) = lead.get("/law/packs")
    assert (pack["number"], UUID(pack["taken_by"])) == (1, TOCSIN.id)
    files = lead.get("/law/packs/1")["files"]
    assert {"cn/pipl.yaml", "contracts/acme.yaml"} <= files.keys()
    assert law_packs.waiting(office) is None


def test_the_law_that_a_duty_is_pinned_to_can_be_read_again(lead, office, folder, incident):
    pinned = lead.duties(incident)[ACME]
    assert pinned["contractual"]
    before = (folder / "acme.yaml").read_bytes()
    write_contract(folder, "acme", hours=12)
    applied(lead, office)
    found = lead.get(f"/law/texts/{pinned['rule_version']}")
    assert found["text"].encode() == before
    assert found["paths"] == ["contracts/acme.yaml"]
    assert lead.get(f"/law/texts/{pinned['rule_version'][:12]}") == found
    lead.refused(404, "GET", "/law/texts/0123")
    lead.refused(404, "GET", "/law/packs/77")


def test_a_comparison_shows_what_would_change_and_changes_nothing(lead, office, folder, incident):
    write_contract(folder, "acme", hours=12)
    write_contract(folder, "globex", hours=48)
    found = lead.post("/law/comparisons", {})
    assert found["files"] == {"contracts/acme.yaml": "changed", "contracts/globex.yaml": "added"}
    (one,) = found["incidents"]
    changes = {change["rule"]: change for change in one["changes"]}
    assert {rule: change["kind"] for rule, change in changes.items()} == {
        ACME: "moved_earlier",
        rule_of("globex"): "appeared",
    }
    assert changes[ACME]["why"]
    assert one["number"] == incident["number"]
    lead.learn(incident, risk="high")  # other looks go on by the laws in use
    assert due(lead, incident) == AWARE + timedelta(hours=24)
    assert rule_of("globex") not in lead.duties(incident)


def test_starting_with_other_laws_on_disk_is_said_in_the_log(office, folder, incident):
    write_contract(folder, "acme", hours=12)
    with structlog.testing.capture_logs() as logs:
        law_packs.warn_of_waiting(office)
    (line,) = logs
    assert (line["log_level"], "tocsin law compare" in line["event"]) == ("warning", True)


def test_a_shorter_clock_holds_at_once_and_the_duty_says_by_which_law(
    lead, office, folder, incident
):
    before = lead.duties(incident)[ACME]["rule_version"]
    write_contract(folder, "acme", hours=12)
    pack = applied(lead, office)
    assert pack["number"] == 2
    assert due(lead, incident) == AWARE + timedelta(hours=12)
    duty = lead.get(f"/duties/{lead.duties(incident)[ACME]['id']}")
    assert duty["rule_version"] != before
    (line,) = [line for line in duty["history"] if line["kind"] == "law"]
    assert line["before"] == {"rule_version": before}
    assert "law pack 2" in line["reason"]


def test_a_longer_clock_waits_for_somebody_other_than_who_applied_the_law(
    lead, second, office, folder, incident
):
    write_contract(folder, "acme", hours=48)
    applied(lead, office)
    duty = lead.get(f"/duties/{lead.duties(incident)[ACME]['id']}")
    assert datetime.fromisoformat(duty["due_at"]) == AWARE + timedelta(hours=24)
    (extension,) = duty["extensions"]
    assert extension["asked_by"] == lead.get("/me")["id"]
    assert "law pack 2" in extension["reason"]
    path = f"/duties/{duty['id']}/extensions/{extension['id']}/confirm"
    lead.refused(403, "POST", path, {})
    second.post(path, {})
    assert due(lead, incident) == AWARE + timedelta(hours=48)


def test_a_person_who_looks_first_is_not_asked_why_the_law_is_another(
    lead, second, office, folder, incident
):
    write_contract(folder, "acme", hours=48)
    found = lead.post("/law/comparisons", {})
    lead.post("/law/packs", {"sha256": found["sha256"], "reason": "a new agreement"})
    second.learn(incident, risk="high")
    (extension,) = lead.get(f"/duties/{lead.duties(incident)[ACME]['id']}")["extensions"]
    assert extension["asked_by"] == lead.get("/me")["id"]


def test_a_clause_that_is_gone_ends_its_duty_with_the_reason(lead, office, folder, incident):
    write_contract(folder, "globex")
    (folder / "acme.yaml").unlink()
    applied(lead, office)
    duty = lead.duties(incident)[ACME]
    assert (duty["status"], "not in force" in duty["status_reason"]) == ("no_longer_owed", True)


def test_what_is_applied_is_what_was_compared(lead, folder, incident):
    write_contract(folder, "acme", hours=12)
    found = lead.post("/law/comparisons", {})
    body = {"sha256": found["sha256"], "reason": "reviewed"}
    write_contract(folder, "acme", hours=13)
    lead.refused(409, "POST", "/law/packs", body)
    write_contract(folder, "acme", hours=24)
    same = lead.post("/law/comparisons", {})
    assert same["is_same"]
    lead.refused(409, "POST", "/law/packs", body | {"sha256": same["sha256"]})


def test_only_who_may_takes_laws_into_use(client, as_role, folder, incident):
    commander = Desk(client, as_role("commander"))
    write_contract(folder, "acme", hours=12)
    found = commander.post("/law/comparisons", {})
    body = {"sha256": found["sha256"], "reason": "reviewed"}
    commander.refused(403, "POST", "/law/packs", body)
    drills = Desk(client, as_role("privacy_officer", drills_only=True))
    drills.refused(403, "POST", "/law/packs", body)
    drills.refused(403, "POST", "/law/comparisons", {})


def test_laws_of_another_folder_are_offered_by_their_hashes(lead, office, incident):
    laws = dict(packs.read_folder(LAW))
    changed = laws["eu/gdpr.yaml"].replace(b"{hours: 24}", b"{hours: 6}")
    hashes = {path: packs.sha256_of(raw) for path, raw in laws.items()}
    hashes["eu/gdpr.yaml"] = packs.sha256_of(changed)
    told = lead.refused(422, "POST", "/law/comparisons", {"laws": hashes})
    assert fields(told) == ["texts"]
    offer = {"laws": hashes, "texts": [changed.decode()]}
    found = lead.post("/law/comparisons", offer)
    assert found["files"] == {"eu/gdpr.yaml": "changed"}
    applied(lead, office, **offer)
    assert due(lead, incident, "eu-gdpr-33-2") == AWARE + timedelta(hours=6)
    assert due(lead, incident) == AWARE + timedelta(hours=24)  # contracts stay


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("id: contract.acme", "id: de.acme", "instrument.id"),
        ("id: contract-acme-notice", "id: acme-notice", "rules[acme-notice].id"),
        ("clock: {hours: 24}", "clock: {hours: 24, days: 1}", "clock"),
        ('authority: {name: "acme, privacy office"}', "channels: []", "authority"),
    ],
)
def test_a_malformed_contract_is_refused_with_file_field_and_reason(
    lead, folder, incident, old, new, field
):
    path = folder / "acme.yaml"
    path.write_text(path.read_text().replace(old, new))
    (told,) = fields(lead.refused(422, "POST", "/law/comparisons", {}))
    assert told.startswith("contracts/acme.yaml: ")
    assert field in told


@pytest.mark.parametrize(("day", "is_owed"), [("2026-03-01", True), ("2026-03-02", False)])
def test_a_clause_holds_from_its_first_day_by_the_moment_that_starts_its_clock(
    lead, office, folder, day, is_owed
):
    """Aware on 1 March at 23:59:59 UTC: a clause of 2 March does not hold yet."""
    write_contract(folder, "acme", since=day)
    law_packs.begin(office)
    incident = lead.open(facts=PROCESSOR, moments={"aware_at": "2026-03-01T23:59:59Z"})
    assert (ACME in lead.duties(incident)) is is_owed


def test_an_amended_moment_takes_a_duty_to_the_law_of_its_day(lead, office, folder):
    write_contract(folder, "acme", since="2026-03-02")
    law_packs.begin(office)
    incident = lead.open(facts=PROCESSOR, moments={"aware_at": "2026-03-02T00:00:00Z"})
    assert lead.duties(incident)[ACME]["status"] == "open"
    lead.learn(incident, aware_at="2026-03-01T23:59:59Z")
    ended = lead.duties(incident)[ACME]
    assert (ended["status"], "not in force" in ended["status_reason"]) == ("no_longer_owed", True)
    lead.learn(incident, "misread", aware_at="2026-03-02T00:00:00Z")
    assert lead.duties(incident)[ACME]["status"] == "open"


def test_a_clause_is_met_by_the_report_that_the_customer_got(lead, incident):
    duty = lead.duties(incident)[ACME]
    report = lead.post(f"/incidents/{incident['id']}/reports", {"duty_id": duty["id"]})
    assert report["authority"] == "acme, privacy office"
    body = {"reference": "ACME-1", "channel": "email"}
    lead.post(f"/reports/{report['id']}/filings", body, if_match=report["version"])
    assert lead.duties(incident)[ACME]["status"] == "met"
