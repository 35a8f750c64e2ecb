"""Facts judged with no server: the answer, what would change it, what was left out."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest

from incidents.rules.catalogue import LAW

FACTS = {
    "role": "controller",
    "establishment": "US-TX",
    "organisation_flags": [],
    "data_categories": ["ssn"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
    "people_by_place": {"US-TX": 249, "DE": 30},
    "aware_at": "2026-03-02T09:20:00Z",
}
AT = ("--at", "2026-03-03T00:00Z")


def judged(tocsin, *more, **changes):
    said = tocsin("assess", "-", *AT, "--json", *more, stdin=json.dumps(FACTS | changes))
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_answer_fits_the_schema_that_the_command_prints(tocsin):
    schema = json.loads(tocsin("assess", "--schema").out)
    jsonschema.validate(FACTS, schema)
    answer = {"$ref": "#/$defs/answer", "$defs": schema["$defs"]}
    jsonschema.validate(judged(tocsin, "--what-if", "risk=high", "--explain"), answer)


def test_what_to_find_out_next_comes_with_what_each_answer_would_settle(tocsin):
    first = judged(tocsin)["next_facts"][0]
    assert first["fact"] == "risk"
    settled = {answer["value"]: answer for answer in first["answers"]}
    assert "eu-gdpr-34" in settled["high"]["owed"]
    assert "eu-gdpr-34" in settled["unlikely"]["not_owed"]
    assert "Find out next" in tocsin("assess", "-", *AT, stdin=json.dumps(FACTS)).out


def test_one_more_person_that_would_bring_the_attorney_general_in_is_told(tocsin):
    near = {one["rule"]: one for one in judged(tocsin)["near_thresholds"]}
    texas = near["us-tx-521-053-authority"]
    assert (texas["place"], texas["now"], texas["at"]) == ("US-TX", 249, 250)
    assert texas["says"].startswith("1 more person in US-TX (250): owed")


def test_what_if_shows_what_appears_ends_and_moves(tocsin):
    supposed = ("--what-if", "people_by_place.US-TX=250", "--what-if", "risk=unlikely")
    changes = {one["rule"]: one for one in judged(tocsin, *supposed)["changes"]}
    assert changes["us-tx-521-053-authority"]["kind"] == "appeared"
    assert changes["eu-gdpr-34"]["kind"] == "ended"
    assert changes["eu-gdpr-34"]["why"]
    said = tocsin("assess", "-", *AT, *supposed, stdin=json.dumps(FACTS)).out
    assert "+ appeared: Notify the Attorney General of Texas" in " ".join(said.split())
    forgotten = judged(tocsin, "--what-if", "aware_at=")["changes"]
    assert {one["kind"] for one in forgotten} == {"stopped"}


def test_each_duty_explains_itself_by_a_tree(tocsin):
    duty = next(d for d in judged(tocsin, "--explain")["duties"] if d["rule"] == "eu-gdpr-34")
    assert duty["tree"]["when"]["how"] == "all_of"
    open_ = [part for part in duty["tree"]["when"]["parts"] if part["value"] is None]
    assert open_
    assert "✗" in tocsin("assess", "-", *AT, "--explain", stdin=json.dumps(FACTS)).out


def test_a_law_file_with_a_slip_is_left_out_and_the_rest_is_judged(tocsin, tmp_path):
    folder = tmp_path / "law"
    shutil.copytree(LAW, folder)
    gdpr = folder / "eu" / "gdpr.yaml"
    gdpr.write_text(gdpr.read_text(encoding="utf-8").replace("when:", "wen:", 1), encoding="utf-8")
    answer = judged(tocsin, "--law", folder)
    (slip,) = answer["left_out"]
    assert slip["file"] == "eu/gdpr.yaml"
    assert "wen" in slip["field"] or "when" in slip["field"]
    rules = {one["rule"] for one in answer["duties"]}
    assert "us-ca-1798-82-people" in rules
    assert "eu-gdpr-34" not in rules


@pytest.mark.parametrize(
    ("supposed", "told"),
    [("rsk=high", "changes.rsk"), ("people_by_place.UK=4", "did you mean GB?")],
)
def test_a_supposed_fact_that_cannot_be_is_refused(tocsin, supposed, told):
    said = tocsin("assess", "-", *AT, "--what-if", supposed, stdin=json.dumps(FACTS))
    assert said.code == 1
    assert told in " ".join(said.err.split())
