"""Asking a provider what became of an attempt, in the best way that it declares.

Under a native key the same bytes are sent again: the provider answers what it answered before,
or takes them now, and in neither case twice. Else its records are looked up.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.database.campaigns import Attempt
from incidents.database.leases import Lease
from notifiers.courier import AttemptQuery, Courier
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Finding, FindingKind, OutcomeKind
from notifiers.errors import NotifierError

LOOK_UP, NATIVE_KEY = "look_up", "native_key"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One attempt that may have left, with what was in it.

    status  its campaign's: nothing is sent again, under a key or as a copy, unless it runs
    """

    lease: Lease
    attempt: Attempt
    envelope: Envelope
    status: str


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and by what.

    again     whether another look may tell more
    waits     nothing could be asked yet: this look counts for nothing
    replaces  whether a copy would take the place of what may be there
    """

    by: str
    finding: Finding
    again: bool
    waits: bool = False
    replaces: bool = False


def look(dispatch: Dispatch, doubt: Doubt, now: datetime) -> Look:
    """One look at an attempt, from any thread."""
    courier = dispatch.couriers.get(doubt.lease.provider)
    if courier is None:
        return Look(LOOK_UP, _cannot_tell(f"no courier {doubt.lease.provider} here"), again=False)
    if doubt.status != "stopped" and _has_key(courier, doubt, now):
        return _under_key(dispatch, courier, doubt)
    finding = dispatch.look_up(courier.name, _query(doubt))
    declared = courier.capabilities
    replaces = declared.replaces_copy and doubt.status != "stopped"
    return Look(LOOK_UP, finding, again=declared.looks_up, replaces=replaces)


def _under_key(dispatch: Dispatch, courier: Courier, doubt: Doubt) -> Look:
    """While it is paused the key waits: it may be the first time that the bytes arrive."""
    if doubt.status != "running":
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
