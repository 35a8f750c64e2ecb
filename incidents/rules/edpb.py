"""A GDPR report as the EDPB's breach-notification template (v1.0, 2026) wants it, field by field.

The template takes one code where several may be true: the first is coded, all are told in the
description beside it. Where it has no way to say "not known yet", the field is left out rather
than invented, and so the document does not validate until somebody knows.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.rules.report_content import ReportContent
from incidents.rules.report_forms import sources
from playbooks.places import GROUPS

NOT_KNOWN = "Not known yet"
NOT_APPLICABLE = "Not applicable"

KIND = {"ransomware": "b", "personal_data_leak": "g", "lost_device": "i", "misdirected_email": "r",
        "account_takeover": "f"}  # fmt: skip
BREACH = {"confidentiality": "a", "integrity": "b", "availability": "c",
          "temporary_availability": "c"}  # fmt: skip
UNREADABLE = {"key_safe": "a", "partial": "b", "hashed": "b", "key_lost": "b", "none": "c"}
LOST = {"temporary_availability": "a", "availability": "b"}
PEOPLE = {"customers": "a", "employees": "b", "minors": "d", "patients": "e", "subscribers": "g",
          "vulnerable": "i"}  # fmt: skip
DATA = {"contact": "b", "biometric": "c", "criminal": "d", "genetic": "j", "health": "k",
        "health_insurance": "k", "gov_id": "n", "ssn": "n", "tax_id": "n", "passport": "p",
        "driver_licence": "p", "precise_location": "o", "financial_account": "q",
        "payment_card": "q", "behavioural": "r", "credentials": "s",
        "passwords_hashed": "s"}  # fmt: skip
IMPACT = {"financial_account": "f", "payment_card": "f", "gov_id": "d", "ssn": "d", "tax_id": "d",
          "passport": "d", "driver_licence": "d", "credentials": "e"}  # fmt: skip
RISK = {"high": "a", "risk": "b", "unlikely": "c"}
NUMBER_KNOWN, NUMBER_OPEN = "b", "d"  # approximate; to be determined


def edpb_notification(
    content: ReportContent, *, kind: str = "", reference: str = "", previous: str = ""
) -> dict[str, Any]:
    """The template's JSON from a filled `eu_gdpr33` report.

    kind       the incident's kind; codes the nature of the incident
    reference  our own reference; previous: the authority's ID of the report this one follows
    """
    facts, told = _facts(content), {field.name: field.text["en"] for field in content.fields()}
    document = {
        **_notification(content, reference, previous),
        **_parties(facts, told),
        **_timeline(facts, told),
        **_breach(facts, told, kind),
        **_people_and_data(facts, told),
        **_risk_and_measures(facts, told),
        **_communication(facts, content),
        **_borders(facts),
    }
    return {name: value for name, value in document.items() if value not in (None, "")}


def _facts(content: ReportContent) -> dict[str, Any]:
    """The facts that the filed answers rest on; what a person typed over is words, not a fact."""
    facts: dict[str, Any] = {}
    for field in content.fields():
        asked = sources(field.name)
        if field.value is None or not asked or field.name in content.answers:
            continue
        facts |= dict(field.value) if len(asked) > 1 else {asked[0]: field.value}  # type: ignore[arg-type]
    return facts


def _notification(content: ReportContent, reference: str, previous: str) -> dict[str, Any]:
    complete = "b" if content.missing else "a"
    return {
        "field_3": "a" if content.stage == "initial" else "b",
        "field_4": "c" if content.stage == "withdrawn" else complete,
        "field_5": content.answers.get("withdrawal_reason"),
        "field_6": previous,
        "field_7": reference,
    }


def _parties(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    contact = told.get("contact", NOT_KNOWN)
    dpo = told.get("dpo_contact", NOT_KNOWN)
    shared = facts.get("role") == "joint_controller"
    return {
        "field_12": told["organisation_name"],
        "field_13": contact,
        "field_21": (facts.get("contact") or {}).get("name") or NOT_KNOWN,
        "field_22": contact,
        "field_23": "c",
        "field_24": "Contact point of the controller",
        "field_29": NOT_KNOWN if dpo == NOT_KNOWN else "Yes",
        "field_30": dpo,
        "field_31": dpo,
        "field_33": "b",
        "field_38": "a" if shared else "b",
        "field_39": "Joint controller" if shared else NOT_APPLICABLE,
        "field_40": NOT_KNOWN if shared else NOT_APPLICABLE,
        "field_41": NOT_KNOWN if shared else NOT_APPLICABLE,
    }


def _timeline(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    began, ended = facts.get("occurred_at"), facts.get("contained_at")
    same_day = began and ended and _day(began) == _day(ended)
    spanned = "a" if same_day else "b" if ended else "c"
    return {
        "field_44": spanned if began else "e",
        "field_45": True if began else None,
        "field_46": began,
        "field_47": ended if began else None,
        "field_48": facts.get("aware_at"),
        "field_49": told.get("delay_reasons"),
        "field_50": "f",
        "field_51": f"First detected: {told.get('detected_at', NOT_KNOWN)}",
    }


def _breach(facts: Mapping[str, Any], told: Mapping[str, str], kind: str) -> dict[str, Any]:
    kinds = facts.get("breach_kinds") or []
    secret = "confidentiality" in kinds
    return {
        "field_55": _first(kinds, BREACH),
        "field_56": "e" if secret else None,
        "field_57": UNREADABLE.get(facts.get("encryption", ""), "e") if secret else None,
        "field_59": _first(kinds, LOST),
        "field_60": KIND.get(kind, "x"),
        "field_61": "e",
        "field_62": _joined(told, "nature", "cause"),
        "field_63": told.get("systems_affected", NOT_KNOWN),
        "field_75": "c" if facts.get("encryption") in ("partial", "key_safe", "key_lost") else "l",
        "field_76": _joined(told, "security_before", "encryption"),
    }


def _people_and_data(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    people, data = facts.get("people_categories") or [], facts.get("data_categories") or []
    return {
        "field_65": _first(people, PEOPLE) or ("j" if people else "k"),
        "field_66": told["people_categories"],
        "field_67": NUMBER_OPEN if facts.get("people_count") is None else NUMBER_KNOWN,
        "field_68": facts.get("people_count"),
        "field_70": _first(data, DATA) or ("u" if data else "t"),
        "field_71": told["data_categories"],
        "field_72": NUMBER_OPEN if facts.get("record_count") is None else NUMBER_KNOWN,
        "field_73": facts.get("record_count"),
    }


def _risk_and_measures(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    data = facts.get("data_categories") or []
    return {
        "field_85": _first(data, IMPACT) or "o",
        "field_86": told["possible_effects"],
        "field_87": "d",
        "field_89": RISK.get(facts.get("risk", "")),
        "field_90": _joined(told, "risk", "risk_assessment"),
        "field_92": told["measures_taken"],
        "field_94": "o",
        "field_95": told.get("measures_planned", NOT_KNOWN),
    }


def _communication(facts: Mapping[str, Any], content: ReportContent) -> dict[str, Any]:
    told_at = facts.get("people_notified_at")
    low = content.stage == "final" and facts.get("risk") in ("risk", "unlikely")
    return {
        "field_97": "a" if told_at else "d" if low else "c",
        "field_98": _day(told_at) if told_at else None,
    }


def _borders(facts: Mapping[str, Any]) -> dict[str, Any]:
    home, crossing = str(facts.get("establishment") or "")[:2], facts.get("cross_border")
    told = "c" if crossing is None else "a" if crossing else "b"
    places = {str(place)[:2] for place in facts.get("people_by_place") or {}} & GROUPS["EEA"]
    across = told if home in GROUPS["EEA"] else "b"
    outside = "a" if places else "c"
    return {
        "field_113": across if home else "c",
        "field_116": ", ".join(sorted(places)),
        "field_120": ("b" if home in GROUPS["EEA"] else outside) if home else "c",
    }


def _first(codes: list[str], table: Mapping[str, str]) -> str | None:
    return next((table[code] for code in codes if code in table), None)


def _joined(told: Mapping[str, str], *names: str) -> str:
    known = [told[name] for name in names if told.get(name, NOT_KNOWN) != NOT_KNOWN]
    return "\n".join(known) or NOT_KNOWN


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).date().isoformat()
