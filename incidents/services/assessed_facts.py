"""The facts that a judgement of severity establishes, so that duties follow; and takes back."""

from collections.abc import Iterator, Mapping
from typing import Any

from incidents.audit import log as audit
from incidents.database.incidents import Fact, Incident, current_facts, fact_history
from incidents.rules.severity.judgement import Weighed
from incidents.services import facts, timeline
from incidents.work import Work


def follow(work: Work, incident: Incident, found: Weighed, known: Mapping[str, Any]) -> None:
    """Record what a judged level establishes; where none is judged, take back what one did."""
    source = f"assessment by {found.method.name}"
    reason = found.judgement.reason
    if not found.judgement.is_empty and found.level:
        stated = found.method.states(found.level, known, work.now)
        facts.put(work, incident, stated, source=source, reason=reason)
        kept = set(stated)
    else:
        kept = set()
    for fact in _by_assessment(work, incident, source):
        if fact.name not in kept:
            _take_back(work, incident, fact, reason)


def _by_assessment(work: Work, incident: Incident, source: str) -> Iterator[Fact]:
    yield from (one for one in current_facts(work.session, incident.id) if one.source == source)


def _take_back(work: Work, incident: Incident, fact: Fact, reason: str) -> None:
    """What was known before stands again; where nothing was, it is not known any more."""
    before = [
        one
        for one in fact_history(work.session, incident.id, fact.name)
        if one.source != fact.source
    ]
    if before:
        old = before[-1]
        facts.put(
            work, incident, {fact.name: old.value}, source=old.source, reason=reason
        )  # fmt: skip
        return
    _forget(work, incident, fact, reason)


def _forget(work: Work, incident: Incident, fact: Fact, reason: str) -> None:
    fact.superseded_at = work.now
    incident.review_due = True
    audit.record(
        work,
        "fact.withdraw",
        incident_id=incident.id,
        subject_type="fact",
        subject_id=fact.id,
        private={"reason": reason} if reason else None,
        fact=fact.name,
        fact_id=fact.id,
    )
    timeline.note(work, incident.id, "fact", f"Taken back with its assessment: {fact.name}")
    work.ring("incidents.review", incident.id)
    work.session.flush()
