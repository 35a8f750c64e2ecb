"""Judging severity and taking the register, as people type it."""

from __future__ import annotations

import json

import pytest

OPEN = (
    "incident", "open", "personal_data_leak", "Panel offered for sale",
    "--aware", "-20m", "-f", "role=controller", "-f", "establishment=DE", "-f", "encryption=none",
    "-f", "breach_kinds=confidentiality", "-f", "data_categories=contact", "-f", "risk=unlikely",
)  # fmt: skip


@pytest.fixture
def number(as_lead) -> str:
    """The number of a fresh incident."""
    return json.loads(as_lead(*OPEN, "--json").out)["number"]


def test_a_method_is_shown_with_its_factors_and_scales(as_lead):
    assert "dora" in as_lead("severity", "methods").out
    shown = as_lead("severity", "methods", "dora").out
    assert "more than 10 %" in shown
    assert "art. 9(5)(b)" in shown


def test_factors_are_judged_with_why_and_taken_back(as_lead, number):
    said = as_lead(
        "severity", "judge", number, "gdpr_risk",
        "--factor", "likelihood=likely: offered on a forum: seen by us",
        "--level", "high", "--reason", "addresses of a shelter",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "offered on a forum: seen by us" in said.out
    assert "The facts propose now" in said.out
    assert "addresses of a shelter" in as_lead("severity", "show", number).out
    back = as_lead("severity", "judge", number, "gdpr_risk", "--back", "--reason", "another list")
    assert back.code == 0, back.err
    assert "stated" in back.out  # the risk that was on record before


@pytest.mark.parametrize("factor", ["likelihood", "likelihood=likely", "likelihood=likely: "])
def test_a_factor_without_why_is_not_understood(as_lead, number, factor):
    said = as_lead("severity", "judge", number, "gdpr_risk", "--factor", factor)
    assert said.code == 2
    assert "name=value: why" in said.err


def test_the_register_says_why_nobody_was_told_and_goes_to_files(as_lead, number, tmp_path):
    shown = as_lead("register", "show", "--not-notified").out
    assert f"{number}: not told, because" in shown
    assert json.loads(as_lead("register", "show", "--json").out)["total"] == 1
    files = tmp_path / "breaches.csv", tmp_path / "breaches.pdf"
    said = as_lead("register", "show", "--csv", files[0], "--pdf", files[1])
    assert said.code == 0, said.err
    assert number in files[0].read_text(encoding="utf-8-sig")
    assert files[1].read_bytes().startswith(b"%PDF")


def test_hipaas_log_says_when_it_is_due(as_lead):
    said = as_lead("register", "hipaa", "2026")
    assert said.code == 0, said.err
    assert "164.408(c)" in said.out
