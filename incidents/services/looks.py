"""Asking a provider what became of an attempt, in the best way that it declares.

Under a native key the same bytes are sent again: the provider answers what it answered before,
or takes them now, and in neither case twice. What is due later is cancelled while there is time:
before it is due nothing can echo it or show it. Else its records are looked up.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.database import withdrawals
from incidents.database.campaigns import Attempt, Campaign
from incidents.database.leases import Lease
from incidents.services.recalls import may_cancel
from incidents.work import TOCSIN, Office
from notifiers.courier import AttemptQuery, Courier
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Finding, FindingKind, OutcomeKind
from notifiers.errors import NotifierError

LOOK_UP, NATIVE_KEY, CANCELLED = "look_up", "native_key", "cancelled"
# Some minutes are left to cancel in: a refusal for too many at once, or no answer, may pass.
CANCEL_AGAIN = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt that may have left, with what was in it."""

    lease: Lease
    attempt: Attempt
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and by what.

    again     whether another look may tell more
    next_at   when to look next; None: as usual
    waits     nothing could be asked yet: this look counts for nothing
    replaces  whether a copy would take the place of what may be there
    """

    by: str
    finding: Finding
    again: bool
    next_at: datetime | None = None
    waits: bool = False
    replaces: bool = False


def look(office: Office, dispatch: Dispatch, doubt: Doubt, settle: timedelta) -> Look:
    """One look at an attempt, from any thread. settle: how long records may lag.

    Nothing is sent again, under a key or as a copy, unless the campaign runs at this moment; and
    under a key, which takes the same bytes for all inside, unless all of them may be told still.
    """
    now = office.clock.now()
    courier = dispatch.couriers.get(doubt.lease.provider)
    if courier is None:
        return Look(LOOK_UP, _cannot_tell(f"no courier {doubt.lease.provider} here"), again=False)
    status, all_may_be_told = _standing(office, doubt.lease)
    if status != "stopped" and all_may_be_told and _has_key(courier, doubt, now):
        return _under_key(dispatch, courier, doubt, status)
    if may_cancel(doubt.attempt, courier, now):
        finding = dispatch.cancel(courier.name, doubt.attempt.batch_id)
        return Look(CANCELLED, finding, again=True, next_at=now + CANCEL_AGAIN, waits=True)
    if doubt.attempt.due_at and now < (told_by := doubt.attempt.due_at + settle):
        finding = _cannot_tell("nothing is told of it before it is due")
        return Look(LOOK_UP, finding, again=True, next_at=told_by, waits=True)
    finding = dispatch.look_up(courier.name, _query(doubt))
    declared = courier.capabilities
    replaces = declared.replaces_copy and status != "stopped"
    return Look(LOOK_UP, finding, again=declared.looks_up, replaces=replaces)


def _standing(office: Office, lease: Lease) -> tuple[str, bool]:
    """The status of its campaign now, and whether all inside may be sent to there still."""
    where = (lease.campaign_id, [lease.ordinal])
    with office.look(TOCSIN) as work:
        status = work.session.get_one(Campaign, lease.campaign_id).status
        withheld = withdrawals.with_withheld(work.session, *where)
        barred = withdrawals.with_barred(work.session, *where)
    return status, not (withheld or barred)


def _under_key(dispatch: Dispatch, courier: Courier, doubt: Doubt, status: str) -> Look:
    """While it is paused the key waits: it may be the first time that the bytes arrive."""
    if status != "running":
        return Look(NATIVE_KEY, _cannot_tell("the campaign is paused"), again=True, waits=True)
    return Look(NATIVE_KEY, _send_again(dispatch, courier, doubt), again=True)


def _has_key(courier: Courier, doubt: Doubt, now: datetime) -> bool:
    declared = courier.capabilities
    lasts = timedelta(seconds=declared.key_seconds)
    return declared.native_key and now < doubt.attempt.started_at + lasts


def _send_again(dispatch: Dispatch, courier: Courier, doubt: Doubt) -> Finding:
    try:
        body = courier.body(doubt.envelope)
    except NotifierError as error:
        return _cannot_tell(str(error))
    if hashlib.sha256(body).hexdigest() != doubt.attempt.sha256:
        # Somebody was erased since, or another version made it: the key would not fit.
        return _cannot_tell("the bytes cannot be made again")
    (outcome,) = dispatch.send_all([(courier.name, doubt.envelope, body)])
    if outcome.kind is OutcomeKind.ACCEPTED:
        evidence = "the same bytes under the same key were answered"
        return Finding(FindingKind.FOUND, outcome.provider_ref, evidence)
    return _cannot_tell(outcome.reason)


def _query(doubt: Doubt) -> AttemptQuery:
    return AttemptQuery(
        attempt=doubt.envelope.attempt,
        started_at=doubt.attempt.started_at,
        people=doubt.envelope.people,
        reference=doubt.envelope.reference,
    )


def _cannot_tell(why: str) -> Finding:
    return Finding(FindingKind.CANNOT_TELL, evidence=why)
