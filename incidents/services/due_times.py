"""How due times of duties move: earlier at once; later by evidence of ours, or by two persons.

What the law answers now is compared with what it answered at the last look, so that each change
answers for what it moves itself. A time that would move later is asked for: the earlier one
stands, and the later one waits as an `Extension` until a second person agrees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.base import uuid7
from incidents.database.duties import Duty, DutyChange
from incidents.database.extensions import Extension
from incidents.database.incidents import Incident
from incidents.errors import InvalidInput, Problem
from incidents.rules.assessed_duty import AssessedDuty
from incidents.rules.catalogue import Catalogue
from incidents.rules.holds import Hold as Delay
from incidents.rules.lifecycle import EXTENSION
from incidents.services import timeline
from incidents.services.deeds import Deed, stands
from incidents.work import TOCSIN, Work

_NOBODY_SAID = "found by Tocsin when it looked again: nobody said why"


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed what duties are judged by, and why; Tocsin, where nobody did.

    facts  the facts that changed, by name: the id of the one that holds now
    """

    by: UUID
    reason: str
    facts: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an incident: by which law, after which change, with which deeds of ours.

    by_law   whoever took these laws into use: they answer for what another text moves
    pending  extensions that wait for a second person, by duty
    holds    delays on record, as the law judges them
    """

    work: Work
    incident: Incident
    law: Catalogue
    change: Change
    by_law: Change
    deeds: Mapping[str, Deed]
    pending: dict[UUID, Extension]
    holds: tuple[Delay, ...]


def follow(look: Look, row: Duty, answer: AssessedDuty) -> None:
    """Bring the due time of a duty to what the law answers now, as far as it may move."""
    if answer.left_out and answer.due_at is None:
        return  # it could not be counted: the time that stands stays
    before, standing = row.law_due_at, row.standing_due_at
    waited = look.pending.get(row.id)
    if waited is not None and waited.after_due_at != answer.due_at:
        lapse(look.work, row, look.pending.pop(row.id), f"the law now says {said(answer.due_at)}")
    if answer.due_at == standing:
        return
    if not _is_later(answer.due_at, standing):
        move(look.work, row, answer.due_at, "move", look.change.reason)
    elif (deed := _proved(look, row, answer)) is not None:
        move(look.work, row, answer.due_at, "extend", _by_deed(deed), deed)
    elif row.status == "open" and not _is_gone_with_another(look, row, answer):
        if before is None or _is_later(answer.due_at, before):
            same_law = row.rule_version == answer.rule_version
            _ask(look, row, answer, look.change if same_law else look.by_law)
        elif waited is not None and waited.id not in look.pending and waited.status == "moot":
            _ask(look, row, answer, Change(waited.asked_by, waited.reason, look.change.facts))


def _is_later(one: datetime | None, than: datetime | None) -> bool:
    """Whether somebody gains time by it; a clock that stops gives all the time there is."""
    return than is not None and (one is None or one > than)


def _proved(look: Look, row: Duty, answer: AssessedDuty) -> Deed | None:
    """The deed of ours that the clock counts from now: newly so, not because one was taken back."""
    deed = look.deeds.get(answer.trigger or "")
    if deed is None or deed.at != answer.start_at:
        return None
    before = row.counts_from
    return deed if before is None or stands(look.work, before) else None


def _is_gone_with_another(look: Look, row: Duty, answer: AssessedDuty) -> bool:
    """Whether its clock counted from another duty's due time, which is gone: nobody's doing."""
    return answer.due_at is None and look.law.rule(row.rule).trigger.or_due_of is not None


def _by_deed(deed: Deed) -> str:
    return f"{deed.kind.replace('_', ' ')} at {said(deed.at)}"


def _ask(look: Look, row: Duty, answer: AssessedDuty, change: Change) -> None:
    """Let the later time wait for a second person; a person who says no reason is refused."""
    if change.by != TOCSIN.id and not change.reason:
        raise _needs_reason(row, answer.due_at)
    look.pending[row.id] = ask(look.work, row, answer.due_at, change, answer.trigger or "")


def _needs_reason(row: Duty, due_at: datetime | None) -> InvalidInput:
    return InvalidInput(
        f"this would move a due time later: {row.title}, from {said(row.standing_due_at)} to"
        f" {said(due_at)}",
        Problem("reason", "is empty", "say why the clock may move later; it stays on record"),
    )


def ask(
    work: Work, row: Duty, due_at: datetime | None, change: Change, trigger: str = ""
) -> Extension:
    """Keep that a duty's due time would move later, and wait for a second person."""
    standing = row.standing_due_at
    assert standing is not None  # noqa: S101  nothing is later than no time at all
    extension = Extension(
        id=uuid7(),
        incident_id=row.incident_id,
        duty_id=row.id,
        status=EXTENSION.start,
        asked_at=work.now,
        asked_by=change.by,
        reason=(change.reason or _NOBODY_SAID)[:1000],
        facts=sorted(change.facts),
        fact_id=change.facts.get(trigger) or next(iter(change.facts.values()), None),
        before_due_at=standing,
        after_due_at=due_at,
    )
    work.session.add(extension)
    tell_extension(work, "ask", row, extension, extension.reason)
    return extension


def lapse(work: Work, row: Duty, extension: Extension, why: str) -> None:
    """Close an extension that another change made moot, and say so."""
    extension.status = EXTENSION.after(extension.status, "lapse")
    extension.decided_at, extension.decided_by = work.now, work.actor.id
    extension.decision = why[:1000]
    tell_extension(work, "lapse", row, extension, why)


_IN_WORDS = {
    "ask": "Asked for: {title}: due {before} → {after}, once a second person agrees; {why}",
    "adopt": "Answered for, and still waits for a second person: {title}: {why}",
    "confirm": "Agreed: {title}: due {before} → {after}",
    "refuse": "Refused: {title} stays due {before}: {why}",
    "lapse": "Moot: {title}: due {before} → {after}: {why}",
}


def tell_extension(work: Work, action: str, row: Duty, extension: Extension, why: str) -> None:
    """Keep what became of an extension: on the duty, in the trail, in the story."""
    times = {
        "before": said(extension.before_due_at),
        "after": said(extension.after_due_at),
    }
    moved = {"due_at": said(extension.after_due_at), "extension": str(extension.id)}
    keep_change(work, row, action, {"due_at": times["before"]}, moved, why)
    audit.record(
        work,
        f"extension.{action}",
        incident_id=row.incident_id,
        subject_type="extension",
        subject_id=extension.id,
        private={"reason": why} if why else None,
        duty_id=row.id,
        rule=row.rule,
        stage=row.stage,
        after=extension.status,
        asked_by=extension.asked_by,
        fact_id=extension.fact_id,
        before_due_at=extension.before_due_at,
        due_at=extension.after_due_at,
    )
    text = _IN_WORDS[action].format(title=row.title, why=why, **times)
    timeline.note(work, row.incident_id, "duty", text)


def move(
    work: Work, row: Duty, due_at: datetime | None, kind: str, why: str, deed: Deed | None = None
) -> None:
    """Put a due time in the place of the one that stands; kind: move (earlier) | extend (later)."""
    old = row.standing_due_at
    if row.unheld_due_at is None or due_at is None:
        row.due_at, row.unheld_due_at = due_at, None
    else:
        row.unheld_due_at = due_at  # what the holds do to it is said next
    evidence = {"evidence": str(deed.row_id), "kind": deed.kind} if deed else {}
    keep_change(work, row, kind, {"due_at": said(old)}, {"due_at": said(due_at), **evidence}, why)
    _tell(
        work,
        f"duty.{kind}",
        row,
        why,
        due_at=due_at,
        before_due_at=old,
        cause=deed.kind if deed else None,
        evidence_id=deed.row_id if deed else None,
    )
    text = f"Due time of {row.title}: {said(old)} → {said(due_at)}"
    timeline.note(work, row.incident_id, "duty", f"{text} ({why})" if deed else text)


def hold(work: Work, row: Duty, shift: timedelta, until: datetime | None, why: str) -> None:
    """Let the holds on a duty act on it: both times stay shown, with and without them.

    shift  how much later it falls due by them
    until  when the last that is on ends; None: none is
    """
    standing = row.standing_due_at
    if standing is None:
        return
    before = row.due_at, row.held_until
    row.unheld_due_at = standing if until or shift else None
    row.due_at, row.held_until = standing + shift, until
    if before == (row.due_at, row.held_until):
        return
    kind, word = ("hold", "Held") if until else ("resume", "Its clock runs again")
    then = {"due_at": said(before[0]), "held_until": said(before[1])}
    now = {"due_at": said(row.due_at), "held_until": said(until), "unheld_due_at": said(standing)}
    keep_change(work, row, kind, then, now, why)
    times = {"due_at": row.due_at, "before_due_at": before[0], "held_until": until}
    _tell(work, f"duty.{kind}", row, why, **times)
    text = f"{word}: {row.title}: due {said(row.due_at)}, without the hold {said(standing)}; {why}"
    timeline.note(work, row.incident_id, "duty", text)


def _tell(work: Work, kind: str, row: Duty, why: str, **details: Any) -> None:
    audit.record(
        work,
        kind,
        incident_id=row.incident_id,
        subject_type="duty",
        subject_id=row.id,
        private={"reason": why} if why else None,
        rule=row.rule,
        version=row.rule_version,
        stage=row.stage,
        place=row.place or None,
        audience=row.audience,
        standing=row.standing,
        after=row.status,
        **details,
    )


def keep_change(
    work: Work, row: Duty, kind: str, before: dict[str, Any], after: dict[str, Any], why: str
) -> None:
    """Add a line to the history of a duty."""
    work.session.add(
        DutyChange(
            duty_id=row.id,
            at=work.now,
            kind=kind,
            before=before,
            after=after,
            reason=why[:1000],
            actor_id=work.actor.id,
        )
    )


def said(moment: datetime | None) -> str:
    """A moment as history and story say it."""
    return moment.isoformat() if moment else "none"
