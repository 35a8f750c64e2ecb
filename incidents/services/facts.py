"""What is known of an incident: recorded one by one, superseded, never overwritten."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.base import uuid7
from incidents.database.incidents import Fact, Incident, current_facts, fact_history
from incidents.errors import Conflict, InvalidInput, Problem
from incidents.rules.facts import check_together, parse_facts
from incidents.rules.lifecycle import ENDED
from incidents.rules.permissions import Permission
from incidents.services import deeds, timeline
from incidents.services.lookup import get_incident
from incidents.work import Work, require


def record(
    work: Work,
    incident_id: UUID,
    name: str,
    value: Any,
    *,
    source: str,
    learned_at: datetime | None = None,
    reason: str = "",
) -> Fact | None:
    """Record one fact; the one before is superseded. None when it says nothing new.

    source      where it is known from, in a few words
    learned_at  when it became known, aware; now, if not given
    reason      why it is amended; asked for where a due time would move later
    Raises      InvalidInput for an unknown name, a value that does not fit, or a contradiction;
                Conflict when the incident is closed or dismissed
    """
    found = record_all(
        work, incident_id, {name: value}, source=source, learned_at=learned_at, reason=reason
    )
    return found[0] if found else None


def record_all(
    work: Work,
    incident_id: UUID,
    values: Mapping[str, Any],
    *,
    source: str,
    learned_at: datetime | None = None,
    reason: str = "",
) -> list[Fact]:
    """Record several facts that were learned together; all of them or none."""
    require(work.actor, Permission.RECORD_FACT)
    incident = get_incident(work, incident_id)
    if incident.status in ENDED:
        raise Conflict(f"{incident.number} is {incident.status}: reopen it before you add to it")
    return put(work, incident, values, source=source, learned_at=learned_at, reason=reason)


def put(
    work: Work,
    incident: Incident,
    values: Mapping[str, Any],
    *,
    source: str,
    learned_at: datetime | None = None,
    reason: str = "",
) -> list[Fact]:
    """Record facts for somebody who was let in already, such as whoever opens an incident."""
    learned_at = learned_at or work.now
    if learned_at > work.now:
        raise InvalidInput(
            "a fact cannot be learned in the future",
            Problem("learned_at", "lies in the future", "give when it became known, or leave out"),
        )
    parsed = parse_facts(values)
    rows = {fact.name: fact for fact in current_facts(work.session, incident.id)}
    known = {name: fact.value for name, fact in rows.items()}
    check_together(known | parsed, work.now)
    news = {name: value for name, value in parsed.items() if known.get(name, _NOTHING) != value}
    facts = [
        _supersede(work, incident.id, rows.get(name), name, value, source, learned_at, reason)
        for name, value in news.items()
    ]
    if facts:
        recorded_in(work).update(fact.id for fact in facts)
        if incident.review_due:
            work.session.info.setdefault(("facts before", incident.id), known)
        incident.review_due = True
        work.ring("incidents.review", incident.id)
        what = ", ".join(sorted(news))
        timeline.note(work, incident.id, "fact", f"Learned from {source}: {what}")
    return facts


_NOTHING = object()


def known(work: Work, incident_id: UUID) -> dict[str, Any]:
    """The facts that hold now: name to value; what is unknown is absent."""
    return {fact.name: fact.value for fact in current_facts(work.session, incident_id)}


def known_and_done(work: Work, incident_id: UUID) -> dict[str, Any]:
    """The facts that hold now, and when people and authorities were first told by us.

    Some clocks start at our own deeds, and reports say them; what a person recorded stands first.
    """
    return deeds.as_facts(deeds.of(work, incident_id)) | known(work, incident_id)


def recorded_in(work: Work) -> set[UUID]:
    """The ids of the facts that this work has recorded so far."""
    found: set[UUID] = work.session.info.setdefault("facts recorded", set())
    return found


def before_this(work: Work, incident_id: UUID) -> dict[str, Any] | None:
    """What was known before this work changed it, where nobody had looked at that yet; told once.

    Whoever records a fact answers for what it moves, and for nothing that waited before.
    """
    found: dict[str, Any] | None = work.session.info.pop(("facts before", incident_id), None)
    return found


def read(work: Work, incident_id: UUID) -> Sequence[Fact]:
    """The facts that hold now, each with its source."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return current_facts(work.session, incident_id)


def history(work: Work, incident_id: UUID, name: str = "") -> Sequence[Fact]:
    """Every fact ever recorded, superseded ones included; of one name, if it is given."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return fact_history(work.session, incident_id, name)


def _supersede(
    work: Work,
    incident_id: UUID,
    old: Fact | None,
    name: str,
    value: Any,
    source: str,
    learned_at: datetime,
    reason: str,
) -> Fact:
    fact_id = uuid7()
    if old is not None:
        old.superseded_at = work.now
        old.superseded_by = fact_id
        work.session.flush()
    fact = Fact(
        id=fact_id,
        incident_id=incident_id,
        name=name,
        value=value,
        source=source,
        learned_at=learned_at,
        recorded_at=work.now,
        recorded_by=work.actor.id,
        reason=reason,
    )
    work.session.add(fact)
    audit.record(
        work,
        "fact.record",
        incident_id=incident_id,
        subject_type="fact",
        subject_id=fact_id,
        private={"source": source} | ({"reason": reason} if reason else {}),
        fact=name,
        fact_id=fact_id,
        supersedes=old.id if old else None,
    )
    return fact
