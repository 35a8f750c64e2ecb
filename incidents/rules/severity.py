"""How bad it is: ENISA's method for personal-data breaches, and the four Chinese grades.

ENISA: SE = DPC × EI + CB. "Recommendations for a methodology of the assessment of severity
of personal data breaches", working document v1.0, December 2013. Grades: the annex of the
incident-reporting measures; its numbers stand in the law's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidents.errors import InvalidInput, Problem
from incidents.rules.facts import GRADES
from incidents.rules.legal_rule import Grades, GradeThresholds
from playbooks.conditions import people_in

# ENISA, section 3.2: the basic score of each context, and the shifts its examples allow.
CONTEXTS = {"simple": 1, "behavioural": 2, "financial": 3, "sensitive": 4}
IDENTIFICATION = {"negligible": 0.25, "limited": 0.5, "significant": 0.75, "maximum": 1.0}
CIRCUMSTANCE = (0, 0.25, 0.5)  # confidentiality, integrity, availability, each
MALICE = 0.5
# ENISA, section 3.5: low below 2, medium below 3, high below 4, very high from 4 on.
LEVELS = ((2, "low"), (3, "medium"), (4, "high"))
MANY_PEOPLE = 100  # ENISA flags more than 100 people


@dataclass(frozen=True, slots=True)
class EnisaFactors:
    """What the score is made of; `reasons` says for each factor why it is so.

    context         simple | behavioural | financial | sensitive
    adjustment      steps that the circumstances move the context's basic score
    identification  negligible | limited | significant | maximum
    confidentiality, integrity, availability   0, 0.25 or 0.5
    malicious       somebody meant it
    """

    context: str
    identification: str
    adjustment: int = 0
    confidentiality: float = 0
    integrity: float = 0
    availability: float = 0
    malicious: bool = False
    more_than_100_people: bool = False
    unintelligible: bool = False
    reasons: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EnisaSeverity:
    """The score, its level, and how it came about.

    flags  what ENISA sets beside the score: many people, unintelligible data
    """

    score: float
    level: str
    dpc: int
    ei: float
    cb: float
    reasons: tuple[str, ...]
    flags: tuple[str, ...]


def enisa(factors: EnisaFactors) -> EnisaSeverity:
    """SE = DPC × EI + CB.

    Raises  InvalidInput  a factor outside its scale
    """
    _check(factors)
    dpc = min(4, max(1, CONTEXTS[factors.context] + factors.adjustment))
    ei = IDENTIFICATION[factors.identification]
    malice = MALICE if factors.malicious else 0
    cb = factors.confidentiality + factors.integrity + factors.availability + malice
    score = dpc * ei + cb
    level = next((name for below, name in LEVELS if score < below), "very_high")
    return EnisaSeverity(
        score, level, dpc, ei, cb, _reasons(factors, dpc, ei, cb, score), _flags(factors)
    )


def _check(factors: EnisaFactors) -> None:
    scales: tuple[tuple[str, Any], ...] = (
        ("context", CONTEXTS), ("identification", IDENTIFICATION), ("adjustment", range(-3, 4)),
        ("confidentiality", CIRCUMSTANCE), ("integrity", CIRCUMSTANCE),
        ("availability", CIRCUMSTANCE),
    )  # fmt: skip
    problems = [
        Problem(name, f"{getattr(factors, name)!r} is not on the scale", _scale(scale))
        for name, scale in scales
        if getattr(factors, name) not in scale
    ]
    if problems:
        raise InvalidInput("The factors of the severity are not on ENISA's scales.", *problems)


def _scale(scale: Any) -> str:
    return f"one of: {', '.join(map(str, scale))}"


def _reasons(
    factors: EnisaFactors, dpc: int, ei: float, cb: float, score: float
) -> tuple[str, ...]:
    said = tuple(f"{name}: {why}" for name, why in (factors.reasons or {}).items())
    return (*said, f"SE = DPC {dpc} × EI {ei:g} + CB {cb:g} = {score:g}")


def _flags(factors: EnisaFactors) -> tuple[str, ...]:
    flags = {
        "more than 100 people": factors.more_than_100_people,
        "data unintelligible to others": factors.unintelligible,
    }
    return tuple(flag for flag, raised in flags.items() if raised)


# ---- a proposal from the facts ----

_SENSITIVE = ("health", "genetic", "biometric", "special_category", "criminal", "health_insurance")
_FINANCIAL = ("financial_account", "payment_card", "tax_id", "credentials")
_BEHAVIOURAL = ("precise_location", "communications", "behavioural", "survey_answers")
_IDENTITY = ("gov_id", "ssn", "passport", "driver_licence")
_WEAK = ("minors", "vulnerable", "patients")


def enisa_factors_from(facts: Mapping[str, Any]) -> EnisaFactors:
    """A proposal for the factors, each with its reason; a person may overrule each.

    What is not known is assumed at its worse value, and said so.
    """
    context, why_context = _context(facts)
    shift, why_shift = _adjustment(facts, context)
    identification, why_identification = _identification(facts)
    circumstances = {name: _circumstance(name, facts) for name in ("integrity", "availability")}
    confidentiality, why_confidentiality = _confidentiality(facts)
    malicious, why_malicious = _malice(facts)
    return EnisaFactors(
        context=context,
        adjustment=shift,
        identification=identification,
        confidentiality=confidentiality,
        integrity=circumstances["integrity"][0],
        availability=circumstances["availability"][0],
        malicious=malicious,
        more_than_100_people=_people(facts) > MANY_PEOPLE,
        unintelligible=facts.get("encryption") == "key_safe",
        reasons={
            "context": why_context,
            "adjustment": why_shift,
            "identification": why_identification,
            "confidentiality": why_confidentiality,
            "integrity": circumstances["integrity"][1],
            "availability": circumstances["availability"][1],
            "malicious": why_malicious,
        },
    )


def _people(facts: Mapping[str, Any]) -> int:
    placed: int = sum((facts.get("people_by_place") or {}).values())
    return max(placed, facts.get("people_count") or 0)


def _found(facts: Mapping[str, Any], name: str, wanted: tuple[str, ...]) -> str:
    return ", ".join(item.replace("_", " ") for item in wanted if item in (facts.get(name) or ()))


def _context(facts: Mapping[str, Any]) -> tuple[str, str]:
    if facts.get("data_categories") is None:
        return "sensitive", "the kinds of data are not known: assumed sensitive"
    for context, kinds in (
        ("sensitive", _SENSITIVE), ("financial", _FINANCIAL), ("behavioural", _BEHAVIOURAL),
    ):  # fmt: skip
        if found := _found(facts, "data_categories", kinds):
            return context, f"{context} data: {found}"
    return "simple", "only simple data: " + (_shown(facts["data_categories"]) or "none")


def _shown(items: Any) -> str:
    return ", ".join(str(item).replace("_", " ") for item in items)


def _adjustment(facts: Mapping[str, Any], context: str) -> tuple[int, str]:
    """ENISA raises simple data where they profile, and any where weak people are at risk."""
    if context == "sensitive":
        return 0, "none: already at the top"
    if weak := _found(facts, "people_categories", _WEAK):
        return 1, f"one up: people at particular risk ({weak})"
    if context == "simple" and (found := _found(facts, "data_categories", _IDENTITY)):
        return 1, f"one up: {found} allow impersonation"
    return 0, "none"


def _identification(facts: Mapping[str, Any]) -> tuple[str, str]:
    if facts.get("encryption") == "key_safe":
        return "negligible", "encrypted, and the key is safe"
    if facts.get("data_categories") is None:
        return "maximum", "the kinds of data are not known: assumed that people can be named"
    if found := _found(facts, "data_categories", (*_IDENTITY, "biometric")):
        return "maximum", f"{found} name a person beyond doubt"
    if facts.get("encryption") == "hashed":
        return "limited", "hashed or pseudonymised"
    if "contact" in facts["data_categories"]:
        return "maximum", "contact data name a person"
    return "significant", "without names; other data can still single people out"


def _confidentiality(facts: Mapping[str, Any]) -> tuple[float, str]:
    kinds = facts.get("breach_kinds")
    if kinds is not None and "confidentiality" not in kinds:
        return 0, "data were not disclosed"
    if facts.get("encryption") == "key_safe":
        return 0, "exposed, but unreadable"
    if facts.get("trusted_recipient") or facts.get("internal_only"):
        return 0.25, "disclosed to known recipients"
    doubt = "" if kinds is not None else " (the kind of breach is not known: assumed)"
    return 0.5, f"disclosed to an unknown number of recipients{doubt}"


def _circumstance(name: str, facts: Mapping[str, Any]) -> tuple[float, str]:
    kinds = facts.get("breach_kinds")
    if kinds is None:
        return 0, "nothing says that it was hit"
    if name in kinds:
        lasting = (
            "lost for good" if name == "availability" else "changed, and not known to be mended"
        )
        return 0.5, f"data were {lasting}"
    if name == "availability" and "temporary_availability" in kinds:
        return 0.25, "data could not be reached for a time"
    return 0, "not hit"


def _malice(facts: Mapping[str, Any]) -> tuple[bool, str]:
    malicious = facts.get("malicious")
    if malicious is None:
        return True, "whether an attack is behind it is not known: assumed"
    return bool(malicious), "an attack is suspected" if malicious else "no attack"


# ---- China ----


@dataclass(frozen=True, slots=True)
class Grade:
    """A Chinese grade.

    grade     proposed; None while a number that could raise it is not known
    at_least  what the known numbers already reach
    missing   facts that could raise it
    """

    grade: str | None
    at_least: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    source: str


def china_grade(facts: Mapping[str, Any], grades: Grades) -> Grade:
    """The grade that the numbers give; the criteria without numbers need a person."""
    people, loss = people_in("CN", facts), facts.get("direct_loss_cny")
    leaked = "confidentiality" in (facts.get("breach_kinds") or ["confidentiality"])
    reached = [
        _reached(people.low if leaked else 0, grades.people_leaked),
        _reached(loss or 0, grades.direct_loss_cny),
    ]
    at_least = max(reached, key=list(GRADES).index)
    open_ = _open(people, loss, leaked) if at_least != "particularly_major" else ()
    lines = (
        f"personal information of {people} people in China leaked" if leaked else "no leak",
        "direct loss is not known" if loss is None else f"direct loss CNY {loss:,}",
        f"the numbers reach at least: {at_least.replace('_', ' ')} ({GRADES[at_least]})",
        *(f"for a person to judge: {criterion}" for criterion in grades.by_judgement),
    )
    return Grade(None if open_ else at_least, at_least, lines, open_, grades.source)


def _reached(number: float, thresholds: GradeThresholds) -> str:
    reached = "general"
    for grade in ("relatively_major", "major", "particularly_major"):
        if number >= getattr(thresholds, grade):
            reached = grade
    return reached


def _open(people: Any, loss: Any, leaked: bool) -> tuple[str, ...]:
    names = {
        "people_by_place": leaked and people.low != people.high,
        "direct_loss_cny": loss is None,
    }
    return tuple(name for name, open_ in names.items() if open_)
