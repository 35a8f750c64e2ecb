"""A GDPR report as the EDPB's breach-notification template (v1.0, 2026) wants it, field by field.

The document is always valid. Where something is not known, the template's own "to be determined"
stands in, or, where it has none, a cautious value. Each stand-in is listed beside the document,
so that a person reviews it before filing. What is told in words stands in the description fields.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.rules import edpb_codes as codes
from incidents.rules.edpb_review import NOT_KNOWN, Open, StandIn, stand_ins, value_of
from incidents.rules.report_content import ReportContent
from incidents.rules.report_forms import Frozen, sources
from playbooks.places import GROUPS

NOT_APPLICABLE = "Not applicable"
NUMBER_KNOWN, NUMBER_OPEN = "b", "d"  # approximate; to be determined
_SIGNS = ("detected_at", "notified_by_processor_at")


class EdpbNotification(Frozen):
    """The template's JSON, and what in it a person must look at before it is filed."""

    document: dict[str, Any]
    to_review: tuple[StandIn, ...]


def edpb_notification(
    content: ReportContent, *, kind: str = "", reference: str = "", previous: str = ""
) -> EdpbNotification:
    """The template's JSON from a filled `eu_gdpr33` report.

    kind       the incident's kind; codes the nature of the incident
    reference  our own reference; previous: the authority's ID of the report this one follows
    """
    facts, told = _facts(content), _told(content)
    answers = {
        **_parties(facts, told),
        **_timeline(facts, told, content),
        **_breach(facts, told, kind),
        **_people_and_data(facts, told),
        **_risk_and_measures(facts, told),
        **_communication(facts, content),
        **_authorities(facts),
        **_borders(facts),
    }
    to_review = tuple(stand_ins(answers))
    open_ends = any(one.why == "to_be_determined" for one in to_review)
    whole = {**_notification(content, reference, previous, open_ends), **answers}
    document = {name: value_of(answer) for name, answer in whole.items()}
    return EdpbNotification(
        document={name: value for name, value in document.items() if value not in (None, "")},
        to_review=to_review,
    )


def _facts(content: ReportContent) -> dict[str, Any]:
    """The facts that the filed answers rest on; what a person typed over is words, not a fact."""
    facts: dict[str, Any] = {}
    for field in content.fields():
        asked = sources(field.name)
        if field.value is None or not asked or content.answers.get(field.name):
            continue
        facts |= dict(field.value) if len(asked) > 1 else {asked[0]: field.value}  # type: ignore[arg-type]
    return facts


def _told(content: ReportContent) -> dict[str, str]:
    return {field.name: field.text["en"] for field in content.fields()}


def _notification(
    content: ReportContent, reference: str, previous: str, open_ends: bool
) -> dict[str, Any]:
    complete = "b" if content.missing or open_ends else "a"
    return {
        "field_3": "a" if content.stage == "initial" and not previous else "b",
        "field_4": "c" if content.stage == "withdrawn" else complete,
        "field_5": content.answers.get("withdrawal_reason"),
        "field_6": previous,
        "field_7": reference,
    }


def _parties(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    contact = told.get("contact", NOT_KNOWN)
    name = (facts.get("contact") or {}).get("name")
    return {
        "field_12": told["organisation_name"],
        "field_13": contact,
        "field_21": name or NOT_KNOWN,
        "field_22": contact,
        "field_23": Open("c", why="assumed"),
        "field_24": "Contact point of the controller",
        **_dpo(facts, told),
        "field_33": "b",
        **_others(facts),
    }


def _dpo(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    words = told.get("dpo_contact", NOT_KNOWN)
    if words == NOT_KNOWN:
        unknown = Open(NOT_KNOWN, ("dpo_contact",))
        return {"field_29": unknown, "field_30": unknown, "field_31": unknown}
    name = (facts.get("dpo_contact") or {}).get("name") or words
    return {"field_29": "Yes", "field_30": name, "field_31": words}


def _others(facts: Mapping[str, Any]) -> dict[str, Any]:
    parties = facts.get("parties_involved") or []
    shared = facts.get("role") == "joint_controller"
    if not parties and not shared:
        nobody = Open("b", ("parties_involved",), "assumed")
        return {"field_38": nobody, **dict.fromkeys(_OTHER_PARTY, NOT_APPLICABLE)}
    return {
        "field_38": "a",
        "field_39": "Joint controller" if shared else Open("Processor", why="assumed"),
        "field_40": ", ".join(parties) or Open(NOT_KNOWN, ("parties_involved",)),
        "field_41": NOT_KNOWN,
    }


_OTHER_PARTY = ("field_39", "field_40", "field_41")


def _timeline(
    facts: Mapping[str, Any], told: Mapping[str, str], content: ReportContent
) -> dict[str, Any]:
    began, ended = facts.get("occurred_at"), facts.get("contained_at")
    by = facts.get("discovered_by")
    return {
        "field_44": _when(began, ended),
        "field_45": True if began else None,
        "field_46": began,
        "field_47": ended if began else None,
        "field_48": facts.get("aware_at") or _awareness(facts, content),
        "field_49": told.get("delay_reasons"),
        "field_50": codes.FOUND_BY[by] if by else Open("f", ("discovered_by",), "assumed"),
        "field_51": _discovery(told),
        "field_52": _day(facts.get("notified_by_processor_at")),
    }


def _when(began: str | None, ended: str | None) -> Any:
    if not began:
        return Open("e", ("occurred_at",))
    if not ended:
        return Open("c", ("contained_at",), "assumed")
    return "a" if _day(began) == _day(ended) else "b"


def _discovery(told: Mapping[str, str]) -> Any:
    at = told.get("detected_at", NOT_KNOWN)
    return Open(NOT_KNOWN, ("detected_at",)) if at == NOT_KNOWN else f"First detected: {at}"


def _awareness(facts: Mapping[str, Any], content: ReportContent) -> Open:
    """The earliest moment that anybody knew of anything: no later than our awareness."""
    known = [facts[name] for name in _SIGNS if name in facts]
    first = min(known, key=datetime.fromisoformat, default=content.filled_at.isoformat())
    return Open(first, ("aware_at",), "assumed")


def _breach(facts: Mapping[str, Any], told: Mapping[str, str], kind: str) -> dict[str, Any]:
    kinds = facts.get("breach_kinds") or []
    secret = "confidentiality" in kinds
    encryption, origin = facts.get("encryption", ""), facts.get("origin")
    read = codes.UNREADABLE.get(encryption) or Open("e", ("encryption",))
    encrypted = encryption in ("partial", "key_safe", "key_lost")
    changed = "integrity" in kinds
    return {
        "field_55": _first(kinds, codes.BREACH) or Open("a", ("breach_kinds",), "assumed"),
        "field_56": Open("e") if secret else None,
        "field_57": read if secret else None,
        "field_58": Open(None, why="left_out") if changed else None,
        "field_59": _first(kinds, codes.LOST),
        "field_60": codes.KIND.get(kind) or Open("x"),
        "field_61": codes.ORIGIN[origin] if origin else Open("e", ("origin",)),
        "field_62": _joined(told, "nature", "cause"),
        "field_63": told.get("systems_affected", NOT_KNOWN),
        "field_75": "c" if encrypted else Open("l", ("encryption",), "assumed"),
        "field_76": _joined(told, "security_before", "encryption"),
        **{codes.CONSEQUENCES[name][0]: Open(codes.CONSEQUENCES[name][1]) for name in kinds},
    }


def _people_and_data(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    people, data = facts.get("people_categories") or [], facts.get("data_categories") or []
    count, records = facts.get("people_count"), facts.get("record_count")
    unsaid = Open(0, ("record_count",), "assumed")
    return {
        "field_65": _coded(people, codes.PEOPLE, "j") or Open("k", ("people_categories",)),
        "field_66": told["people_categories"],
        "field_67": NUMBER_KNOWN if count is not None else Open(NUMBER_OPEN, ("people_count",)),
        "field_68": count,
        "field_70": _coded(data, codes.DATA, "u") or Open("t", ("data_categories",)),
        "field_71": told["data_categories"],
        "field_72": NUMBER_KNOWN if records is not None else Open(NUMBER_OPEN, ("record_count",)),
        "field_73": unsaid if records is None else records,
    }


def _risk_and_measures(facts: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    data = facts.get("data_categories") or []
    risk = codes.RISK.get(facts.get("risk", ""))
    return {
        "field_85": _first(data, codes.IMPACT) or Open("o"),
        "field_86": told["possible_effects"],
        "field_87": Open("d"),
        # Whoever notifies under art. 33 does not think a risk unlikely.
        "field_89": risk or Open("b", ("risk",), "assumed"),
        "field_90": _joined(told, "risk", "risk_assessment"),
        "field_92": told["measures_taken"],
        "field_94": Open("o", why="assumed"),
        "field_95": told.get("measures_planned", NOT_KNOWN),
    }


def _communication(facts: Mapping[str, Any], content: ReportContent) -> dict[str, Any]:
    told_at = facts.get("people_notified_at")
    if told_at:
        asked = ("field_102", "field_104", "field_106")
        rest = {name: Open(None, why="left_out") for name in asked}
        return {"field_97": "a", "field_98": _day(told_at), **rest}
    low = content.stage == "final" and facts.get("risk") in ("risk", "unlikely")
    return {"field_97": "d" if low else Open("c", ("people_notified_at",), "assumed")}


def _authorities(facts: Mapping[str, Any]) -> dict[str, Any]:
    police, others = facts.get("reported_to_police"), facts.get("authorities_told")
    return {
        "field_109": _yes(police) or Open("c", ("reported_to_police",)),
        "field_110": "a" if others else Open("c", ("authorities_told",)),
        "field_111": ", ".join(others or []),
    }


def _borders(facts: Mapping[str, Any]) -> dict[str, Any]:
    home, crossing = str(facts.get("establishment") or "")[:2], facts.get("cross_border")
    counts = facts.get("people_by_place") or {}
    places = {str(place)[:2] for place in counts} & GROUPS["EEA"]
    if not home:
        unknown = Open("c", ("establishment",))
        return {"field_113": unknown, "field_120": unknown}
    if home in GROUPS["EEA"]:
        across = _yes(crossing) or Open("c", ("cross_border",))
        return {"field_113": across, "field_116": ", ".join(sorted(places)), "field_120": "b"}
    named = ", ".join(sorted(places))
    outside = "a" if places else Open("c", ("people_by_place",))
    return {"field_113": "b", "field_120": outside, "field_121": named}


def _yes(flag: bool | None) -> str | None:
    return None if flag is None else "a" if flag else "b"


def _first(found: list[str], table: Mapping[str, str]) -> str | None:
    """The code that stands first in the table, of those that are true."""
    return next((table[name] for name in table if name in found), None)


def _coded(found: list[str], table: Mapping[str, str], other: str) -> str | None:
    return _first(found, table) or (other if found else None)


def _joined(told: Mapping[str, str], *names: str) -> str:
    known = [told[name] for name in names if told.get(name, NOT_KNOWN) != NOT_KNOWN]
    return "\n".join(known) or NOT_KNOWN


def _day(moment: str | None) -> str | None:
    return datetime.fromisoformat(moment).date().isoformat() if moment else None
