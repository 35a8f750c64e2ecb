"""A law is told in plain words: its conditions, its clock, what it asks to say and not to say."""

import pytest
from typer.testing import CliRunner

from incidents.cli.main import app
from incidents.rules.catalogue import load
from incidents.rules.condition_sentences import asked, sentence
from incidents.rules.facts import FACTS
from incidents.rules.law_page import instrument_lines, public_lines, rule_lines
from incidents.rules.place_names import place_name
from playbooks.conditions import Condition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people_in('US-TX') >= 250", "at least 250 people in Texas are affected"),
        ("people_in('CN') > 0", "at least one person in China is affected"),
        ("people_count > 1000", "more than 1,000 people are affected, wherever they live"),
        ("largest_part('US') > 500",
         "more than 500 people in the one part of the United States that has most are affected"),
        ("role in ('controller', 'processor')", "we are the controller or a processor"),
        ("has('health', 'minors')", "the data include medical information or data of children"),
        ("kind('integrity')", "it is a breach of integrity"),
        ("flag('cii')",
         "the organisation is marked: operator of critical information infrastructure in China"),
        ("not flag('difc')",
         "the organisation is not marked: established in the Dubai International Financial Centre"),
        ("china_grade != 'general'", "the grade is 较大 (relatively major) or above"),
        ("risk != 'unlikely'", "a risk to people is not unlikely"),
        ("not established_in('EEA')", "our main establishment is not in the EEA"),
        ("known('hold_released_at')",
         "it is on record: when a delay asked for by the police or another authority ended"),
        ("'minors' in people_categories", "the people categories include children"),
        ("ransom_paid or cross_border", "a ransom was paid, or more than one country is affected"),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words(text: str, said: str) -> None:
    assert sentence(Condition.parse(text, FACTS)) == said


def test_what_must_hold_at_once_is_said_one_by_one() -> None:
    condition = Condition.parse("malicious and people_in('DE') > 9", FACTS)
    assert asked(condition) == [
        "an attack or unlawful access is suspected",
        "more than 9 people in Germany are affected",
    ]


def test_every_rule_and_every_way_of_public_notice_can_be_told_without_its_code() -> None:
    for law in load().laws:
        told = [
            *public_lines(law),
            *(line for lines in instrument_lines(law).values() for line in lines),
        ]
        for rule in law.content.rules:
            lines = rule_lines(rule)
            assert {"Tell", "When all of this holds", "By when", "Met when", "Source"} <= set(lines)
            told += [
                one
                for heading in ("Unless", "When all of this holds")
                for one in lines.get(heading, ())
            ]
        for line in told:
            assert not any(code in line for code in ("people_in(", "flag(", "has(", "==")), line


def test_places_have_names() -> None:
    assert [place_name(code) for code in ("CN", "US-TX", "EEA", "HK")] == [
        "China", "Texas", "the EEA", "Hong Kong",
    ]  # fmt: skip


def shown(name: str) -> str:
    return " ".join(CliRunner().invoke(app, ["law", "show", name]).stdout.split())


def test_a_lawyer_reads_what_massachusetts_forbids_to_say() -> None:
    said = shown("us-ma-93h-people")
    assert "Must not say · the nature of the breach" in said
    assert "how many people are affected" in said


@pytest.mark.parametrize("name", ["us.tx", "us.texas", "us/texas.yaml"])
def test_a_law_is_found_by_its_id_or_its_file(name: str) -> None:
    said = shown(name)
    assert "at least 250 people in Texas are affected" in said
    assert "This is a duty with the law's own number" in said
    assert "For a lawyer to look at" in said
