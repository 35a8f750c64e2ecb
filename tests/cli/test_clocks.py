"""Clocks from the command line: lengthened by two persons, held by a paper, judged by packs."""

from __future__ import annotations

import json

import pytest

from incidents.services import law_packs
from tests.contracts_of_ours import rule_of, write_contract

OPEN = (
    "incident", "open", "personal_data_leak", "Backups of a customer copied",
    "--aware", "-60m", "--detected", "-60m", "-f", "role=processor", "-f", "establishment=DE",
    "-f", "breach_kinds=confidentiality", "-f", "data_categories=contact",
)  # fmt: skip
RULE = rule_of("acme")


@pytest.fixture
def number(as_lead, office) -> str:
    """The number of a fresh incident under a contract of ours."""
    write_contract(office.settings.contracts_folder, "acme")
    law_packs.begin(office)
    return json.loads(as_lead(*OPEN, "--json").out)["number"]


@pytest.fixture
def as_second(as_lead, token_of):
    """The command as another privacy officer."""
    token = token_of("privacy_officer")
    return lambda *arguments: as_lead(*arguments, token=token)


def test_a_later_time_waits_and_is_agreed_to_by_somebody_else(as_lead, as_second, number):
    later = ("fact", "record", number, "--source", "the log", "aware_at=-30m")
    assert as_lead(*later, "--reason", "the ticket was typed early").code == 0
    assert "typed early" in as_lead("duty", "extensions", number).out
    shown = as_lead("duty", "show", number, RULE).out
    assert "once two persons agree" in shown
    assert "a clause of ours" in shown
    mine = as_lead("duty", "confirm", number, RULE)
    assert (mine.code, "second person" in mine.err) == (1, True)
    assert "confirmed" in as_second("duty", "confirm", number, "all").out
    assert "Nothing waits" in as_lead("duty", "extensions", number).out


def test_a_hold_is_added_confirmed_listed_and_lifted(as_lead, as_second, number, tmp_path):
    paper = tmp_path / "request.pdf"
    paper.write_bytes(b"%PDF-1.7 a request")
    added = as_lead(
        "hold", "add", number, "--office", "State police", "--reference", "Az. 7",
        "--covers", "contract.acme", "--until", "+2d", "--paper", paper,
    )  # fmt: skip
    assert "waits for a second person" in added.out
    assert as_second("hold", "confirm", number, "Az. 7").code == 0
    assert "without the hold due" in as_lead("duty", "show", number, RULE).out
    assert "State police" in as_lead("hold", "list").out
    assert "lifted" in as_lead("hold", "lift", number, "Az. 7", "--reason", "they called").out
    assert "Nothing is held" in as_lead("hold", "list").out


def test_a_hold_needs_its_paper_or_says_that_it_was_oral(as_lead, number):
    said = as_lead(
        "hold", "add", number, "--office", "State police", "--reference", "call",
        "--covers", "contract.acme", "--until", "+2d",
    )  # fmt: skip
    assert (said.code, "--oral" in said.err) == (2, True)


def test_other_laws_are_compared_then_applied_by_their_hash(as_lead, office, number):
    write_contract(office.settings.contracts_folder, "acme", hours=12)
    compared = as_lead("law", "compare")
    assert f"moved earlier  Tell acme as the contract says  {RULE}" in compared.out
    assert number in compared.out
    sha256 = json.loads(as_lead("law", "compare", "--json").out)["sha256"]
    refused = as_lead("law", "apply", "--pack", "0" * 12, "--reason", "signed")
    assert (refused.code, sha256[:12] in refused.err) == (2, True)
    assert "Law pack 2" in as_lead("law", "apply", "--pack", sha256[:12], "--reason", "signed").out
    assert "in use already, as pack 2" in as_lead("law", "compare").out
    assert "signed" in as_lead("law", "pack", "list").out
    assert "contracts/acme.yaml" in as_lead("law", "pack", "show", 1).out


def test_the_text_of_a_law_is_shown_as_it_was(as_lead, office, number):
    path = office.settings.contracts_folder / "acme.yaml"
    duties = json.loads(as_lead("duty", "list", number, "--json").out)
    (pinned,) = [one["rule_version"] for one in duties if one["rule"] == RULE]
    assert as_lead("law", "pack", "show", pinned[:12]).out.strip() == path.read_text().strip()


def test_a_folder_of_laws_is_offered_and_read_on_this_side(as_lead, number, tmp_path):
    write_contract(tmp_path / "laws" / "de", "other")
    said = as_lead("law", "compare", tmp_path / "laws")
    assert "eu/gdpr.yaml" in said.out
    assert "de/other.yaml" in said.out
