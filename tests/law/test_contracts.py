"""Contracts of ours are files like any law, and cannot be taken for one."""

from datetime import date
from pathlib import Path

import pytest

import playbooks.sample
from incidents.errors import CatalogueError
from incidents.rules import packs
from incidents.rules.catalogue import LAW, load
from incidents.rules.law_check import check
from tests.contracts_of_ours import write_contract

SAMPLE = Path(playbooks.sample.__file__).parent / "contracts"


def test_the_worked_sample_holds():
    report = check(date(2026, 11, 22), SAMPLE)
    assert report.findings == ()
    assert report.examples == 6


def test_a_contract_is_checked_like_a_law_and_for_its_ids(tmp_path):
    path = write_contract(tmp_path)
    path.write_text(path.read_text().replace("id: contract-acme", "id: acme"))
    why = [finding.why for finding in check(date(2026, 3, 2), tmp_path).findings]
    assert any("begin with contract-" in one for one in why)
    assert any("no example in which it is owed" in one for one in why)


def test_contracts_stand_beside_the_laws_under_one_hash():
    laws = packs.read_folder(LAW)
    both = {**laws, **packs.read_contracts(SAMPLE)}
    catalogue = packs.catalogue_of(both)
    assert catalogue.rule("contract-example-retail-notice").authority
    assert catalogue.sha256 == packs.hash_of(both) != packs.hash_of(laws)
    assert packs.hash_of(laws) == load().sha256


def test_no_folder_is_no_contract(tmp_path):
    assert packs.read_contracts(tmp_path / "nowhere") == {}


def test_a_law_cannot_call_its_rule_a_contract():
    laws = dict(packs.read_folder(LAW))
    laws["eu/gdpr.yaml"] = laws["eu/gdpr.yaml"].replace(b"id: eu-gdpr-33-5", b"id: contract-gdpr")
    with pytest.raises(CatalogueError, match=r"rules\[contract-gdpr\]"):
        packs.catalogue_of(laws)
