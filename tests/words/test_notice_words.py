from datetime import date

import pytest

from incidents.rules.notice_words import (
    ELEMENTS,
    Contact,
    NoticeWords,
    covering_locale,
    gaps,
    locale_read,
    unusable,
)


def complete(**changes) -> NoticeWords:
    words = {
        "title": "Security incident",
        "organisation": "Example Surveys",
        "contact": Contact(name="Privacy Office", email="privacy@example.com"),
        "issued_on": date(2026, 3, 6),
        **dict.fromkeys(ELEMENTS, ("Some words.",)),
    }
    return NoticeWords(**{**words, **changes})


def fields(words: NoticeWords) -> set[str]:
    return {problem.field for problem in gaps(words)}


def test_complete_words_have_no_gaps():
    assert gaps(complete()) == []


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("empty", [(), ("",), ("  ", "\n")])
def test_an_empty_element_is_a_gap(name, empty):
    assert fields(complete(**{name: empty})) == {name}


def test_every_missing_part_is_named_at_once():
    assert fields(NoticeWords()) == {
        *ELEMENTS, "title", "organisation", "issued_on", "contact", "contact.name",
    }  # fmt: skip


@pytest.mark.parametrize(
    "left",
    ["{{ person.ssn }}", "{% if x %}", "%%7f3a.name.t%%", "((name))", "[insert date]", "TODO",
     "【待填】", "______"],
)  # fmt: skip
def test_a_placeholder_left_over_is_a_gap(left):
    assert fields(complete(what_happened=("On a day.", f"It was {left}."))) == {"what_happened.1"}


def test_ordinary_brackets_and_percentages_are_no_placeholders():
    ordinary = ("About 5% of accounts (see (a) and (b)) [1].", "Desconfíe, sobre todo hoy.")
    assert gaps(complete(what_happened=ordinary)) == []


@pytest.mark.parametrize("field", ["title", "organisation"])
@pytest.mark.parametrize("sign", ["\r\nBcc: x", "\x00", "\u202e", "\u2028"])
def test_a_control_character_in_a_single_line_is_a_gap(field, sign):
    assert fields(complete(**{field: f"Incident{sign}text"})) == {field}


def test_a_script_address_is_no_contact():
    contact = Contact(name="Privacy Office", url="javascript:alert(1)")
    assert fields(complete(contact=contact)) == {"contact.url"}


def test_incomplete_words_may_be_looked_at_but_hostile_ones_may_not():
    assert unusable(NoticeWords(title="Draft")) == []
    assert unusable(NoticeWords(title="Draft {{ x }}")) != []


@pytest.mark.parametrize(
    ("person", "reads"),
    [
        ("zh-CN", "zh-Hans"), ("zh_SG", "zh-Hans"), ("zh", "zh-Hans"), ("ZH-hans-hk", "zh-Hans"),
        ("zh-TW", None), ("zh-HK", None), ("zh-Hant", None),
        ("en-GB", "en"), ("en_US.UTF-8", "en"), ("de-AT", "de"), ("fr-CA", None),
        ("", "en"), ("klingon", "en"), ("und", "en"),
    ],
)  # fmt: skip
def test_a_locale_covers_its_language_and_script(person, reads):
    assert covering_locale(person, ["de", "en", "zh-Hans"]) == reads


def test_the_same_region_is_preferred():
    assert covering_locale("pt-BR", ["pt-PT", "pt-BR"]) == "pt-BR"
    assert covering_locale("", ["de"], default="en") is None


def test_what_was_decided_for_a_locale_holds_while_that_is_offered():
    decided = {"ko": "de", "en-GB": "fr"}
    assert locale_read("ko", {"de", "en"}, "en", decided) == "de"
    assert locale_read("en-GB", {"de", "en"}, "en", decided) == "en"
    assert locale_read("pt-AO", {"pt-PT", "pt-BR"}, "en", {}) == "pt-BR", "the same for all"
