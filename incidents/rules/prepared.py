"""A rule as it is judged: what every assessment reads of it, in one place that is quick to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from incidents.rules.legal_rule import Authority, Exempt, LegalRule, Printed, Trigger
from playbooks.conditions import Condition


@dataclass(frozen=True, slots=True)
class PreparedRule:
    """One rule with its version, the sha256 of its law, and the id of its instrument.

    since, until  the days on which it is law, both included
    asked_first   the moment that its clock waits for
    """

    rule: LegalRule
    id: str
    version: str
    instrument: str
    trigger: Trigger
    zone: str
    since: date
    until: date
    when: Condition
    unless: tuple[Exempt, ...]
    authority: Authority | None
    is_target: bool
    asked_first: str
    printed: Printed

    @classmethod
    def of(cls, rule: LegalRule, version: str, instrument: str) -> PreparedRule:
        """The rule of a law, prepared."""
        return cls(
            rule=rule,
            id=rule.id,
            version=version,
            instrument=instrument,
            trigger=rule.trigger,
            zone=rule.clock.zone,
            since=rule.effective.from_,
            until=rule.effective.until or date.max,
            when=rule.when,
            unless=tuple(rule.unless),
            authority=rule.authority,
            is_target=rule.is_target,
            asked_first=rule.trigger.facts[0],
            printed=rule.printed,
        )
