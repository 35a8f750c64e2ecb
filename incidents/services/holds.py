"""Holds: an office asked us to wait, by a paper, for some laws, until some day.

A hold lengthens clocks, so it takes two persons: one records it, another has seen the paper. It
covers what it names and nothing else; when its time is over the clocks run again by themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.database import holds as rows
from incidents.database.base import uuid7
from incidents.database.holds import Hold
from incidents.errors import InvalidInput, NotPermitted, Problem
from incidents.rules.catalogue import Catalogue
from incidents.rules.facts import did_you_mean
from incidents.rules.holds import Hold as Delay
from incidents.rules.holds import holds_on
from incidents.rules.lifecycle import HOLD
from incidents.rules.permissions import Permission
from incidents.rules.reasons import must_say_why
from incidents.services import law_packs, timeline
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import TOCSIN, Work, require

# What moved a clock once it stood; a hold that nobody agreed to never did.
_ACTED = ("standing", "lifted", "expired")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an office asked for.

    kind    police | authority
    office  who asked: an office, never the name of a person
    sha256  of the paper's file; empty where it was asked by word of mouth
    covers  ids of instruments (us.hipaa) or of rules (us-hipaa-164-404)
    """

    kind: str
    office: str
    reference: str
    oral: bool
    sha256: str
    starts_at: datetime
    until: datetime
    covers: Sequence[str]


def add(work: Work, incident_id: UUID, asked: Asked) -> Hold:
    """Record a hold; it moves clocks once a second person has confirmed it.

    Raises  InvalidInput  a law that knows no hold, a time that is over, a paper without its hash
    """
    require(work.actor, Permission.CHANGE_DUTY)
    incident = get_incident(work, incident_id)
    _check(asked, law_packs.in_use(work), work.now)
    hold = Hold(
        id=uuid7(),
        incident_id=incident.id,
        status=HOLD.start,
        kind=asked.kind,
        office=asked.office,
        reference=asked.reference,
        oral=asked.oral,
        sha256=asked.sha256,
        starts_at=asked.starts_at,
        until=asked.until,
        covers=sorted(set(asked.covers)),
        recorded_at=work.now,
        recorded_by=work.actor.id,
    )
    work.session.add(hold)
    return _tell(work, hold, "ask", "", "waits for a second person")


def confirm(work: Work, hold_id: UUID, reason: str = "") -> Hold:
    """Agree, as a second person who has seen the paper: from now on it moves clocks."""
    require(work.actor, Permission.CHANGE_DUTY)
    hold = _decided_upon(work, hold_id)
    hold.status = HOLD.after(hold.status, "confirm")
    hold.decision = reason
    return _tell(work, hold, "confirm", reason, "confirmed")


def refuse(work: Work, hold_id: UUID, reason: str) -> Hold:
    """Do not accept it, and say why; no clock moves."""
    require(work.actor, Permission.CHANGE_DUTY)
    must_say_why(reason)
    hold = _decided_upon(work, hold_id)
    hold.status = HOLD.after(hold.status, "refuse")
    hold.decision = reason
    return _tell(work, hold, "refuse", reason, f"refused: {reason}")


def lift(work: Work, hold_id: UUID, reason: str) -> Hold:
    """End it before its time, and say why; the clocks run again."""
    require(work.actor, Permission.CHANGE_DUTY)
    must_say_why(reason)
    hold = get_of_incident(work, Hold, hold_id, "hold")
    acted = hold.status == "standing"
    hold.status = HOLD.after(hold.status, "lift")
    hold.ended_at = work.now if acted else None
    hold.ended_by, hold.end_reason = work.actor.id, reason
    return _tell(work, hold, "lift", reason, f"lifted: {reason}")


def expire(work: Work) -> int:
    """End the holds whose time is over; gives how many."""
    require(work.actor, Permission.WORK_UNSEEN)
    over = rows.holds_that_end(work.session, work.now)
    for _, hold_id in over:
        hold = get_of_incident(work, Hold, hold_id, "hold")
        acted = hold.status == "standing"
        hold.status = HOLD.after(hold.status, "expire")
        hold.ended_at = hold.until if acted else None
        hold.end_reason = "its time is over" if acted else "nobody confirmed it in time"
        _tell(work, hold, "expire", "", hold.end_reason)
    return len(over)


def of_incident(work: Work, incident_id: UUID) -> Sequence[Hold]:
    """The holds of an incident, oldest first."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return rows.holds_of(work.session, incident_id)


def find(work: Work, *, status: str = "", ends_by: datetime | None = None) -> Select[Hold]:
    """A query for holds of all incidents: of one status, or that end by a moment."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.holds(status=status, ends_by=ends_by, drills_only=work.actor.drills_only)


class Effect(NamedTuple):
    """What the holds on a rule do to it now: until when it is held, and by whom, in words."""

    until: datetime | None
    why: str


def delays(found: Iterable[Hold]) -> tuple[Delay, ...]:
    """The holds that move clocks, or did, as the law judges them."""
    return tuple(
        Delay(
            covers=frozenset(hold.covers),
            since=hold.starts_at,
            until=hold.ended_at or hold.until,
            written=not hold.oral,
            text=f"{hold.office}, {hold.reference}, until {hold.until:%Y-%m-%d %H:%M} UTC",
        )
        for hold in found
        if hold.status in _ACTED and (hold.status == "standing" or hold.ended_at)
    )


def covers(found: Sequence[Delay], law: Catalogue, rule_id: str) -> bool:
    """Whether any of them covers a rule."""
    return bool(holds_on(found, law.law_of(rule_id).content.instrument.id, rule_id))


def effect(found: Sequence[Delay], law: Catalogue, rule_id: str, now: datetime) -> Effect:
    """Until when a rule is held, as its law limits it; None where nothing holds it now."""
    delay = law.rule(rule_id).hold
    if delay is None:
        return Effect(None, "")
    covering = holds_on(found, law.law_of(rule_id).content.instrument.id, rule_id)
    granted = [one.limited(delay.most_days, delay.oral_days) for one in covering]
    running = [one for one in granted if one.runs(now)]
    told = running or granted
    ends = [one.until for one in running if one.until]
    return Effect(max(ends, default=None), "; ".join(one.text for one in told))


def _check(asked: Asked, law: Catalogue, now: datetime) -> None:
    problems = [*_wrong_times(asked, now), *_wrong_paper(asked), *_wrong_cover(asked, law)]
    if problems:
        raise InvalidInput("this hold cannot be recorded as it stands", *problems)


def _wrong_times(asked: Asked, now: datetime) -> list[Problem]:
    if asked.until <= max(asked.starts_at, now):
        return [Problem("until", "is over", "give a day to come; ask the office if it named none")]
    if asked.starts_at > now + timedelta(days=1):
        return [Problem("starts_at", "lies in the future", "record it when it begins")]
    return []


def _wrong_paper(asked: Asked) -> list[Problem]:
    if asked.oral or asked.sha256:
        return []
    return [Problem("sha256", "is missing", "give the hash of the paper, or say that it was oral")]


def _wrong_cover(asked: Asked, law: Catalogue) -> list[Problem]:
    if not asked.covers:
        return [Problem("covers", "is empty", "name each law: a hold on one never holds another")]
    mend = "`tocsin law show` says which laws know a hold"
    return [
        Problem("covers", why, mend) for name in asked.covers if (why := _knows_no_hold(name, law))
    ]


def _knows_no_hold(name: str, law: Catalogue) -> str:
    """Why a hold cannot cover this; empty where it can."""
    rules = [
        rule
        for one in law.laws
        for rule in one.content.rules
        if name in {one.content.instrument.id, rule.id}
    ]
    if not rules:
        known = [one.content.instrument.id for one in law.laws] + [one.id for one in law.rules]
        return f"there is no law or rule {name}; {did_you_mean(name, known)}".rstrip("; ")
    return "" if any(rule.hold for rule in rules) else f"{name} knows no hold: its clock runs on"


def _decided_upon(work: Work, hold_id: UUID) -> Hold:
    hold = get_of_incident(work, Hold, hold_id, "hold")
    if work.actor == TOCSIN or hold.recorded_by == work.actor.id:
        raise NotPermitted("a second person, who has seen the paper, must answer")
    hold.decided_at, hold.decided_by = work.now, work.actor.id
    return hold


def _tell(work: Work, hold: Hold, action: str, reason: str, text: str) -> Hold:
    private = {"office": hold.office, "reference": hold.reference}
    audit.record(
        work,
        f"hold.{action}",
        incident_id=hold.incident_id,
        subject_type="hold",
        subject_id=hold.id,
        private=private | ({"reason": reason} if reason else {}),
        kind=hold.kind,
        oral=hold.oral,
        file=hold.sha256 or None,
        covers=hold.covers,
        starts_at=hold.starts_at,
        until=hold.until,
        after=hold.status,
    )
    story = f"Hold by {hold.office} ({hold.reference}) on {', '.join(hold.covers)}: {text}"
    timeline.note(work, hold.incident_id, "hold", story)
    get_incident(work, hold.incident_id).review_due = True
    work.ring("incidents.review", hold.incident_id)
    work.session.flush()
    return hold
