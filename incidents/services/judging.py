"""Judging facts that belong to no incident: whom would we have to tell what by when?

And the same question of an incident's facts: what to find out next, what a change would do.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.rules.assessment import assessment, hints, read_changes, read_facts
from incidents.rules.holds import Hold
from incidents.rules.permissions import Permission
from incidents.services import facts as incident_facts
from incidents.services import holds, law_packs
from incidents.work import Work, require


def judge(
    work: Work,
    facts: Mapping[str, Any],
    at: datetime | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    with_trees: bool = False,
) -> dict[str, Any]:
    """Every rule judged by these facts, or by these facts changed; nothing is kept."""
    require(work.actor, Permission.READ_INCIDENT)
    now = at or work.now
    known = read_facts(facts, now)
    changed = None if changes is None else read_changes(known, changes, now)
    return assessment(known, law_packs.in_use(work), now, changes=changed, with_trees=with_trees)


def judge_incident(
    work: Work,
    incident_id: UUID,
    *,
    changes: Mapping[str, Any] | None = None,
    with_trees: bool = False,
) -> dict[str, Any]:
    """Every rule judged by what is known of an incident; or by that, changed. Nothing is kept."""
    require(work.actor, Permission.READ_INCIDENT)
    known, delays = _of_incident(work, incident_id)
    changed = None if changes is None else read_changes(known, changes, work.now)
    laws = law_packs.in_use(work)
    return assessment(known, laws, work.now, changes=changed, with_trees=with_trees, holds=delays)


def next_facts(work: Work, incident_id: UUID) -> dict[str, Any]:
    """What to find out next of an incident, and the numbers of the law that are near."""
    require(work.actor, Permission.READ_INCIDENT)
    known, delays = _of_incident(work, incident_id)
    return hints(known, law_packs.in_use(work), work.now, delays)


def _of_incident(work: Work, incident_id: UUID) -> tuple[dict[str, Any], Sequence[Hold]]:
    """What is known and was done, and the holds that stand."""
    delays = holds.delays(holds.of_incident(work, incident_id))
    return incident_facts.known_and_done(work, incident_id), delays


def rules(work: Work) -> list[dict[str, Any]]:
    """Every rule there is, in short."""
    require(work.actor, Permission.READ_INCIDENT)
    catalogue = law_packs.in_use(work)
    return [
        {
            "id": rule.id,
            "title": rule.title,
            "place": rule.place,
            "audience": rule.audience,
            "stage": rule.stage,
            "instrument": catalogue.law_of(rule.id).content.instrument.title,
            "source": rule.source,
            "confidence": rule.confidence,
        }
        for rule in catalogue.rules
    ]
