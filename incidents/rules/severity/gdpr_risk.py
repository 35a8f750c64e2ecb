"""The risk to people under the GDPR, as a proposal by the factors of EDPB Guidelines 9/2022.

The guidelines give no formula: the table of severity and likelihood below is ours, and it proposes
only. A person decides, and their answer is the fact `risk` that the law asks for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

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

_LIKELIHOOD = ("unlikely", "possible", "likely")
# Severity (slight, considerable, severe) by likelihood. What is severe is never without a risk;
# what is slight is a risk once it is likely.
_RISK = (
    ("unlikely", "unlikely", "risk"),
    ("unlikely", "risk", "risk"),
    ("risk", "high", "high"),
)
_SEVERITY = ("slight", "considerable", "severe")
_DATA = ("ordinary", "delicate", "special")
_WORSE = {
    "special_people": "yes", "special_controller": "yes", "number": "many", "volume": "much",
}  # fmt: skip

_SPECIAL = (
    "health", "genetic", "biometric", "special_category", "criminal", "health_insurance",
)  # fmt: skip
_FRAUD = (
    "gov_id", "ssn", "tax_id", "passport", "driver_licence", "financial_account", "payment_card",
    "credentials",
)  # fmt: skip
_DELICATE = (*_FRAUD, "precise_location", "communications", "behavioural", "survey_answers")
_VULNERABLE = ("minors", "vulnerable", "patients")


def gdpr_risk() -> Method:
    """The method."""
    return Method(
        table=table("gdpr_risk"),
        propose=propose,
        conclude=conclude,
        applies=lambda _: True,
        states=_states,
        fact="risk",
        level_of=lambda facts: str(facts.get("risk") or ""),
    )


def _states(level: str, facts: Facts, now: datetime) -> dict[str, Any]:
    return {"risk": level}


def conclude(values: Values) -> Conclusion:
    """Severity by likelihood."""
    severity, said = _severity(values)
    likelihood = values["likelihood"]
    level = _RISK[severity][_LIKELIHOOD.index(likelihood)]
    shown_level = {"unlikely": "a risk is unlikely", "risk": "a risk", "high": "a high risk"}[level]
    return Conclusion(
        level, (said, f"{_SEVERITY[severity]} consequences, {likelihood}: {shown_level}")
    )


def _severity(values: Values) -> tuple[int, str]:
    basic = max(_DATA.index(values["sensitivity"]), _SEVERITY.index(values["consequences"]))
    worse = [name for name, value in _WORSE.items() if values[name] == value]
    better = [
        name
        for name, value in (("identification", "hard"), ("breach_type", "passing"))
        if values[name] == value
    ]
    steps = bool(worse) - bool(better)
    said = f"severity: {_SEVERITY[basic]} by the data and the consequences"
    said += f"; one step up by {shown(worse)}" if worse else ""
    said += f"; one step down by {shown(better)}" if better else ""
    return min(2, max(0, basic + steps)), said


def propose(facts: Facts) -> Answers:
    """What the facts say of each factor."""
    return {
        "breach_type": _breach_type(facts),
        "sensitivity": _sensitivity(facts),
        "volume": _volume(facts),
        "identification": _identification(facts),
        "consequences": _consequences(facts),
        "special_people": _special_people(facts),
        "number": _number(facts),
        "likelihood": _likelihood(facts),
    }


def _breach_type(facts: Facts) -> Answer:
    kinds = facts.get("breach_kinds")
    if kinds is None:
        return Answer(None, "the kind of breach is not known", ("breach_kinds",))
    if "confidentiality" in kinds:
        return Answer("disclosed", "data were seen or taken, or may have been")
    if "availability" in kinds or "integrity" in kinds:
        return Answer("lasting", f"{shown(kinds)}")
    return Answer("passing", "data could not be reached for a time")


def _sensitivity(facts: Facts) -> Answer:
    if facts.get("data_categories") is None:
        return Answer(None, "the kinds of data are not known", ("data_categories",))
    if data := found(facts, "data_categories", _SPECIAL):
        return Answer("special", data)
    if data := found(facts, "data_categories", _DELICATE):
        return Answer("delicate", data)
    return Answer("ordinary", shown(facts["data_categories"]) or "none of note")


def _volume(facts: Facts) -> Answer:
    kinds = facts.get("data_categories")
    if kinds is None:
        return Answer(None, "the kinds of data are not known", ("data_categories",))
    if len(kinds) >= 3:
        return Answer("much", f"{len(kinds)} kinds of data together")
    return Answer("little", f"{len(kinds)} kinds of data")


def _identification(facts: Facts) -> Answer:
    if facts.get("encryption") == "key_safe":
        return Answer("hard", "encrypted, and the key is safe")
    if facts.get("data_categories") is None:
        return Answer(None, "the kinds of data are not known", ("data_categories",))
    if facts.get("encryption") == "hashed":
        return Answer("possible", "hashed or pseudonymised")
    named = found(facts, "data_categories", ("contact", *_FRAUD, "biometric"))
    return Answer("easy", named) if named else Answer("possible", "without names")


def _consequences(facts: Facts) -> Answer:
    if fraud := found(facts, "data_categories", _FRAUD):
        return Answer("severe", f"identity theft or fraud is possible: {fraud}")
    if special := found(facts, "data_categories", _SPECIAL):
        return Answer("severe", f"humiliation or discrimination is possible: {special}")
    if facts.get("harm"):
        return Answer("severe", "a law's own test of serious harm is met")
    if facts.get("data_categories") is None:
        return Answer(None, "the kinds of data are not known", ("data_categories",))
    return Answer("considerable", "unwanted contact, loss of control")


def _special_people(facts: Facts) -> Answer:
    if weak := found(facts, "people_categories", _VULNERABLE):
        return Answer("yes", weak)
    if found(facts, "data_categories", ("minors",)):
        return Answer("yes", "data of children")
    if facts.get("people_categories") is None:
        return Answer(None, "who the people are is not known", ("people_categories",))
    return Answer("no", shown(facts["people_categories"]))


def _number(facts: Facts) -> Answer:
    count = people(facts)
    if count >= table("gdpr_risk").thresholds["great_many"]:
        return Answer("many", f"{count:,} people")
    if facts.get("people_count") is None:
        return Answer(None, f"{count:,} people are counted so far", ("people_count",))
    return Answer("few", f"{count:,} people")


def _likelihood(facts: Facts) -> Answer:
    if why := _unlikely(facts):
        return Answer("unlikely", why)
    if facts.get("malicious"):
        return Answer("likely", "an attack is suspected")
    if facts.get("malicious") is None:
        return Answer(
            None, "whether an attack is behind it is not known", ("malicious",), "possible"
        )
    return Answer("possible", "no attack, and no assurance that nothing follows")


def _unlikely(facts: Facts) -> str:
    """Why consequences are not to be expected; empty where they are."""
    # Encryption protects against reading alone, never against loss (EDPB 9/2022).
    kinds = facts.get("breach_kinds")
    if facts.get("encryption") == "key_safe" and kinds is not None and "availability" not in kinds:
        return "unintelligible to whoever has them, and not lost"
    if facts.get("trusted_recipient"):
        return "a trusted recipient gave written assurance"
    if facts.get("remediated"):
        return "put right, so that the likely harm does not come about"
    return "good-faith access by our own people" if facts.get("good_faith_internal") else ""
