"""ENISA's method: SE = DPC × EI + CB. Its numbers stand in `enisa.yaml`."""

from __future__ import annotations

from incidents.rules.severity.method import (
    Answer,
    Answers,
    Conclusion,
    Facts,
    Method,
    Values,
    found,
    people,
    shown,
)
from incidents.rules.severity.table import table

_ADJUSTMENTS = ("volume", "controller", "people", "invalidity", "publicity", "nature")
_CIRCUMSTANCES = ("confidentiality", "integrity", "availability", "malicious")
_LEVELS = ("very_high", "high", "medium")

_CONTEXTS = {
    "sensitive": (
        "health", "genetic", "biometric", "special_category", "criminal", "health_insurance",
    ),
    # Credentials count as what they open (ENISA, on DPC): assumed to open what can be lost.
    "financial": ("financial_account", "payment_card", "tax_id", "credentials"),
    "behavioural": ("precise_location", "communications", "behavioural", "survey_answers"),
}  # fmt: skip
_IDENTITY = ("gov_id", "ssn", "passport", "driver_licence")
_WEAK = ("minors", "vulnerable", "patients")


def enisa() -> Method:
    """The method."""
    return Method(
        table=table("enisa"),
        propose=propose,
        conclude=conclude,
        applies=lambda _: True,
        states=lambda *_: {},
        assume_worst=True,
    )


def conclude(values: Values) -> Conclusion:
    """SE = DPC × EI + CB; the context stays within 1 and 4 however it is adjusted."""
    points = {name: table("enisa").points(name, value) for name, value in values.items()}
    basic, steps = points["context"], sum(points[name] for name in _ADJUSTMENTS)
    dpc = min(4.0, max(1.0, basic + steps))
    ei, cb = points["identification"], sum(points[name] for name in _CIRCUMSTANCES)
    score = dpc * ei + cb
    return Conclusion(level_of(score), _sums(basic, steps, dpc, ei, cb), score, _flags(values))


def level_of(score: float) -> str:
    """The level that a score reaches."""
    reached = table("enisa").thresholds
    return next((level for level in _LEVELS if score >= reached[level]), "low")


def _sums(basic: float, steps: float, dpc: float, ei: float, cb: float) -> tuple[str, ...]:
    sum_ = f"SE = DPC {dpc:g} × EI {ei:g} + CB {cb:g} = {dpc * ei + cb:g}"
    if not steps:
        return (sum_,)
    kept = "" if basic + steps == dpc else ", kept within 1 and 4"
    return (f"DPC = {basic:g} {steps:+g} for the circumstances = {dpc:g}{kept}", sum_)


def _flags(values: Values) -> tuple[str, ...]:
    flags = {
        "more than 100 people": values["many_people"] == "yes",
        "data unintelligible to others": values["unintelligible"] == "yes",
    }
    return tuple(flag for flag, raised in flags.items() if raised)


def propose(facts: Facts) -> Answers:
    """What the facts say of each factor; of what they do not say, that it counts at its gravest."""
    context = _context(facts)
    return {
        "context": context,
        **_adjustments(facts, context.value),
        "identification": _identification(facts),
        "confidentiality": _confidentiality(facts),
        "integrity": _integrity(facts),
        "availability": _availability(facts),
        "malicious": _malicious(facts),
        "many_people": _many_people(facts),
        "unintelligible": _unintelligible(facts),
    }


def _context(facts: Facts) -> Answer:
    if facts.get("data_categories") is None:
        why = "the kinds of data are not known: assumed sensitive"
        return Answer(None, why, ("data_categories",))
    for context, kinds in _CONTEXTS.items():
        if data := found(facts, "data_categories", kinds):
            return Answer(context, f"{context} data: {data}")
    return Answer("simple", f"only simple data: {shown(facts['data_categories']) or 'none'}")


def _adjustments(facts: Facts, context: str | None) -> dict[str, Answer]:
    """ENISA starts from the basic score and moves it for what the controller is aware of."""
    unaware = Answer(_NEUTRAL, "nothing in the facts says so: the basic score stands")
    weak = found(facts, "people_categories", _WEAK)
    return {
        "volume": unaware,
        "controller": unaware,
        "people": Answer("needs", f"people at particular risk: {weak}") if weak else unaware,
        "invalidity": unaware,
        "publicity": unaware,
        "nature": _nature(facts, context),
    }


_NEUTRAL = "none"


def _nature(facts: Facts, context: str | None) -> Answer:
    if context == "simple" and (papers := found(facts, "data_categories", _IDENTITY)):
        return Answer("more", f"{papers} allow to act in somebody's name")
    if context == "financial" and found(facts, "data_categories", ("payment_card",)):
        return Answer("more", "complete data of payment cards allow fraud")
    return Answer("as_its_kind", "nothing in the facts says otherwise")


def _identification(facts: Facts) -> Answer:
    if facts.get("encryption") == "key_safe":
        return Answer("negligible", "encrypted, and the key is safe")
    if facts.get("data_categories") is None:
        why = "the kinds of data are not known: assumed that people can be named"
        return Answer(None, why, ("data_categories",))
    if papers := found(facts, "data_categories", (*_IDENTITY, "biometric")):
        return Answer("maximum", f"{papers} name a person beyond doubt")
    if facts.get("encryption") == "hashed":
        return Answer("limited", "hashed or pseudonymised")
    if "contact" in facts["data_categories"]:
        return Answer("maximum", "contact data name a person")
    return Answer("significant", "without names; other data can still single people out")


def _confidentiality(facts: Facts) -> Answer:
    kinds = facts.get("breach_kinds")
    if kinds is not None and "confidentiality" not in kinds:
        return Answer("none", "data were not disclosed")
    if facts.get("encryption") == "key_safe":
        return Answer("none", "exposed, but unreadable")
    if facts.get("trusted_recipient") or facts.get("internal_only"):
        return Answer("known", "disclosed to known recipients")
    if kinds is None:
        why = "the kind of breach is not known: assumed disclosed to unknown recipients"
        return Answer(None, why, ("breach_kinds",))
    return Answer("unknown", "disclosed to an unknown number of recipients")


def _integrity(facts: Facts) -> Answer:
    kinds = facts.get("breach_kinds")
    if kinds is None:
        return Answer("none", "nothing says that it was hit", ("breach_kinds",))
    if "integrity" in kinds:
        return Answer("lost", "data were changed, and not known to be put right")
    return Answer("none", "not hit")


def _availability(facts: Facts) -> Answer:
    kinds = facts.get("breach_kinds")
    if kinds is None:
        return Answer("none", "nothing says that it was hit", ("breach_kinds",))
    if "availability" in kinds:
        return Answer("lost", "data were lost for good")
    if "temporary_availability" in kinds:
        return Answer("temporary", "data could not be reached for a time")
    return Answer("none", "not hit")


def _malicious(facts: Facts) -> Answer:
    malicious = facts.get("malicious")
    if malicious is None:
        why = "whether an attack is behind it is not known: assumed"
        return Answer(None, why, ("malicious",))
    return Answer(*(("yes", "an attack is suspected") if malicious else ("no", "no attack")))


def _many_people(facts: Facts) -> Answer:
    if people(facts) > table("enisa").thresholds["many_people"]:
        return Answer("yes", f"{people(facts):,} people")
    if facts.get("people_count") is None:
        return Answer("no", f"{people(facts):,} people are counted so far", ("people_count",))
    return Answer("no", f"{people(facts):,} people")


def _unintelligible(facts: Facts) -> Answer:
    if facts.get("encryption") == "key_safe":
        return Answer("yes", "encrypted, and the key is safe")
    return Answer("no", "readable, or not known to be encrypted")
