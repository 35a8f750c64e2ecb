import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from incidents.errors import InvalidInput
from incidents.rules.catalogue import load
from incidents.rules.facts import FACTS, KINDS, parse_facts
from incidents.rules.report_content import ReportContent, differences, fill
from incidents.rules.report_forms import form_for, form_named, forms, sources, stage_on_form
from incidents.rules.report_gaps import to_translate
from incidents.rules.report_text import fact_text, labels, words_of

NOW = datetime(2026, 3, 6, 4, tzinfo=UTC)


def answer(content, name):
    return next(field for field in content.fields() if field.name == name)


EACH_FORM = pytest.mark.parametrize("form", forms().values(), ids=lambda form: form.id)


def unknown_in(form):
    return form.unknown or {locale: labels(locale)["not_known"] for locale in form.locales}


@EACH_FORM
def test_a_form_fills_with_nothing_known_and_says_so(form):
    for stage in form.stages:
        content = fill(form, {}, stage, now=NOW)
        for field in content.fields():
            assert not field.known
            assert field.text == unknown_in(form)
            assert set(field.needs) == set(sources(field.name))
        assert set(content.missing) <= {field.name for field in content.fields()}
        assert content.missing


@EACH_FORM
def test_every_fact_given_appears_in_words(form, facts):
    facts = parse_facts(facts)
    content = fill(form, facts, "final", now=NOW)
    for field in content.fields():
        assert field.known == bool(set(sources(field.name)) & set(facts))
        assert field.known == all(
            text != unknown_in(form)[locale] for locale, text in field.text.items()
        )


@EACH_FORM
def test_an_earlier_stage_misses_no_more_than_a_later_one(form):
    stages = [stage for stage in form.stages if stage != "withdrawn"]
    missing = [set(fill(form, {}, stage, now=NOW).missing) for stage in stages]
    assert all(early <= late for early, late in pairwise(missing))


def test_the_chinese_report_speaks_chinese_on_chinese_clocks(facts):
    content = fill(form_named("cn_incident_report"), facts, "initial", now=NOW)
    assert content.locales[0] == "zh-Hans"
    assert answer(content, "organisation_name").text["zh-Hans"] == "示例调查公司"
    assert answer(content, "occurred_at").text["zh-Hans"] == "2026-03-04 01:30 (UTC+08:00)"
    assert answer(content, "china_grade").text["zh-Hans"] == "一般"
    assert (
        len(content.sections) == 7
    )  # item 8 only where there is something; the summary at the end


def test_no_and_nought_are_answers():
    form = form_named("cn_incident_report")
    content = fill(form, {"ransom_paid": False, "people_count": 0}, "initial", now=NOW)
    assert answer(content, "ransom_paid").text == {"zh-Hans": "否", "en": "No"}
    assert answer(content, "people_count").text == {"zh-Hans": "0", "en": "0"}


def test_what_a_person_typed_stands_and_is_carried_on(facts):
    form = form_named("cn_incident_report")
    first = fill(form, facts, "initial", now=NOW, answers={"trend": "Contained."})
    assert answer(first, "trend").text["zh-Hans"] == "Contained."
    second = fill(form, facts, "supplementary", first, now=NOW + timedelta(hours=5))
    assert answer(second, "trend").known
    assert second.changes == ()


def test_an_answer_to_no_question_is_refused():
    with pytest.raises(InvalidInput) as refused:
        fill(form_named("uk_ico"), {}, "initial", now=NOW, answers={"tredn": "x"})
    assert refused.value.problems[0].field == "answers.tredn"


def test_a_later_version_lists_what_changed(facts):
    form = form_named("eu_gdpr33")
    known_early = {name: facts[name] for name in ("aware_at", "people_count", "contact")}
    first = fill(form, known_early, "initial", now=NOW)
    second = fill(form, facts | {"people_count": 12000}, "supplementary", first, now=NOW)
    changed = {change.name: change for change in second.changes}
    assert changed["people_count"].before["en"] == "10,000"
    assert changed["people_count"].after["de"] == "12.000"
    assert changed["risk"].before["fr"] == "Pas encore connu"
    assert "aware_at" not in changed
    assert differences(second, second) == []


def test_a_withdrawal_asks_only_why():
    form = form_named("generic")
    content = fill(form, {}, "withdrawn", now=NOW)
    assert content.missing == ("withdrawal_reason",)
    told = fill(form, {}, "withdrawn", now=NOW, answers={"withdrawal_reason": "Reported twice."})
    assert told.missing == ()


def test_a_version_survives_storage_as_json(facts):
    content = fill(form_named("cn_pipl57"), facts, "initial", now=NOW)
    assert ReportContent(**json.loads(content.model_dump_json())) == content


@pytest.mark.parametrize(
    ("rule", "form"),
    [
        ("eu-gdpr-33", "eu_gdpr33"), ("cn-pipl-57-authority", "cn_pipl57"),
        ("uk-gdpr-33", "uk_ico"),
        ("us-hipaa-408", "us_hhs"), ("us-ca-1798-82-ag", "us_ca_ag"), ("sg-pdpa-26d", "sg_pdpc"),
        ("cn-incident-measures-4", "cn_incident_report"), ("eu-gdpr-334", "generic"),
        ("br-lgpd-48-authority", "br_anpd"),
        ("us-tx-521-053-authority", "us_state_ag"), ("us-nydfs-500-17-a-1", "generic"),
        ("cn-nfra-updates", "cn_report"), ("us-8k-105-amendment", "us_sec_8k"),
    ],
)  # fmt: skip
def test_a_rule_of_the_law_finds_its_form(rule, form):
    assert form_for(rule).id == form


def asked(codes):
    return {fact for code in codes for fact in (sources(code) or (code,))}


@pytest.mark.parametrize(
    "rule",
    [rule for rule in load().rules if rule.audience == "authority"],
    ids=lambda rule: rule.id,
)
def test_a_form_asks_for_all_that_its_rule_requires(rule):
    assert asked(rule.required_content) <= asked(form_for(rule.id).field_names())


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
def test_every_code_has_a_label_in_reports(locale):
    for name in ("data_categories", "breach_kinds", "people_categories"):
        text = fact_text(name, list(FACTS[name].choices), locale, "UTC")
        assert not any(code in text for code in FACTS[name].choices if "_" in code)
    assert set(labels(locale)["breach_kinds"]) == set(KINDS)
    for name in ("risk", "encryption", "role", "china_grade"):
        assert set(labels(locale)[name]) == set(FACTS[name].choices)


def test_the_generic_form_is_for_those_whose_questions_we_do_not_know():
    laws = load()
    generic = {rule.id.split("-")[0] for rule in laws.rules if is_generic(rule)}
    # At home here, or in an instrument of its own: each has a form, and nobody falls through.
    assert not generic & {"cn", "jp", "br", "sg", "nz", "ca", "ph"}
    named = [rule.id for rule in laws.rules if is_generic(rule) and rule.id[:3] in ("eu-", "us-")]
    parts = {"-".join(name.split("-")[:2]) for name in named}
    assert parts <= {
        "eu-611", "eu-eidas",
        "us-bank36", "us-dfars", "us-fcc", "us-hbnr", "us-ncua", "us-nydfs", "us-safeguards",
    }, "a rule fell on the generic form: give it one, or name it here"  # fmt: skip


def is_generic(rule):
    return rule.audience == "authority" and form_for(rule.id).id == "generic"


@pytest.mark.parametrize(
    "rule",
    [rule for rule in load().rules if "report_filed" in rule.evidence],
    ids=lambda rule: rule.id,
)
def test_a_form_knows_every_stage_that_its_rules_have(rule):
    form = form_for(rule.id, rule.audience)
    assert form.audience == rule.audience or form.id == "generic"
    assert stage_on_form(rule.stage) in form.stages


@EACH_FORM
def test_a_form_prints_no_code_and_no_foreign_word_for_a_choice(form):
    for locale in form.locales:
        say = words_of(locale)
        for fact in {fact for name in form.field_names() for fact in sources(name)}:
            for code in FACTS[fact].choices or ():
                assert code in say[fact], (locale, fact, code)
        assert {*form.stages} <= {*say["stages"]}


def test_a_word_that_is_not_in_the_authoritys_language_says_so(facts):
    known = facts | {"cause": {"en": "A disk failed."}}
    content = fill(form_named("jp_ppc"), known, "final", now=NOW)
    assert answer(content, "cause").text == {"ja": "A disk failed. [英語]", "en": "A disk failed."}
    assert [field.name for field in to_translate(content)] == ["cause"]
    typed = fill(form_named("jp_ppc"), known, "final", now=NOW, answers={"cause": "ディスクの故障"})
    assert to_translate(typed) == ()


@pytest.mark.parametrize(
    ("place", "establishment", "first"),
    [("", "FR", "fr"), ("DE", "US", "de"), ("EEA", "AT", "de"), ("EEA", "SE", "en")],
)
def test_a_european_authority_reads_its_own_language_first(place, establishment, first):
    form = form_named("eu_gdpr33")
    content = fill(form, {"establishment": establishment}, "initial", now=NOW, place=place)
    assert content.locales[0] == first
    assert set(content.locales) == set(form.locales)


def test_an_authority_is_named_as_the_law_names_it_in_letters_that_we_print():
    state = fill(form_named("us_state_ag"), {}, "initial", now=NOW, authority="AG of Texas")
    assert state.authority == {"en": "AG of Texas"}
    arabic = "مكتب الإمارات للبيانات (UAE Data Office)"
    emirates = fill(form_named("generic"), {}, "initial", now=NOW, authority=arabic)
    assert emirates.authority["en"] == "UAE Data Office"


def test_what_is_public_on_filing_asks_for_no_technical_detail():
    asked_for = asked(form_named("us_sec_8k").field_names())
    assert not asked_for & {"systems_affected", "cause", "leads", "security_before", "encryption"}


def test_four_stages_carry_on_what_people_typed_and_show_what_changed(facts):
    form, content = form_named("eu_nis2"), None
    early = {name: facts[name] for name in ("aware_at", "contact", "malicious")}
    stages = [("early_warning", early), ("initial", early), ("intermediate", facts)]
    typed = {"early_warning": {"trend": "Spreading."}, "initial": {"leads": "One address."}}
    for number, (stage, known) in enumerate([*stages, ("final", facts)]):
        given = {
            name: text for name, text in typed.get(stage, {}).items() if name in form.field_names()
        }
        at = NOW + timedelta(hours=number)
        content = fill(form, known, stage, content, now=at, answers=given)
        changed = {change.name for change in content.changes}
        if stage == "initial":
            assert changed == {"leads"}
        if stage == "intermediate":
            assert {"risk_assessment", "trend"} & changed == {"trend"}
            assert {"cross_border", "measures_taken"} <= changed
    assert answer(content, "leads").value == "One address."
    assert answer(content, "trend").value == "Spreading."
    assert content.stage_name["de"] == "Abschlussmeldung"


def test_why_a_report_was_withdrawn_is_not_carried_into_the_next():
    form = form_named("generic")
    gone = fill(form, {}, "withdrawn", now=NOW, answers={"withdrawal_reason": "Wrong authority."})
    assert "withdrawal_reason" not in fill(form, {}, "initial", gone, now=NOW).answers


def test_the_page_about_reports_names_every_form():
    page = (Path(__file__).parents[2] / "docs/reports.md").read_text("utf-8")
    assert {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")} == {
        *forms()
    }
