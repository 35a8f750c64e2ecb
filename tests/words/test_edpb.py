"""The EDPB's template: always valid, and honest about what nobody has established."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from incidents.rules.edpb import edpb_notification
from incidents.rules.edpb_codes import TITLES
from incidents.rules.facts import parse_facts
from incidents.rules.report_content import fill
from incidents.rules.report_forms import form_named

NOW = datetime(2026, 3, 6, 4, tzinfo=UTC)
SCHEMA = Path(__file__).parents[3] / "shared/data/edpb/breach-notification.schema.json"
FORM = form_named("eu_gdpr33")

AWARE = {"aware_at": "2026-03-05T04:00:00Z", "establishment": "DE"}
BREACHES = {
    "ransomware": (
        "initial", "ransomware",
        {**AWARE, "breach_kinds": ["availability", "confidentiality"], "malicious": True,
         "origin": "outside_malice", "risk": "high", "record_count": 90_000},
    ),
    "misdirected e-mail": (
        "initial", "misdirected_email",
        {**AWARE, "breach_kinds": ["confidentiality"], "trusted_recipient": True, "risk": "risk",
         "people_count": 1, "record_count": 1, "data_categories": ["contact"],
         "discovered_by": "outsider"},
    ),
    "lost device": (
        "initial", "lost_device",
        {**AWARE, "breach_kinds": ["confidentiality", "availability"], "encryption": "key_safe",
         "risk": "unlikely", "reported_to_police": True},
    ),
    "breach at a processor": (
        "initial", "personal_data_leak",
        {**AWARE, "parties_involved": ["Example Hosting"], "discovered_by": "processor",
         "notified_by_processor_at": "2026-03-05T03:00:00Z", "breach_kinds": ["confidentiality"]},
    ),
    "minors": (
        "initial", "account_takeover",
        {**AWARE, "people_categories": ["customers", "minors"], "data_categories": ["minors"],
         "breach_kinds": ["integrity"], "delay_reasons": {"en": "The school was closed."}},
    ),
    "health data": (
        "supplementary", "other",
        {**AWARE, "people_categories": ["patients"], "data_categories": ["contact", "health"],
         "breach_kinds": ["temporary_availability"], "contained_at": "2026-03-05T05:00:00Z",
         "occurred_at": "2026-03-05T01:00:00Z"},
    ),
    "across borders, from outside the EEA": (
        "initial", "personal_data_leak",
        {**AWARE, "establishment": "US", "people_by_place": {"DE": 10, "FR": 4, "US-CA": 7},
         "cross_border": True, "authorities_told": ["ICO, case 1"]},
    ),
    "everything unknown": ("initial", "", {}),
    "final": (
        "final", "personal_data_leak",
        {**AWARE, "risk": "risk", "people_count": 5, "people_notified_at": "2026-03-06T02:00:00Z",
         "dpo_contact": {"name": "Data protection office", "email": "dpo@example.com"}},
    ),
    "withdrawn": ("withdrawn", "personal_data_leak", AWARE),
}  # fmt: skip


def notification(facts, stage="initial", **more):
    content = fill(FORM, parse_facts(facts), stage, now=NOW)
    return edpb_notification(content, **more)


def complaints(document):
    if not SCHEMA.exists():
        pytest.skip("the EDPB schema is not at hand")
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    return sorted(error.message for error in validator.iter_errors(document))


@pytest.mark.parametrize("breach", BREACHES)
def test_every_breach_gives_a_valid_document(breach):
    stage, kind, facts = BREACHES[breach]
    found = notification(facts, stage, kind=kind, reference="INC-2026-0001")
    assert complaints(json.loads(found.model_dump_json())["document"]) == []


@pytest.mark.parametrize("stage", FORM.stages)
def test_the_sample_breach_gives_a_valid_document_at_every_stage(stage, facts):
    facts["people_notified_at"] = "2026-03-06T02:00:00Z"
    found = notification(facts, stage, kind="personal_data_leak", reference="INC-1")
    assert complaints(found.document) == []
    for moment in ("field_46", "field_47", "field_48"):
        assert datetime.fromisoformat(found.document[moment]).tzinfo


def test_with_nothing_known_every_value_that_stands_in_is_listed_for_review():
    found = notification({})
    listed = {one.field: one for one in found.to_review}
    assert found.document["field_4"] == "b"
    for field in ("field_48", "field_55", "field_73", "field_89"):  # no words for "not known"
        assert listed[field].why == "assumed"
        assert listed[field].value == found.document[field]
    for field in ("field_44", "field_65", "field_67", "field_70", "field_87"):
        assert listed[field].why == "to_be_determined"
    silent = {"field_3", "field_4", "field_24", "field_33", "field_39", "field_40", "field_41"}
    assert set(found.document) - set(listed) <= silent
    assert listed["field_89"].needs == ("risk",)


def test_what_is_known_is_not_listed_for_review(facts):
    listed = {one.field for one in notification(facts, kind="ransomware").to_review}
    known = {"field_44", "field_48", "field_55", "field_57", "field_60", "field_65", "field_67",
             "field_70", "field_73", "field_89", "field_92", "field_113", "field_120"}  # fmt: skip
    assert not listed & known
    assert listed <= set(TITLES)


def test_awareness_that_nobody_recorded_is_no_later_than_the_first_sign():
    assert notification({}).document["field_48"] == NOW.isoformat()
    signs = {
        "detected_at": "2026-03-02T01:00:00Z",
        "notified_by_processor_at": "2026-03-01T01:00:00Z",
    }
    assert notification(signs).document["field_48"] == "2026-03-01T01:00:00Z"


def test_of_several_kinds_the_weightiest_is_coded():
    document = notification(BREACHES["minors"][2]).document
    assert document["field_65"] == "d"
    assert notification(BREACHES["health data"][2]).document["field_70"] == "k"


def test_a_later_report_names_the_one_it_follows():
    document = notification(AWARE, "supplementary", previous="A-17").document
    assert (document["field_3"], document["field_6"]) == ("b", "A-17")
