"""Reports by command: what is missing by when, at one glance and in full."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_with_server import OPEN


@pytest.fixture
def number(as_lead) -> str:
    """The number of an incident with a report opened under the GDPR."""
    number = json.loads(as_lead(*OPEN, "--json").out)["number"]
    as_lead("report", "open", number, "eu-gdpr-33")
    return number


def test_a_glance_shows_what_is_missing_by_when_and_which_fact_to_find_first(as_lead, number):
    said = as_lead("report", "missing", number)
    assert said.code == 0
    assert "eu/gdpr#1" in said.out
    assert "What is not known yet" in said.out
    assert "people_count" in said.out
    assert "more may be owed" in said.out
    assert "eu-dora-19-final (new)" not in said.out
    assert "eu-dora-19-final (new)" in as_lead("report", "missing", number, "--all").out
    reports = json.loads(as_lead("report", "missing", number, "--json").out)
    assert reports[0]["missing"]


def test_one_report_shows_what_to_record_and_what_to_review(as_lead, number):
    said = as_lead("report", "missing", number, "eu/gdpr#1")
    assert "record_count" in said.out
    assert "in 71 h" in said.out
    assert "To review before filing" in said.out
    assert "assumed" in said.out


def test_a_shown_report_says_by_when_each_answer_is_needed_and_what_was_typed(as_lead, number):
    said = as_lead("report", "answer", number, "eu/gdpr#1", "cause=A lost password.")
    assert "A lost password.  (typed)" in said.out
    assert "not known yet, needed by" in as_lead("report", "show", number, "eu/gdpr#1").out
    german = as_lead("report", "show", number, "eu/gdpr#1", "--locale", "de").out
    assert "Betroffene Personen" in german


def test_a_report_is_downloaded_as_pdf_in_a_language_and_as_the_edpb_template(
    as_lead, number, tmp_path
):
    to = tmp_path / "report.pdf"
    assert as_lead("report", "pdf", number, "eu/gdpr#1", "--to", to, "--locale", "fr").code == 0
    assert to.read_bytes().startswith(b"%PDF")
    assert as_lead("report", "pdf", number, "eu/gdpr#1", "--to", to, "--locale", "tlh").code == 1
    assert json.loads(as_lead("report", "edpb", number, "eu/gdpr#1").out)["field_7"] == number
