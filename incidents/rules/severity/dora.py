"""Whether an incident is major under DORA. Criteria and numbers stand in `dora.yaml`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from incidents.rules.severity.method import (
    Answer,
    Answers,
    Conclusion,
    Facts,
    Method,
    Values,
    any_flag,
    people,
    shown,
)
from incidents.rules.severity.table import table
from playbooks.conditions import lies_in

_OTHERS = ("clients", "reputation", "duration", "geography", "data_losses", "economic")
_DAY = timedelta(hours=24)


def dora() -> Method:
    """The method."""
    return Method(
        table=table("dora"),
        propose=propose,
        conclude=conclude,
        applies=lambda facts: any_flag(facts, "financial_entity_eu"),
        states=_states,
        fact="dora_major",
        level_of=_level,
    )


def _level(facts: Facts) -> str:
    is_major = facts.get("dora_major")
    return "" if is_major is None else "major" if is_major else "not_major"


def _states(level: str, facts: Facts, now: datetime) -> dict[str, Any]:
    """A classification starts a clock of its own, and one more than a day after awareness
    takes another clock away (RTS 2025/301 art. 5)."""
    if level != "major":
        return {"dora_major": False}
    at = _moment(facts, "classified_major_at") or now
    aware = _moment(facts, "aware_at")
    late = {} if aware is None else {"classified_after_a_day": at - aware > _DAY}
    return {"dora_major": True, "classified_major_at": at.isoformat(), **late}


def conclude(values: Values) -> Conclusion:
    """Article 8(1): critical services, and malicious access or two other thresholds."""
    met = [name for name in _OTHERS if values[name] == "yes"]
    if values["critical_services"] == "no":
        return Conclusion("not_major", ("no critical services are affected: art. 8(1)",))
    if values["access"] == "yes":
        why = "critical services, and a malicious access that may lead to data losses: art. 8(1)(a)"
        return Conclusion("major", (why,))
    line = f"critical services, and {len(met)} other thresholds ({shown(met) or 'none'})"
    level = "major" if len(met) >= 2 else "not_major"
    return Conclusion(level, (f"{line}: art. 8(1)(b) asks for two",))


def propose(facts: Facts) -> Answers:
    """What the facts decide; the rest is for a person."""
    return {
        "critical_services": _access(facts, "critical services (art. 6(c))"),
        "access": _access(facts, "data may be lost"),
        "clients": _clients(facts),
        "duration": _duration(facts),
        "geography": _geography(facts),
    }


def _access(facts: Facts, means: str) -> Answer:
    taken = "confidentiality" in (facts.get("breach_kinds") or ())
    if facts.get("malicious") and taken:
        return Answer("yes", f"an attack, and data were seen or taken: {means}")
    return Answer(None, "no successful attack is on record", ("malicious", "breach_kinds"))


def _clients(facts: Facts) -> Answer:
    if people(facts) > table("dora").thresholds["clients"]:
        return Answer("yes", f"{people(facts):,} people, taken as clients")
    why = f"{people(facts):,} people are counted; the shares of clients and transactions are open"
    return Answer(None, why, ("people_count",))


def _duration(facts: Facts) -> Answer:
    start = _moment(facts, "occurred_at") or _moment(facts, "detected_at")
    end = _moment(facts, "handling_ended_at")
    if start and end and end - start > timedelta(hours=table("dora").thresholds["hours"]):
        return Answer("yes", f"from {start:%d %B %H:%M} to {end:%d %B %H:%M} UTC")
    return Answer(None, "not known to be longer; the downtime is open", ("handling_ended_at",))


def _geography(facts: Facts) -> Answer:
    counts: dict[str, int] = facts.get("people_by_place") or {}
    states = sorted({place[:2] for place, n in counts.items() if n and lies_in(place, "EU")})
    if len(states) >= table("dora").thresholds["member_states"]:
        return Answer("yes", f"people in {', '.join(states)}")
    if facts.get("cross_border") is False:
        return Answer("no", "one country alone is affected")
    return Answer(None, "fewer than two member states are on record", ("people_by_place",))


def _moment(facts: Facts, name: str) -> datetime | None:
    value = facts.get(name)
    return datetime.fromisoformat(value) if isinstance(value, str) else value
