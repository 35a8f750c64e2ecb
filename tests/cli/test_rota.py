"""Rotas on the command line, against a real server."""

from __future__ import annotations

import json

import pytest

ICS = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260101\n"
    "DURATION:P1D\nRRULE:FREQ=DAILY\nSUMMARY:{}\nEND:VEVENT\nEND:VCALENDAR\n"
)


@pytest.fixture
def team(as_role):
    for name in ("ann", "bo", "cy"):
        as_role("responder", name=name)


@pytest.fixture
def watch(as_lead, team):
    set_to = ("--people", "ann,bo", "--people", "bo,ann", "--handover", "mon 09:00")
    said = as_lead("rota", "set", "watch", *set_to, "--zone", "Europe/Berlin")
    assert said.code == 0, said.err
    return said


def test_a_rota_is_set_and_shown_as_a_table_of_weeks(as_lead, watch):
    assert "handed over every week at Mon 09:00 Europe/Berlin" in watch.out
    assert "ann → bo" in watch.out
    said = as_lead("rota", "show", "--weeks", "2")
    assert said.code == 0, said.err
    for words in ("primary", "secondary", "ann", "bo", "cannot be reached", "To mend"):
        assert words in said.out
    shown = json.loads(as_lead("rota", "show", "--json").out)
    assert len(shown["turns"]) >= 4
    assert shown["rotas"][0]["name"] == "watch"


def test_what_is_not_said_again_stays(as_lead, watch):
    said = as_lead("rota", "set", "watch", "--people", "cy", "--json")
    after = json.loads(said.out)
    assert [[one["name"] for one in level] for level in after["levels"]] == [["cy"]]
    assert (after["zone"], after["handover"], after["days"]) == ("Europe/Berlin", "09:00", 7)


def test_who_is_on_duty_and_who_stands_in(as_lead, watch):
    people = json.loads(as_lead("rota", "who", "--json").out)["people"]
    assert {"ann", "bo"} <= {one["name"] for one in people}
    said = as_lead("rota", "override", "cy", "--until", "+8h", "--reason", "swapped")
    assert "swapped" in said.out
    assert "cy" in as_lead("rota", "who").out
    assert "stands in" in as_lead("rota", "who").out
    (one,) = json.loads(as_lead("rota", "show", "--json").out)["overrides"]
    assert as_lead("rota", "restore", one["id"][:13]).code == 0
    assert "stands in" not in as_lead("rota", "who", "--at", "+8h").out


def test_a_calendar_is_imported_or_says_what_is_wrong(as_lead, watch, tmp_path):
    file = tmp_path / "duty.ics"
    file.write_text(ICS.format("Someone Else"))
    refused = as_lead("rota", "import", file)
    assert refused.code == 1
    assert "event “Someone Else” of 2026-01-01 names nobody on the team" in refused.err
    said = as_lead("rota", "import", file, "--name", "Someone Else=cy")
    assert "731 turns" in said.out or "732 turns" in said.out
    assert "by calendar" in as_lead("rota", "who").out


def test_a_contact_is_set_seen_masked_and_tried_out(as_lead, watch):
    said = as_lead("rota", "contact", "--email", "lead@example.com", "--phone", "+12025550123")
    assert "l•••@e•••.com" in said.out
    tried = as_lead("rota", "contact", "--test")
    assert "sandbox" in tried.out
    assert "lead@example.com" not in tried.out


def test_an_administrator_sets_anyones_contact(tocsin, as_lead, watch, token_of):
    root = token_of("administrator")
    said = tocsin("rota", "contact", "ann", "--email", "ann@example.com", token=root)
    assert "a•••@e•••.com" in said.out
    assert as_lead("rota", "contact", "ann").code == 1


def test_a_rota_that_is_not_there_is_named(as_lead, team):
    said = as_lead("rota", "override", "cy", "--until", "+8h")
    assert said.code == 1
    assert "tocsin rota set NAME makes one" in said.err
