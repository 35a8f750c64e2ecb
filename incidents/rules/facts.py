"""What can be known of an incident: the vocabulary that rules, playbooks and doors share.

A fact is a name and a JSON value. Moments are ISO 8601 in UTC, counts are whole numbers,
places are ISO 3166 codes. What is not known is absent; unknown is not no.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from incidents.errors import InvalidInput, Problem
from incidents.rules.fact_values import READERS, Refused
from incidents.rules.facts_together import check_together

__all__ = [
    "FACTS", "FactKind", "FactType", "check_mention", "check_together", "did_you_mean",
    "parse_fact", "parse_facts",
]  # fmt: skip

FactType = Literal[
    "moment", "choice", "choices", "flag", "count", "amount", "place", "place_counts",
    "words", "word_list", "contact",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FactKind:
    """One fact: its type, its unit, its closed list (code -> meaning) and what it says."""

    name: str
    type: FactType
    description: str
    unit: str = ""
    choices: Mapping[str, str] | None = None


def _moment(name: str, description: str) -> FactKind:
    return FactKind(name, "moment", description, unit="ISO 8601, UTC")


def _flag(name: str, description: str) -> FactKind:
    return FactKind(name, "flag", description)


def _count(name: str, description: str, unit: str = "people") -> FactKind:
    return FactKind(name, "count", description, unit=unit)


def _words(name: str, description: str) -> FactKind:
    return FactKind(name, "words", description, unit="map of locale to plain text")


ROLES = {
    "controller": "we decide why and how data are processed (China: personal information handler)",
    "joint_controller": "we decide it together with others",
    "processor": "we process for somebody else (China: entrusted party)",
}
FLAGS = {
    "network_operator": "builds or runs networks, or serves through networks, in China",
    "cii": "operator of critical information infrastructure in China",
    "central_organ": "Chinese central or state organ or a unit directly under it",
    "hipaa_covered_entity": "covered entity under HIPAA",
    "hipaa_business_associate": "business associate under HIPAA",
    "public_body": "government body or public agency",
    "disproportionate_effort": "telling each person would take a disproportionate effort",
    "authority_ordered_notice": "an authority ordered us to tell people",
    "low_probability_of_compromise": "HIPAA four-factor assessment on file: low probability",
    "national_restriction": "national law under GDPR art. 23 restricts telling people",
    "telecom_cn": "telecom operator or internet information service in China",
    "financial_cn": "bank, insurer or other institution under China's financial regulator (NFRA)",
    "pbc_regulated": "works in a business field of the People's Bank of China",
    "industry_data_cn": "handles industrial, telecom or radio data in China",
    "critical_infrastructure_hk": "critical infrastructure operator named under Hong Kong Cap. 653",
    "critical_infrastructure_mo": "operator of critical infrastructure in Macau",
    "critical_infrastructure_au": "responsible for a critical infrastructure asset in Australia",
    "critical_infrastructure_ch": "operator of critical infrastructure in Switzerland",
    "regulated_sector_tw": "in a sector whose regulator in Taiwan asks for reports of breaches",
    "online_service_kr": "provider of information and communications services in Korea",
    "body_corporate_in": "service provider, intermediary, data centre, company or body in India",
    "apra_regulated": "regulated by the Australian Prudential Regulation Authority",
    "ransom_reporting_au": "in Australia with AUD 3 million turnover, or critical infrastructure",
    "telecom_provider": "provider of public electronic communications services (EU, UK)",
    "essential_entity": "essential entity under NIS2",
    "important_entity": "important entity under NIS2",
    "essential_service_uk": "operator of essential services or relevant digital service in the UK",
    "trust_service": "trust service provider under eIDAS",
    "financial_entity_eu": "financial entity under DORA",
    "digital_manufacturer": "manufacturer of products with digital elements on the EU market",
    "notice_not_required_by_law": "a law or regulation allows that people are not told",
    "leak_closed_and_recovered": "the path is closed and the data recovered or deleted (Korea)",
    "controller_notified": "as the entrusted party we have told whoever entrusted us (Japan)",
    "authority_exempted_notice": "the authority exempted us from telling people, or allows delay",
    "other_entity_notified": "another holder of the same data has notified (Australia)",
    "notice_exception_documented": "a statutory exception to telling people is on file",
    "notice_needed_for_protection": "people must know of it to protect themselves (Switzerland)",
    "overriding_secrecy": "secrecy or overriding interests forbid telling people",
    "report_requested": "the authority or CSIRT asked for an intermediate report",
    "incident_ongoing": "the incident still goes on when the final report is due",
    "phr_vendor": "vendor of personal health records, or related to one (FTC, not HIPAA)",
    "phr_service": "serves a vendor of personal health records (FTC)",
    "financial_institution_ftc": "financial institution under the FTC's Safeguards Rule, no bank",
    "securities_firm_us": "broker, fund, adviser or transfer agent under SEC Regulation S-P",
    "smaller_securities_firm_us": "smaller entity under Regulation S-P, bound since June 2026",
    "securities_provider_us": "serves a firm under SEC Regulation S-P and has its customers' data",
    "securities_issuer_us": "reports to the SEC on Form 8-K",
    "bank_us": "bank under the OCC, the Federal Reserve or the FDIC",
    "bank_provider_us": "provides services to banks in the US",
    "credit_union_us": "federally insured credit union in the US",
    "telecom_us": "carrier, VoIP or relay service under the FCC",
    "dfs_covered": "licensed by New York's Department of Financial Services",
    "defense_contractor_us": "contractor of the US Department of Defense",
    "data_broker_ga": "information broker or public data collector in Georgia (US), or serves one",
    "no_harm_finding": "written finding on file: misuse of the data, or harm, is not likely at all",
    "law_enforcement_consulted": "law enforcement was consulted on that finding",
    "attorney_general_consulted": "the state's attorney general was told of that finding",
    "attorney_general_delay": "the US Attorney General determined that notice must wait",
    "regulator_notice_required": "another government body must be told of it too",
    "small_agent_br": "small processing agent under the rules of Brazil's ANPD",
    "essential_service_cl": "provider of essential services in Chile (Ley 21.663)",
    "vital_operator_cl": "operator of vital importance in Chile (Ley 21.663)",
    "database_security_il": "keeps a database of medium or high security level in Israel",
    "difc": "established in the Dubai International Financial Centre",
    "adgm": "established in the Abu Dhabi Global Market",
    "identity_unknown": "who the people are cannot be established",
}
DATA = {
    "contact": "name, address, email, telephone",
    "gov_id": "national identity number",
    "ssn": "US social security number",
    "tax_id": "tax number",
    "passport": "passport number",
    "driver_licence": "driving licence or state identity card number",
    "financial_account": "bank account with the means of access",
    "payment_card": "payment card with code or expiry date",
    "credentials": "user name with password or security answer in the clear",
    "passwords_hashed": "salted, strongly hashed passwords",
    "health": "medical information",
    "health_insurance": "health insurance information",
    "biometric": "biometric data that identify",
    "genetic": "genetic data",
    "special_category": "race, politics, religion, union, sex life, orientation",
    "criminal": "convictions and offences",
    "precise_location": "precise location and movements",
    "communications": "content of communications",
    "behavioural": "habits, preferences, browsing",
    "employment": "employment records",
    "education": "education records",
    "minors": "data of children",
    "survey_answers": "answers to surveys",
}
PEOPLE = {
    "customers": "customers and users",
    "employees": "employees and applicants",
    "survey_participants": "people who took part in surveys",
    "patients": "patients",
    "minors": "children",
    "vulnerable": "people at particular risk",
    "subscribers": "subscribers and prospects",
    "suppliers": "contacts at suppliers and partners",
    "other": "others",
}
KINDS = {
    "confidentiality": "data were seen or taken, or may have been",
    "integrity": "data were changed",
    "availability": "data were lost for good",
    "temporary_availability": "data could not be reached for a time",
}
ENCRYPTION = {
    "none": "readable",
    "partial": "part of the data was encrypted",
    "hashed": "hashed or pseudonymised only",
    "key_safe": "state-of-the-art encryption and the key is safe: unintelligible",
    "key_lost": "encrypted, but the key may be lost too",
}
RISKS = {
    "unlikely": "a risk to people's rights and freedoms is unlikely",
    "risk": "a risk",
    "high": "a high risk",
}
DISCOVERERS = {
    "ourselves": "we detected it ourselves",
    "processor": "our processor told us",
    "person_affected": "a person affected told us",
    "outsider": "somebody from outside told us",
    "press": "the press",
    "other": "otherwise",
}
ORIGINS = {
    "inside_mistake": "from inside, without ill intent",
    "inside_malice": "from inside, with ill intent",
    "outside_mistake": "from outside, without ill intent",
    "outside_malice": "from outside, with ill intent",
    "not_to_be_found": "cannot be found out",
}
GRADES = {
    "general": "一般",
    "relatively_major": "较大",
    "major": "重大",
    "particularly_major": "特别重大",
}

_KINDS = (
    _moment("occurred_at", "when it happened, or began"),
    _moment("detected_at", "first technical detection, or first report by anybody"),
    _moment("suspected_at", "when there were reasonable grounds to suspect a breach"),
    _moment("aware_at", "when we were reasonably certain that personal data were hit"),
    _moment("confirmed_at", "when the breach was confirmed"),
    _moment("contained_at", "when it could spread no further"),
    _moment("handling_ended_at", "when handling ended (处置结束)"),
    _moment("assessed_notifiable_at", "when our assessment said: this must be notified"),
    _moment("notified_by_processor_at", "when our processor told us"),
    _moment("people_notified_at", "when the notices to people went out"),
    _moment("authority_notified_at", "when the first report to the authority went out"),
    _moment("substance_changed_at", "when material new facts became known after the first report"),
    _moment("scope_identified_at", "when the extent and the people were identified"),
    _moment("classified_major_at", "when the incident was classified as major (DORA)"),
    _moment("intermediate_reported_at", "when the latest intermediate report went out"),
    _moment("measure_available_at", "when a corrective or mitigating measure was available"),
    _moment("ransom_paid_at", "when a ransom was paid"),
    _moment("assessed_material_at", "when it was determined to be material (securities law)"),
    _moment("no_harm_found_at", "when a written finding said that no harm is likely"),
    _moment("hold_released_at", "when a delay asked for by the police or another authority ended"),
    FactKind("role", "choice", "our part in the processing", choices=ROLES),
    FactKind("establishment", "place", "where our main establishment is", unit="ISO 3166"),
    FactKind("organisation_flags", "choices", "what we are, as laws ask", choices=FLAGS),
    FactKind("people_by_place", "place_counts", "affected people where they live", unit="people"),
    _count("people_count", "affected people worldwide"),
    _count("record_count", "affected records", unit="records"),
    FactKind("people_categories", "choices", "who the people are", choices=PEOPLE),
    FactKind("data_categories", "choices", "what kinds of data", choices=DATA),
    FactKind("breach_kinds", "choices", "what befell the data", choices=KINDS),
    FactKind("encryption", "choice", "how well the data were protected", choices=ENCRYPTION),
    FactKind("risk", "choice", "risk to people (GDPR scale), assessed", choices=RISKS),
    FactKind("china_grade", "choice", "grade of the Chinese measures", choices=GRADES),
    _flag("harm", "the statute's own harm test is met (real risk of significant harm)"),
    _flag("malicious", "an attack or unlawful access is suspected"),
    _flag("internal_only", "it stayed inside the organisation"),
    _flag("good_faith_internal", "good-faith access by our own people, no further use"),
    _flag("trusted_recipient", "a known recipient gave written assurance of deletion"),
    _flag("remediated", "measures taken make the likely harm not materialise"),
    _flag("cross_border", "more than one country is affected"),
    _flag("ransom_paid", "a ransom was paid"),
    _flag("significant", "significant as laws on critical and digital services ask"),
    _flag("material", "material to investors (securities law), determined"),
    _flag("large_scale", "on a large scale, where the law has no number for it"),
    _flag("dora_major", "major by the criteria of DORA"),
    _flag("classified_after_a_day", "classified as major over 24 hours after awareness (DORA)"),
    _flag("exploited_vulnerability", "a vulnerability of our product is actively exploited"),
    _flag("dangerous_flaw", "a flaw of our service endangers security or public interest (China)"),
    _flag("wrongful_purpose", "probably done with a wrongful purpose (Japan)"),
    _flag("communications_service", "it struck in providing a public communications service"),
    _flag("property_harm", "wrongful use may damage property (Japan)"),
    _flag("public_service_disturbed", "public services or the public interest suffer badly"),
    _flag("law_enforcement_hold", "a written request of the police to delay is on file"),
    FactKind("direct_loss_cny", "amount", "direct economic loss", unit="CNY"),
    FactKind("notice_cost_usd", "amount", "cost of telling each person", unit="USD"),
    _count("uncontactable_count", "affected people without usable contact data"),
    FactKind("discovered_by", "choice", "how it came to our knowledge", choices=DISCOVERERS),
    FactKind("origin", "choice", "where it came from, and with what intent", choices=ORIGINS),
    _flag("reported_to_police", "a crime was reported to the police or a prosecutor"),
    _words("cause", "why it happened"),
    _words("possible_effects", "what it may mean for people"),
    _words("measures_taken", "what has been done"),
    _words("measures_planned", "what will be done"),
    _words("advice", "what people can do to protect themselves"),
    _words("help_offered", "what help we offer them"),
    _words("security_before", "the safeguards in place before it happened"),
    _words("delay_reasons", "why an authority is told late"),
    _words("organisation_name", "our name"),
    FactKind("dpo_contact", "contact", "the data protection officer, or who is in charge"),
    FactKind("parties_involved", "word_list", "processors, joint controllers, suppliers involved"),
    FactKind("authorities_told", "word_list", "other authorities told of it, with their numbers"),
    FactKind("contact", "contact", "whom to ask: name, email, phone, url, hours"),
    FactKind("systems_affected", "word_list", "systems hit"),
)
FACTS: Mapping[str, FactKind] = {kind.name: kind for kind in _KINDS}


def did_you_mean(word: str, words: Collection[str]) -> str:
    """A hint at the nearest known word; empty when nothing is near."""
    close = difflib.get_close_matches(word, words, n=1)
    return f"did you mean {close[0]}?" if close else ""


def parse_fact(name: str, raw: Any, path: str = "facts") -> Any:
    """The JSON value of one fact, in its canonical form.

    raw     what came in: JSON, or what YAML makes of it
    path    where the facts stand in the input; errors name `<path>.<name>…`
    Raises  InvalidInput with field, why and mend
    """
    kind = FACTS.get(name)
    if kind is None:
        mend = did_you_mean(name, FACTS) or "see the vocabulary of facts"
        problem = Refused(f"no fact is called {name!r}", mend).at(f"{path}.{name}")
        raise InvalidInput(f"There is no fact {name!r}.", problem)
    try:
        return READERS[kind.type](raw, kind.choices or {})
    except Refused as refused:
        problem = refused.at(f"{path}.{name}")
        raise InvalidInput(f"{name}: {problem.why}.", problem) from None


def parse_facts(raw: Mapping[str, Any], path: str = "facts") -> dict[str, Any]:
    """Every fact of a mapping; refuses with all problems at once, not the first alone."""
    facts: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in raw.items():
        try:
            facts[name] = parse_fact(str(name), value, path)
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(f"{len(problems)} of the facts cannot be used.", *problems)
    return facts


def check_mention(fact: str, how: str, value: Any) -> str | None:
    """What is wrong with a condition that holds a fact against a constant; None if nothing."""
    kind = FACTS[fact]
    if how in ("known", "place"):
        return None
    if how == "flag":
        return None if kind.type == "flag" else f"{fact} is a {kind.type}: compare it"
    if how == "order":
        numeric = kind.type in ("count", "amount")
        return None if numeric else f"{fact} is a {kind.type}: it has no order"
    if kind.choices and value is not None and value not in kind.choices:
        return (
            f"{fact} has no {value!r}; {did_you_mean(str(value), kind.choices) or 'see the list'}"
        )
    return None
