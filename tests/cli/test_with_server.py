"""The command against a real server: what it shows, how it fails, what it leaves behind."""

from __future__ import annotations

import json

import pytest

OPEN = (
    "incident", "open", "personal_data_leak", "Panel offered for sale",
    "--aware", "-20m", "--detected", "-50m", "-f", "role=controller", "-f", "establishment=DE",
    "-f", "breach_kinds=confidentiality", "-f", "data_categories=contact,survey_answers",
)  # fmt: skip
LIST = (
    "ref,name,email,phone,locale,place\n"
    "1,Ada Example,ada@example.com,,en,DE\n"
    "2,Bo Example,not an address,,de,DE\n"
)


@pytest.fixture
def number(as_lead) -> str:
    """The number of a fresh incident."""
    return json.loads(as_lead(*OPEN, "--json").out)["number"]


def test_opening_says_at_once_what_is_owed(as_lead):
    said = as_lead(*OPEN)
    assert said.code == 0
    assert "INC-" in said.out
    assert "eu-gdpr-33" in said.out
    assert "needs risk" in said.out


def test_json_is_the_raw_reply_and_nothing_else(as_lead):
    reply = json.loads(as_lead(*OPEN, "--json").out)
    assert {"number", "duties", "severity", "moves"} <= set(reply)
    assert reply["duties"][0]["why"]


def test_an_incident_is_found_by_number_in_any_case_and_by_id(as_lead, number):
    found = json.loads(as_lead("incident", "show", number.lower(), "--json").out)
    assert found["number"] == number
    assert f"{number}  Panel" in as_lead("incident", "show", found["id"]).out


def test_an_unknown_incident_is_refused_with_those_near_it(as_lead, number):
    said = as_lead("incident", "show", number[:-1])
    assert said.code == 1
    assert f"near it: {number}" in said.err


def test_a_recorded_fact_tells_which_duties_it_changed(as_lead, number):
    said = as_lead("fact", "record", number, "--source", "assessment", "risk=unlikely")
    assert said.code == 0
    assert "no longer owed" in said.out
    assert "eu-gdpr-33" in said.out


def test_what_to_find_out_next_and_what_it_would_change_is_told(as_lead, number):
    said = as_lead("fact", "next", number)
    assert "Find out next" in said.out
    assert "could settle" in said.out
    said = as_lead("fact", "suppose", number, "risk=unlikely", "people_by_place.SG=500")
    assert "ended: " in said.out
    assert "eu-gdpr-33" in said.out
    assert {fact["name"] for fact in json.loads(as_lead("fact", "list", number, "--json").out)} & {
        "risk", "people_by_place",
    } == set()  # fmt: skip


def test_facts_are_written_with_commas_dots_and_words(as_lead, number):
    pairs = ("people_by_place.DE=5", "people_by_place.FR=2", "malicious=yes", "cause.en=A key")
    as_lead("fact", "record", number, "--source", "log", *pairs)
    facts = json.loads(as_lead("fact", "list", number, "--json").out)
    values = {fact["name"]: fact["value"] for fact in facts}
    assert values["people_by_place"] == {"DE": 5, "FR": 2}
    assert values["malicious"] is True
    assert values["cause"] == {"en": "A key"}


def test_a_language_recorded_later_stands_beside_those_that_are_known(as_lead, number):
    as_lead("fact", "record", number, "--source", "log", "cause.en=A key")
    as_lead("fact", "record", number, "--source", "log", "cause.de=Ein Schlüssel")
    known = json.loads(as_lead("fact", "list", number, "--json").out)
    assert {"en": "A key", "de": "Ein Schlüssel"} in [one["value"] for one in known]


def test_a_choice_of_language_leaves_those_made_before(as_lead, number):
    as_lead("notice", "draft", number)
    as_lead("notice", "languages", number, "--choose", "ko=en", "--default", "de")
    assert as_lead("notice", "languages", number, "--choose", "zh-TW=zh-Hans").code == 0
    notice = json.loads(as_lead("notice", "show", number, "--json").out)
    assert notice["locale_choices"] == {"ko": "en", "zh-TW": "zh-Hans"}
    assert notice["default_locale"] == "de"


def test_a_choice_of_language_says_how_it_is_written(as_lead, number):
    as_lead("notice", "draft", number)
    said = as_lead("notice", "languages", number, "--choose", "ko")
    assert said.code == 2
    assert "their=ours" in said.err


def test_a_refusal_names_field_reason_and_mend(as_lead, number):
    said = as_lead("fact", "record", number, "--source", "log", "rsk=high")
    assert (said.code, said.out) == (1, "")
    assert "facts.rsk" in said.err
    assert "did you mean risk" in said.err


def test_closing_too_early_lists_what_is_open(as_lead, number):
    for move in ("triage", "confirm", "contain", "resolve"):
        assert as_lead("incident", "move", number, move).code == 0
    said = as_lead("incident", "move", number, "close")
    assert said.code == 1
    assert "duty eu-gdpr-33" in said.err
    assert "task preserve_evidence" in said.err


def test_a_duty_shows_how_its_time_was_counted(as_lead, number):
    said = as_lead("duty", "show", number, "eu-gdpr-33")
    assert "72 hours" in said.out
    assert "How the time was counted" in said.out


def test_a_task_is_done_by_the_name_of_its_step(as_lead, number):
    assert "done" in as_lead("task", "complete", number, "preserve_evidence").out
    said = as_lead("task", "complete", number, "preserve_nothing")
    assert said.code == 1
    assert "preserve_evidence" in said.err


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_people_come_from_a_file_or_from_standard_input(as_lead, number, tmp_path, source):
    path = tmp_path / "people.csv"
    path.write_text(LIST, encoding="utf-8")
    given = path if source == "file" else "-"
    said = as_lead("population", "import", number, given, stdin=LIST if source == "stdin" else "")
    assert said.code == 0, said.err
    assert "people added     2" in said.out
    assert "is not an e-mail address; write one" in " ".join(said.out.split())


def test_what_could_not_be_used_is_shown_without_its_value(as_lead, number):
    as_lead("population", "import", number, "-", stdin=LIST)
    said = as_lead("population", "rejects", number)
    assert "email" in said.out
    assert "not an address" not in said.out


def test_withholding_somebody_who_is_on_no_list_is_said_and_fails(as_lead, number):
    as_lead("population", "import", number, "-", stdin="ref,name,email\n17,Ada,a@example.com\n")
    withhold = ("population", "withhold", number, "--reason", "police_hold")
    assert as_lead(*withhold, "17").code == 0
    said = as_lead(*withhold, "17", "P-17")
    assert said.code == 1
    assert "Found 1 of 2" in said.out
    assert "1 on no list of this incident" in said.err


def test_an_incident_without_a_list_says_so(as_lead, number):
    assert "No list was taken in yet." in as_lead("population", "imports", number).out


def test_a_list_without_flaws_says_so(as_lead, number):
    as_lead("population", "import", number, "-", stdin="name,email\nAda,ada@example.com\n")
    assert "Every line could be used." in as_lead("population", "rejects", number).out


def test_a_notice_is_not_approved_until_nothing_is_missing(as_lead, number, token_of):
    as_lead("notice", "draft", number)
    said = as_lead("notice", "check", number)
    assert said.code == 1
    assert "nobody can be reached" in said.out
    words = {"contact": {"name": "Help desk", "email": "help@example.com"}}
    edited = as_lead("notice", "edit", number, "--body", "-", stdin=json.dumps(words))
    assert "Help desk, help@example.com" in edited.out
    refused = as_lead("notice", "approve", number, token=token_of("approver"))
    assert refused.code == 1
    assert "en.what_we_did is empty" in refused.err
    assert "contact" not in refused.err


def test_a_report_is_written_to_a_file_and_filed(as_lead, number, tmp_path):
    as_lead("report", "open", number, "eu-gdpr-33")
    to = tmp_path / "report.pdf"
    assert as_lead("report", "pdf", number, "eu/gdpr#1", "--to", to).code == 0
    assert to.read_bytes().startswith(b"%PDF")
    assert "not known yet" in as_lead("report", "show", number, "eu/gdpr#1").out
    filed = as_lead("report", "file", number, "eu/gdpr#1", "--reference", "AZ-17")
    assert "reference AZ-17" in filed.out
    assert "report filed" in as_lead("duty", "show", number, "eu-gdpr-33").out


def test_an_exported_trail_verifies_alone_and_a_changed_one_does_not(
    as_lead, number, tmp_path, token_of
):
    to = tmp_path / "trail.jsonl"
    assert as_lead("audit", "export", "--to", to, token=token_of("auditor")).code == 0
    assert "Sound:" in as_lead("audit", "verify", to).out
    said = as_lead("audit", "verify", to, "--key", "tocsin")
    assert (said.code, said.out) == (2, "")
    assert "name+hash+base64" in said.err
    to.write_text(to.read_text().replace("personal_data_leak", "ransomware", 1))
    said = as_lead("audit", "verify", to)
    assert said.code == 1
    assert "NOT SOUND at entry" in said.out


def test_a_waiver_keeps_its_reason(as_lead, number):
    as_lead("duty", "waive", number, "eu-gdpr-33-5", "--reason", "kept in the other register")
    assert "kept in the other register" in as_lead("duty", "show", number, "eu-gdpr-33-5").out


def test_a_role_that_lacks_the_permission_is_told_whom_to_ask(as_lead, number, token_of):
    said = as_lead("incident", "move", number, "triage", token=token_of("auditor"))
    assert said.code == 1
    assert "ask responder" in said.err


def test_an_address_is_closed_found_and_opened_again_by_command(as_lead, tmp_path):
    said = as_lead("suppression", "add", "ada@example.com", "--reason", "do_not_contact")
    assert said.code == 0
    assert "a•••@e•••.com" in said.out
    listed = tmp_path / "opt-outs.csv"
    listed.write_text("address,reason\n+12025550101,stop\nnobody,stop\n")
    assert "kind" in as_lead("suppression", "import", str(listed)).out
    assert len(json.loads(as_lead("suppression", "list", "--json").out)) == 2
    assert "stop" in as_lead("suppression", "list", "+1 202 555 0101").out
    assert as_lead("suppression", "lift", "ada@example.com").code == 0
    assert "No such opt-out" in as_lead("suppression", "list", "ada@example.com").out
