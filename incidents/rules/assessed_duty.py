"""One rule judged by the facts of an incident, and what changes from one judgement to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from incidents.rules.legal_rule import Printed

_MOMENTS = ("start_at", "due_at", "latest_arguable", "needs_by")


class Words(NamedTuple):
    """What is said of a judged rule; see `AssessedDuty`."""

    clock: str
    arithmetic: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    why_not: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    could_end: tuple[str, ...] = ()


class Later:
    """Words that are made when somebody asks, once: most duties are judged and never read."""

    __slots__ = ("_words",)
    __hash__ = None  # type: ignore[assignment]
    _words: Words

    @property
    def words(self) -> Words:
        """The words."""
        try:
            return self._words
        except AttributeError:
            self._words = words = self._make()
            return words

    def _make(self) -> Words:
        raise AttributeError("these words are written down when they are made")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later) and self.words == other.words


class Written(Later):
    """Words that are there already."""

    __slots__ = ()

    def __init__(self, words: Words) -> None:
        self._words = words


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
    held             a hold of the police or an authority is on file; the due time stays shown,
                     or has moved where the law says that the clock pauses
    left_out         why it could not be judged to the end; it counts as unknown, never as ended
    """

    rule: str
    rule_version: str
    status: str
    is_target: bool
    trigger: str | None
    waits_for: str | None
    start_at: datetime | None
    due_at: datetime | None
    latest_arguable: datetime | None
    authority: str | None
    authority_portal: str | None
    held: bool
    left_out: str | None
    printed: Printed
    later: Later

    @property
    def title(self) -> str:
        """What is to be done."""
        return self.printed.title

    @property
    def stage(self) -> str:
        """Which report of a series."""
        return self.printed.stage

    @property
    def audience(self) -> str:
        """Whom to tell."""
        return self.printed.audience

    @property
    def place(self) -> str:
        """Whose law."""
        return self.printed.place

    @property
    def source(self) -> str:
        """Where the law says so."""
        return self.printed.source

    @property
    def confidence(self) -> str:
        """How sure we are of the rule."""
        return self.printed.confidence

    @property
    def met_when(self) -> Mapping[str, Any]:
        """The evidence that discharges it."""
        return self.printed.met_when

    @property
    def required_content(self) -> tuple[str, ...]:
        """What must be said."""
        return self.printed.required_content

    @property
    def channels(self) -> tuple[str, ...]:
        """How people may be told."""
        return self.printed.channels

    @property
    def is_open(self) -> bool:
        """Whether it may be owed: owed, or not known yet."""
        return self.status in ("owed", "unknown")

    @property
    def clock(self) -> str:
        """The clock in words, and what starts it."""
        return self.later.words.clock

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """How the due time was counted, line by line."""
        return self.later.words.arithmetic

    @property
    def why(self) -> tuple[str, ...]:
        """The sentences that make it owed, or leave it open."""
        return self.later.words.why

    @property
    def why_not(self) -> tuple[str, ...]:
        """The sentences that make it not owed."""
        return self.later.words.why_not

    @property
    def missing(self) -> tuple[str, ...]:
        """Facts that could still decide the status."""
        return self.later.words.missing

    @property
    def could_end(self) -> tuple[str, ...]:
        """Facts that would end the duty."""
        return self.later.words.could_end

    @property
    def needs_by(self) -> datetime | None:
        """By when what is missing must be known."""
        return self.due_at if self.missing else None

    def as_json(self) -> dict[str, Any]:
        """As JSON values: moments in ISO 8601 UTC, tuples as lists."""
        return {name: _json(getattr(self, name)) for name in _NAMES}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AssessedDuty:
        """The duty that `as_json` wrote."""
        values = {name: _from_json(name, value) for name, value in data.items()}
        words = Words(**{name: values[name] for name in Words._fields})
        printed = Printed(**{name: values[name] for name in Printed._fields})
        decided = {name: values[name] for name in cls._fields if name in values}
        return cls(**{"left_out": None, **decided, "printed": printed, "later": Written(words)})


# What is written down, in the order in which it is read.
_NAMES = (
    "rule", "rule_version", "title", "stage", "audience", "place", "authority",
    "authority_portal", "status", "is_target", "trigger", "waits_for", "start_at", "due_at",
    "latest_arguable", "clock", "arithmetic", "why", "why_not", "missing", "could_end",
    "needs_by", "held", "source", "confidence", "met_when", "required_content", "channels",
    "left_out",
)  # fmt: skip


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
