"""Judging facts that belong to no incident: whom would we have to tell what by when?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.rules import catalogue as law
from incidents.rules.duties import assess
from incidents.rules.facts import check_together, parse_facts
from incidents.rules.permissions import Permission
from incidents.work import Work, require


def judge(work: Work, facts: Mapping[str, Any], at: datetime | None = None) -> list[dict[str, Any]]:
    """Every rule judged by these facts; nothing is kept."""
    require(work.actor, Permission.READ_INCIDENT)
    parsed = parse_facts(facts)
    check_together(parsed)
    return [duty.as_json() for duty in assess(parsed, law.load(), at or work.now)]


def rules(work: Work) -> list[dict[str, Any]]:
    """Every rule there is, in short."""
    require(work.actor, Permission.READ_INCIDENT)
    catalogue = law.load()
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
