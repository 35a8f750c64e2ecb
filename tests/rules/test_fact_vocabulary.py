from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from incidents.errors import InvalidInput
from incidents.rules.dpv import terms
from incidents.rules.fact_schema import vocabulary
from incidents.rules.facts import FACTS, check_together, parse_fact, parse_facts


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("aware_at", "2026-03-01T09:30:00+08:00", "2026-03-01T01:30:00Z"),
        ("aware_at", datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00Z"),
        ("people_by_place", {"US-CA": 1, "DE": 2, "ZZ": 3}, {"DE": 2, "US-CA": 1, "ZZ": 3}),
        ("data_categories", ["health", "contact", "health"], ["contact", "health"]),
        ("establishment", "GB-SCT", "GB-SCT"),
        ("people_count", 0, 0),
        ("notice_cost_usd", 1.5, 1.5),
        ("cause", {"en": " A file was shared. "}, {"en": "A file was shared."}),
        ("contact", {"email": "a@example.com"}, {"email": "a@example.com"}),
    ],
)  # fmt: skip
def test_a_fact_is_read_into_its_canonical_form(name: str, raw: object, expected: object) -> None:
    assert parse_fact(name, raw) == expected


@pytest.mark.parametrize(
    ("name", "raw", "field", "mend"),
    [
        ("people_by_plase", {}, "facts.people_by_plase", "did you mean people_by_place?"),
        ("aware_at", "2026-03-01T09:30:00", "facts.aware_at", "with a zone"),
        ("aware_at", "yesterday", "facts.aware_at", "with a zone"),
        ("aware_at", 1772357400, "facts.aware_at", "with a zone"),
        ("aware_at", "0001-01-01T00:00:00+14:00", "facts.aware_at", "with a zone"),
        ("risk", "hihg", "facts.risk", "did you mean high?"),
        ("data_categories", ["helth"], "facts.data_categories", "did you mean health?"),
        ("data_categories", ["password"], "facts.data_categories", "credentials"),
        ("data_categories", "health", "facts.data_categories", "a list"),
        ("people_by_place", {"UK": 5}, "facts.people_by_place.UK", "did you mean GB?"),
        ("people_by_place", {"EU": 5}, "facts.people_by_place.EU", "member state"),
        ("people_by_place", {"us-ca": 5}, "facts.people_by_place.us-ca", "did you mean US-CA?"),
        ("people_by_place", {"US-XX": 5}, "facts.people_by_place.US-XX", "a code such as"),
        ("people_by_place", {"Germany": 5}, "facts.people_by_place.Germany", "DE (Germany)"),
        ("people_by_place", {"DE": -1}, "facts.people_by_place.DE", "from 0"),
        ("people_by_place", {False: 1}, "facts.people_by_place.False", "Norway"),
        ("people_by_place", [["DE", 1]], "facts.people_by_place", "a map"),
        ("people_count", True, "facts.people_count", "without quotes"),
        ("people_count", "12", "facts.people_count", "without quotes"),
        ("people_count", 1.5, "facts.people_count", "without quotes"),
        ("people_count", 10**12, "facts.people_count", "from 0"),
        ("direct_loss_cny", float("nan"), "facts.direct_loss_cny", "from 0"),
        ("malicious", "yes", "facts.malicious", "true, false"),
        ("cause", "a text", "facts.cause", "a map of locale"),
        ("cause", {"zh": "文"}, "facts.cause.zh", "zh-Hans"),
        ("cause", {"en": " "}, "facts.cause.en", "leave the fact out"),
        ("cause", {"en": "a\x00b"}, "facts.cause.en", "remove"),
        ("cause", {"en": "\ud800"}, "facts.cause.en", "remove"),
        ("contact", {"fax": "1"}, "facts.contact.fax", "any of"),
        ("systems_affected", ["a", 5], "facts.systems_affected[1]", "text in quotes"),
    ],
)
def test_a_bad_value_says_where_why_and_how_to_mend(
    name: str, raw: object, field: str, mend: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_fact(name, raw)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.why
    assert mend in problem.mend


def test_all_bad_facts_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_facts({"risk": "no", "people_count": -1, "role": "controller"})
    assert [problem.field for problem in refused.value.problems] == [
        "facts.risk",
        "facts.people_count",
    ]


NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"people_count": 9, "people_by_place": {"DE": 6, "FR": 4}}, "people_by_place"),
        ({"people_count": 9, "uncontactable_count": 10}, "uncontactable_count"),
        (
            {"detected_at": "2026-03-02T00:00:00Z", "handling_ended_at": "2026-03-01T00:00:00Z"},
            "handling_ended_at",
        ),
        (
            {"occurred_at": "2026-03-02T00:00:00Z", "aware_at": "2026-03-01T23:59:59Z"},
            "aware_at",
        ),
        ({"aware_at": (NOW + timedelta(minutes=6)).isoformat()}, "aware_at"),
        ({"ransom_paid": False, "ransom_paid_at": "2026-03-01T00:00:00Z"}, "ransom_paid_at"),
        (
            {
                "authority_notified_at": "2026-03-02T00:00:00Z",
                "intermediate_reported_at": "2026-03-01T00:00:00Z",
            },
            "intermediate_reported_at",
        ),
    ],
)
def test_facts_that_cannot_all_be_true_are_refused(facts: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_together(facts, NOW)
    assert [problem.field for problem in refused.value.problems] == [f"facts.{field}"]


def test_facts_that_agree_pass() -> None:
    check_together(
        {
            "people_count": 10,
            "people_by_place": {"DE": 6, "FR": 4},
            "uncontactable_count": 10,
            "occurred_at": "2026-03-01T00:00:00Z",
            "detected_at": "2026-03-01T00:00:00Z",
            "aware_at": (NOW + timedelta(minutes=4)).isoformat(),
        },
        NOW,
    )


def test_the_vocabulary_is_a_json_schema_that_takes_what_is_canonical() -> None:
    schema = vocabulary()
    jsonschema.Draft202012Validator.check_schema(schema)
    facts = parse_facts({"risk": "high", "people_by_place": {"US-CA": 4}, "cause": {"en": "x"}})
    jsonschema.validate(facts, schema)
    assert set(schema["properties"]) == set(FACTS)
    assert all(entry["description"] for entry in schema["properties"].values())


def test_every_term_of_the_data_privacy_vocabulary_belongs_to_a_word_of_ours() -> None:
    for fact, words in terms().items():
        assert words.keys() <= (FACTS[fact].choices or {}).keys()
        for iri in (iri for iris in words.values() for iri in iris):
            assert iri.startswith(("https://w3id.org/dpv#", "https://w3id.org/dpv/pd#"))
    described = vocabulary()["properties"]["data_categories"]["x-dpv"]
    assert described["biometric"] == ["https://w3id.org/dpv/pd#Biometric"]
    assert "minors" not in described  # whose data they are is no category of data
