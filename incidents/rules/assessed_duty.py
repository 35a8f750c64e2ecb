"""One rule judged by the facts of an incident, and what changes from one judgement to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

_MOMENTS = ("start_at", "due_at", "latest_arguable", "needs_by")


class AssessedDuty(NamedTuple):
    """One rule judged by the facts. A tuple: hundreds are made at every look at an incident.

    status           owed · not_owed · unknown (due unless established otherwise) · recommended
    is_target        the due time is our own target, not a number of the law
    trigger          the moment that starts the clock, or stands in for it
    waits_for        the moment that will start it, while none is known
    due_at           aware UTC, the safe reading; None while the clock has not started, and
                     where nothing is owed
    why, why_not     the sentences that carry the status
    missing          facts that could still decide the status, by `needs_by`
    could_end        facts that would end the duty if somebody established them
    held             a hold of the police or an authority is on file; the due time stays shown
    """

    rule: str
    rule_version: str
    title: str
    stage: str
    audience: str
    place: str
    authority: str | None
    authority_portal: str | None
    status: str
    is_target: bool
    trigger: str | None
    waits_for: str | None
    start_at: datetime | None
    due_at: datetime | None
    latest_arguable: datetime | None
    clock: str
    arithmetic: tuple[str, ...]
    why: tuple[str, ...]
    why_not: tuple[str, ...]
    missing: tuple[str, ...]
    could_end: tuple[str, ...]
    needs_by: datetime | None
    held: bool
    source: str
    confidence: str
    met_when: Mapping[str, Any]
    required_content: tuple[str, ...]
    channels: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether it may be owed: owed, or not known yet."""
        return self.status in ("owed", "unknown")

    def as_json(self) -> dict[str, Any]:
        """As JSON values: moments in ISO 8601 UTC, tuples as lists."""
        return {name: _json(value) for name, value in zip(self._fields, self, strict=True)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AssessedDuty:
        """The duty that `as_json` wrote."""
        values = {name: _from_json(name, value) for name, value in data.items()}
        return cls(**values)


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return deepcopy(dict(value))  # the rule's own map is shared: never hand it out
    return list(value) if isinstance(value, tuple) else value


def _from_json(name: str, value: Any) -> Any:
    if name in _MOMENTS and value is not None:
        return datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Change:
    """What a new assessment does to one duty.

    kind     appeared · ended · moved_earlier · moved_later · started (its clock now runs)
             · stopped (its clock no longer runs) · status · law (judged by another version)
    before, after   the duty then and now; None where there was none
    why      the reasons of the new state
    """

    rule: str
    kind: str
    before: AssessedDuty | None
    after: AssessedDuty | None
    why: tuple[str, ...]

    @property
    def lengthens(self) -> bool:
        """Whether somebody gains time by it: that takes a reason and a second person."""
        return self.kind in ("moved_later", "stopped")


def compare(before: Iterable[AssessedDuty], after: Iterable[AssessedDuty]) -> tuple[Change, ...]:
    """Each duty that appeared, ended, moved, or is judged otherwise, with the reasons."""
    old = {duty.rule: duty for duty in before}
    new = {duty.rule: duty for duty in after}
    changes = (_changes(rule, old.get(rule), new.get(rule)) for rule in sorted({*old, *new}))
    return tuple(change for several in changes for change in several)


def _changes(rule: str, old: AssessedDuty | None, new: AssessedDuty | None) -> list[Change]:
    was, is_ = _counts(old), _counts(new)
    if not was and not is_:
        return []
    if not is_:
        why = new.why_not if new else ("the rule is not in force for this incident any more",)
        return [Change(rule, "ended", old, new, why)]
    if not was:
        return [Change(rule, "appeared", old, new, new.why if new else ())]
    if old is None or new is None:
        return []
    kinds = [kind for kind in (_moved(old, new), _judged(old, new)) if kind]
    return [Change(rule, kind, old, new, (*new.why, *new.arithmetic)) for kind in kinds]


def _counts(duty: AssessedDuty | None) -> bool:
    return duty is not None and duty.status != "not_owed"


def _moved(old: AssessedDuty, new: AssessedDuty) -> str | None:
    if old.due_at == new.due_at:
        return None
    if old.due_at is None or new.due_at is None:
        return "started" if old.due_at is None else "stopped"
    return "moved_earlier" if new.due_at < old.due_at else "moved_later"


def _judged(old: AssessedDuty, new: AssessedDuty) -> str | None:
    if old.status != new.status:
        return "status"
    return "law" if old.rule_version != new.rule_version else None
