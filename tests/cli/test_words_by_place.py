"""`tocsin notice … --for-place`: words for the people of one place, by command."""

from __future__ import annotations

import json

import pytest

OPEN = (
    "incident", "open", "personal_data_leak", "Panel offered for sale",
    "--aware", "-20m", "--detected", "-50m", "-f", "role=controller", "-f", "establishment=US",
    "-f", "breach_kinds=confidentiality", "-f", "data_categories=contact,ssn",
    "-f", "encryption=none", "-f", "people_by_place.US-MA=300", "-f", "people_by_place.DE=20",
)  # fmt: skip


@pytest.fixture
def number(as_lead) -> str:
    number = json.loads(as_lead(*OPEN, "--json").out)["number"]
    assert as_lead("notice", "draft", number).code == 0
    return number


def places(as_lead, number) -> list[str]:
    found = json.loads(as_lead("notice", "show", number, "--json").out)
    return [one["place"] for one in found["places"]]


def test_words_drafted_for_a_place_are_shown_with_what_they_may_not_tell(as_lead, number):
    assert "US-MA (300 people)" in as_lead("notice", "show", number).out
    said = as_lead("notice", "show", number, "--for-place", "US-MA").out
    assert "Notice about your personal data" in said
    assert "the nature of the breach" in said
    assert "M.G.L. c. 93H" in said


def test_words_for_a_place_begin_as_those_for_everybody_and_can_be_dropped(
    as_lead, number, tmp_path
):
    body = tmp_path / "words.json"
    body.write_text(json.dumps({"title": "Mitteilung nach Artikel 34"}))
    said = as_lead(
        "notice", "edit", number, "--locale", "de", "--for-place", "DE", "--body", str(body)
    )
    assert said.code == 0, said.err
    assert "Mitteilung nach Artikel 34" in said.out
    assert "20 people" in said.out
    plain = json.loads(as_lead("notice", "show", number, "--json").out)
    (theirs,) = [one["words"]["de"] for one in plain["places"] if one["place"] == "DE"]
    assert theirs["possible_effect"] == plain["words"]["de"]["possible_effect"]
    assert places(as_lead, number) == ["DE", "US-MA"]
    assert as_lead("notice", "leave-out", number, "--for-place", "DE").code == 0
    assert places(as_lead, number) == ["US-MA"]
    assert as_lead("notice", "leave-out", number).code != 0


def test_a_preview_is_of_the_words_for_the_place(as_lead, number):
    said = as_lead("notice", "preview", number, "--channel", "sms", "--for-place", "US-MA")
    assert "place=US-MA" in said.out.replace("\n", "")


@pytest.mark.parametrize("more", [(), ("--html",)])
def test_a_preview_shows_where_the_name_will_stand(as_lead, number, more):
    said = as_lead("notice", "preview", number, *more)
    assert "‹name›" in said.out
    assert "%%" not in said.out
