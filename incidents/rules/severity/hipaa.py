"""HIPAA's four factors: is there a low probability that the information was compromised?

The presumption of a breach stands unless all four factors are documented and say otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.errors import InvalidInput, Problem
from incidents.rules.severity.method import (
    Answer,
    Answers,
    Conclusion,
    Facts,
    Method,
    Values,
    any_flag,
    found,
)
from incidents.rules.severity.table import table

_FLAG = "low_probability_of_compromise"
_MILDEST = {"nature": "slight", "recipient": "obligated", "acquired": "no", "mitigated": "fully"}
_GRAVE = (
    "ssn", "gov_id", "passport", "driver_licence", "financial_account", "payment_card",
    "special_category", "genetic", "biometric",
)  # fmt: skip


def hipaa() -> Method:
    """The method."""
    return Method(
        table=table("hipaa"),
        propose=propose,
        conclude=conclude,
        applies=lambda facts: any_flag(facts, "hipaa_covered_entity", "hipaa_business_associate"),
        states=_states,
        fact="organisation_flags",
        level_of=_level,
        assume_worst=True,
        needs_all=("low_probability",),
    )


def _level(facts: Facts) -> str:
    return "low_probability" if any_flag(facts, _FLAG) else ""


def _states(level: str, facts: Facts, now: datetime) -> dict[str, Any]:
    """The flag that the law asks for, among the others; which must be known to keep them."""
    flags = facts.get("organisation_flags")
    if flags is None:
        if level == "low_probability":
            mend = "record organisation_flags, hipaa_covered_entity among them"
            problem = Problem("facts.organisation_flags", "is not known", mend)
            raise InvalidInput("Say first what the organisation is.", problem)
        return {}
    kept = [flag for flag in flags if flag != _FLAG]
    return {"organisation_flags": [*kept, _FLAG] if level == "low_probability" else kept}


def conclude(values: Values) -> Conclusion:
    """Low only where all four factors say so."""
    against = [name for name, mildest in _MILDEST.items() if values[name] != mildest]
    if not against:
        why = "all four factors show a low probability that the information was compromised"
        return Conclusion("low_probability", (why,))
    return Conclusion("breach_presumed", (f"the presumption stands by: {', '.join(against)}",))


def propose(facts: Facts) -> Answers:
    """What the facts say of each factor; what they do not say leaves the presumption."""
    return {
        "nature": _nature(facts),
        "recipient": _recipient(facts),
        "acquired": _acquired(facts),
        "mitigated": _mitigated(facts),
    }


def _nature(facts: Facts) -> Answer:
    if facts.get("data_categories") is None:
        return Answer(None, "the kinds of data are not known", ("data_categories",))
    if data := found(facts, "data_categories", _GRAVE):
        return Answer("grave", data)
    return Answer("telling", "identifies people")


def _recipient(facts: Facts) -> Answer:
    if facts.get("malicious"):
        return Answer("unknown", "an attack is suspected")
    if facts.get("internal_only"):
        return Answer("obligated", "it stayed inside the organisation")
    if facts.get("trusted_recipient"):
        return Answer("known", "a known recipient gave written assurance")
    missing = ("malicious", "internal_only", "trusted_recipient")
    return Answer(None, "who got it is not known", missing)


def _acquired(facts: Facts) -> Answer:
    if facts.get("encryption") == "key_safe":
        return Answer("no", "encrypted, and the key is safe")
    kinds = facts.get("breach_kinds")
    if kinds is not None and "confidentiality" not in kinds:
        return Answer("no", "nothing was disclosed")
    why = "nothing shows that it was not: forensics would"
    return Answer(None, why, () if kinds else ("breach_kinds",))


def _mitigated(facts: Facts) -> Answer:
    if facts.get("remediated") and facts.get("trusted_recipient"):
        return Answer("fully", "a written assurance of deletion, and the harm will not come about")
    if facts.get("remediated") or facts.get("trusted_recipient"):
        return Answer("partly", "some assurance is on file")
    return Answer(None, "no assurance is on file", ("remediated", "trusted_recipient"))
