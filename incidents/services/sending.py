"""Sending: lease, intend, hand over, record; each step committed before the next one begins.

A worker may be killed, frozen or cut off from the database between any two lines of this file:
a lease without an attempt sent nothing; an attempt without an outcome is `unknown`; an outcome
under an older epoch changes nothing. No transaction is open while a provider answers.
"""

import hashlib
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import structlog
from sqlalchemy import func, select

from incidents import failpoints
from incidents.clock import SystemClock
from incidents.database import leases as rows
from incidents.database import pages, waiting, withdrawals
from incidents.database.base import uuid7
from incidents.database.campaigns import Campaign
from incidents.database.engine import AWAY, NO_ANSWER, is_sqlite
from incidents.database.leases import Intent, Lease
from incidents.database.outcomes import Result
from incidents.rules.ladder import retry_after
from incidents.services import (
    brake,
    journal,
    ladder,
    pacing,
    planning,
    recalls,
    receipts,
    recording,
    unopened,
)
from incidents.services.opening import open_envelopes
from incidents.settings import Settings
from incidents.work import TOCSIN, Office, Work
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Outcome, OutcomeKind
from notifiers.errors import NotifierError, Refused, Unavailable

log = structlog.get_logger(__name__)

# Between the end of the longest call and the end of the lease: for recording, and for a
# process that is paused for a moment between the check and the first byte.
MARGIN = 0.1

_REFUSALS = frozenset({OutcomeKind.REFUSED, OutcomeKind.SPLIT})

# A wait for tokens is slept in short naps: a stop, and other work, are seen in between.
LONGEST_NAP = 0.2


@dataclass(frozen=True, slots=True)
class Parcel:
    """One lease, opened and made ready: what goes on the wire, or why it cannot.

    refusal  what is known without asking the provider; then nothing is sent
    """

    intent: Intent
    envelope: Envelope
    body: bytes
    refusal: Outcome | None = None

    @property
    def lease(self) -> Lease:
        """The lease under which it goes."""
        return self.intent.lease


def pump(
    office: Office, dispatch: Dispatch, *, mode: str, stop: Callable[[], bool] = lambda: False
) -> int:
    """Send until nothing is ready; gives how many people's messages were handed over."""
    journal.replay(office)
    people = 0
    while not stop():
        with office.look(TOCSIN) as work:
            to_place = pages.not_placed_through(work.session, mode)
            to_send = waiting.campaigns_to_send(work.session, mode, now_of(work))
        if planning.place_next_page(office, to_place):
            failpoints.reach("placed")
            continue
        with dispatch.turn() as is_ours:
            taken, wait = _lease(office, to_send, bulk=is_ours)
            if taken:
                failpoints.reach("leased")
                people += _carry(office, dispatch, taken)
        if taken:
            continue
        if wait is None and not to_place:
            break
        # For the provider's pace, or for whoever is placing people just now.
        time.sleep(LONGEST_NAP if wait is None else min(wait.total_seconds(), LONGEST_NAP))
    return people


def now_of(work: Work) -> datetime:
    """The moment that leases go by: the database's clock, which all machines share.

    A drill's clock and an embedded process's own have no other machine to agree with.
    """
    if isinstance(work.office.clock, SystemClock) and not is_sqlite(work.session.connection()):
        moment: datetime = work.session.scalars(select(func.clock_timestamp())).one()
        return moment
    return work.now


def _lease(
    office: Office, to_send: Sequence[UUID], *, bulk: bool
) -> tuple[list[Lease], timedelta | None]:
    """Envelopes of one campaign: a few shared ones, or many of one person each.

    Where all that is ready waits for its provider's pace: none, and for how long.

    bulk  whether shared ones may be taken
    """
    settings = office.settings
    kinds = [(False, settings.messages_per_lease)]
    if bulk:
        kinds.append((True, settings.envelopes_per_lease))
    if not to_send:
        return [], None
    # In a new order each time: a large campaign does not keep a small one waiting.
    campaigns = random.sample(to_send, len(to_send))
    random.shuffle(kinds)
    with office.work(TOCSIN) as work:
        now = now_of(work)
        until = now + timedelta(seconds=settings.lease_seconds)
        gate = pacing.Gate(work, now)
        if gate.probes:
            kinds.sort()
        for campaign_id in campaigns:
            for shared, limit in kinds:
                taken = rows.lease(
                    work.session,
                    campaign_id,
                    bulk=shared,
                    limit=limit,
                    now=now,
                    until=until,
                    gate=gate,
                )
                if taken:
                    failpoints.reach("leasing")
                    return taken, None
    return [], gate.wait


def _carry(office: Office, dispatch: Dispatch, taken: Sequence[Lease]) -> int:
    try:
        parcels = _open(office, dispatch, taken)
    except NO_ANSWER:
        raise  # no fault of theirs: the leases run out, and they are ready again
    except Exception as error:  # noqa: BLE001  whatever it is, it is in what was opened
        return _carry_apart(office, dispatch, taken, error)
    failpoints.reach("opened")
    going = _intend(office, parcels)
    failpoints.reach("intended")
    heard = _hand_over(office, dispatch, taken[0].campaign_id, going)
    failpoints.reach("answered")
    _record(office, dispatch, going, heard)
    failpoints.reach("recorded")
    if heard and all(outcome.kind in _REFUSALS for outcome in heard):
        brake.look_now(office, taken[0].campaign_id)
    return sum(len(parcel.envelope.people) for parcel in going)


def _carry_apart(
    office: Office, dispatch: Dispatch, taken: Sequence[Lease], error: Exception
) -> int:
    """One of these cannot be opened: the others must not wait for it."""
    if len(taken) > 1:
        return sum(_carry(office, dispatch, [one]) for one in taken)
    unopened.hold(office, taken[0], error)
    return 0


def _open(office: Office, dispatch: Dispatch, taken: Sequence[Lease]) -> list[Parcel]:
    attempts = [uuid7() for _ in taken]
    with office.look(TOCSIN) as work:
        campaign = work.session.get_one(Campaign, taken[0].campaign_id)
        envelopes = open_envelopes(work, taken, attempts)
        recallable_from = now_of(work) if campaign.recallable else None
    if recallable_from:
        providers = [lease.provider for lease in taken]
        envelopes = recalls.with_recalls(dispatch, envelopes, providers, recallable_from)
    return [
        _parcel(dispatch, lease, attempt, envelope)
        for lease, attempt, envelope in zip(taken, attempts, envelopes, strict=True)
    ]


def _parcel(dispatch: Dispatch, lease: Lease, attempt_id: UUID, envelope: Envelope) -> Parcel:
    body, refusal, recall = b"", None, envelope.recall
    try:
        if recall and not recall.batch:
            raise Unavailable("no batch was given that it could be cancelled by")
        body = dispatch.courier(lease.provider).body(envelope)
    except Refused as error:
        # One person may spoil it for all: apart from the others they spoil only their own.
        refusal = Outcome(OutcomeKind.SPLIT, reason=str(error), bad_refs=error.refs)
    except NotifierError as error:
        refusal = Outcome(OutcomeKind.RETRY, reason=str(error))
    sha256 = hashlib.sha256(body).hexdigest()
    intent = Intent(attempt_id, lease, sha256, *(recall or ()))
    return Parcel(intent, envelope, body, refusal)


def _intend(office: Office, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Commit the attempts; gives what may go, each with the moment after which it may not."""
    settings = office.settings
    begun = time.monotonic()
    last_byte_after = settings.lease_seconds * (1 - MARGIN) - settings.http_timeout_seconds
    with office.work(TOCSIN) as work:
        now = now_of(work)
        until = now + timedelta(seconds=settings.lease_seconds)
        held = _with_closed(work, parcels)
        intents = [one.intent for one in parcels if one.lease.ordinal not in held]
        ours = rows.intend(work.session, intents, worker=_worker(), now=now, until=until)
        others = [parcel.lease for parcel in parcels if parcel.intent.attempt_id not in ours]
        rows.give_back(work.session, others)
        failpoints.reach("intending")
    if held:
        with office.work(TOCSIN) as work:
            ladder.leave_closed(work, parcels[0].lease.campaign_id, sorted(held))
    return [
        replace(parcel, envelope=replace(parcel.envelope, not_after=begun + last_byte_after))
        for parcel in parcels
        if parcel.intent.attempt_id in ours
    ]


def _with_closed(work: Work, parcels: Sequence[Parcel]) -> set[int]:
    """Envelopes in which somebody is withheld now, or may not be sent to there any more.

    Who waits is taken out at once where their address is closed; of what was under way then, it
    is noticed when it goes again.
    """
    if not parcels:
        return set()
    campaign_id = parcels[0].lease.campaign_id
    ordinals = [parcel.lease.ordinal for parcel in parcels]
    again = [parcel.lease.ordinal for parcel in parcels if parcel.lease.epoch > 1]
    closed = withdrawals.with_barred(work.session, campaign_id, again) if again else set[int]()
    return closed | withdrawals.with_withheld(work.session, campaign_id, ordinals)


def _hand_over(
    office: Office, dispatch: Dispatch, campaign_id: UUID, going: Sequence[Parcel]
) -> list[Outcome]:
    """What became of each, in order; this is where bytes leave."""
    wire = [parcel for parcel in going if parcel.refusal is None]
    items = [(one.lease.provider, one.envelope, one.body) for one in wire]
    with _still_runs(office, campaign_id) as may_go:
        answers = iter(dispatch.send_all(items, may_go))
    return [one.refusal if one.refusal is not None else next(answers) for one in going]


@contextmanager
def _still_runs(office: Office, campaign_id: UUID) -> Iterator[Callable[[], bool]]:
    """Whether nobody stopped a campaign; to be asked again and again, on one connection."""
    with ExitStack() as kept:
        connection = cache(lambda: kept.enter_context(office.ask()))

        def asked() -> bool:
            try:
                return waiting.is_running(connection(), campaign_id)
            except NO_ANSWER:
                return False  # who cannot ask must not go on: they surely were not sent

        yield asked


def _record(
    office: Office, dispatch: Dispatch, going: Sequence[Parcel], heard: Sequence[Outcome]
) -> None:
    try:
        with office.work(TOCSIN) as work:
            now = now_of(work)
            recording.apply(work, _results(office.settings, now, going, heard))
            receipts.rehearse(work, dispatch, _accepted(going, heard))
            pacing.learn(work, _answered(going, heard), now)
            failpoints.reach("recording")
    except AWAY:
        # The database is away, but what was answered is known: it must not become `unknown`.
        journal.keep(office, _results(office.settings, office.clock.now(), going, heard))


def _accepted(going: Sequence[Parcel], heard: Sequence[Outcome]) -> Iterator[tuple[str, Envelope]]:
    """Provider and envelope of what was taken."""
    for parcel, outcome in zip(going, heard, strict=True):
        if outcome.kind is OutcomeKind.ACCEPTED:
            yield parcel.lease.provider, parcel.envelope


def _answered(going: Sequence[Parcel], heard: Sequence[Outcome]) -> Iterator[tuple[Lease, Outcome]]:
    """What providers said; what we refused ourselves says nothing of them."""
    for parcel, outcome in zip(going, heard, strict=True):
        if parcel.refusal is None:
            yield parcel.lease, outcome


def _results(
    settings: Settings, now: datetime, going: Sequence[Parcel], heard: Sequence[Outcome]
) -> list[Result]:
    return [_result(settings, now, *pair) for pair in zip(going, heard, strict=True)]


def _result(settings: Settings, now: datetime, parcel: Parcel, outcome: Outcome) -> Result:
    lease, kind = parcel.lease, outcome.kind.value
    if outcome.kind is OutcomeKind.SPLIT and len(parcel.envelope.people) < 2:
        kind = OutcomeKind.REFUSED.value
    return Result(
        attempt_id=parcel.intent.attempt_id,
        campaign_id=lease.campaign_id,
        ordinal=lease.ordinal,
        epoch=lease.epoch,
        outcome=kind,
        next_at=now + _wait(settings, parcel, outcome),
        http_status=outcome.http_status,
        provider_ref=outcome.provider_ref,
        reason=outcome.reason,
        sha256=parcel.intent.sha256,
        bad_refs=outcome.bad_refs,
    )


def _wait(settings: Settings, parcel: Parcel, outcome: Outcome) -> timedelta:
    if outcome.kind is OutcomeKind.RETRY:
        jitter = random.random()  # noqa: S311  spreads load, hides nothing
        return retry_after(parcel.lease.epoch, outcome.retry_after_seconds, jitter)
    if outcome.kind is OutcomeKind.UNKNOWN and not parcel.envelope.recall:
        return timedelta(seconds=settings.settle_seconds)  # else: cancelled while there is time
    return timedelta(0)


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:80]
