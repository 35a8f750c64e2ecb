"""What may or may not have left, settled by evidence: never sent again or failed over without.

In order: a receipt that echoes the attempt (services/receipts); the same bytes under the
provider's own key, a cancellation before it is due, its records (services/looks). Where none will
ever tell: once, a copy that takes the place of the first one, where the provider declares that;
then the campaign's policy. Both are counted for the proof.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from incidents import failpoints
from incidents.database import doubts
from incidents.database import leases as rows
from incidents.database.campaigns import Attempt, Campaign
from incidents.database.engine import NO_ANSWER
from incidents.database.leases import Lease
from incidents.database.outcomes import Result, result_of, state_after
from incidents.rules.ladder import Verdict, verdict
from incidents.services import campaign_trail, recording, sending
from incidents.services.looks import Doubt, Look, look
from incidents.services.opening import open_envelopes
from incidents.work import TOCSIN, Office, Work
from notifiers.dispatch import Dispatch
from notifiers.envelope import Finding, FindingKind

log = structlog.get_logger(__name__)

Claimed = tuple[Lease, Attempt]

LOOKS_AT_ONCE = 100
SHORTEST_PAUSE = 1.0
REPLACED = "replaced"
# What kills each worker that opens it must not do so for ever: so many leases without an attempt.
MOST_BARREN = 5
_LOST = "its worker did not come back"
_THREADS = 8
_OUTCOME = {
    Verdict.ACCEPT: "accepted",
    Verdict.AGAIN: "retry",
    Verdict.REPLACE: "unresolved",
    Verdict.RESEND: "unresolved",
    Verdict.HOLD: "held",
    Verdict.NEXT: "given_up",
}


def with_lost_leases(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode in which a lease has run out."""
    return doubts.campaigns_with_lost_leases(work.session, mode, sending.now_of(work))


def expire(office: Office, campaign_id: UUID) -> bool:
    """Leases that ran out: with an open attempt unknown, without one ready again."""
    with office.work(TOCSIN) as work:
        now = sending.now_of(work)
        found = doubts.expired(work.session, campaign_id, now)
        unsent = [one for one, attempt in found if attempt is None]
        poison = doubts.barren(work.session, campaign_id, unsent, MOST_BARREN)
        rows.give_back(work.session, [one for one in unsent if one.ordinal not in poison])
        parked = [one for one in unsent if one.ordinal in poison]
        rows.park(work.session, parked, "it could not be made ready to send")
        settle = now + timedelta(seconds=office.settings.settle_seconds)
        lost = [
            result_of(one, attempt.id, "unknown", now if attempt.batch_id else settle, reason=_LOST)
            for one, attempt in found
            if attempt
        ]
        recording.apply(work, lost)
        if found:
            work.ring("campaigns.pump")
            failpoints.reach("expiring")
    return True


def with_looks_due(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode in which it is time to look an unknown envelope up."""
    return doubts.campaigns_with_looks_due(work.session, mode, sending.now_of(work))


def resolve(office: Office, dispatch: Dispatch, campaign_id: UUID) -> bool:
    """Look up the unknown envelopes whose time has come; whether any was settled."""
    found = _opened(office, _claim(office, campaign_id))
    if not found:
        return False
    seen = _looked(office, dispatch, found)
    failpoints.reach("looked")
    with office.work(TOCSIN) as work:
        settled = _settle(work, found, seen)
        failpoints.reach("settling")
    return settled


def _looked(office: Office, dispatch: Dispatch, found: Sequence[Doubt]) -> list[Look]:
    settle = timedelta(seconds=office.settings.settle_seconds)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="look-up") as pool:
        return list(pool.map(lambda one: look(office, dispatch, one, settle), found))


def _claim(office: Office, campaign_id: UUID) -> list[Claimed]:
    """The due ones, which others leave alone as long as a lease would last."""
    with office.work(TOCSIN) as work:
        now = sending.now_of(work)
        again_at = now + timedelta(seconds=office.settings.lease_seconds)
        return doubts.due_unknown(
            work.session, campaign_id, limit=LOOKS_AT_ONCE, now=now, again_at=again_at
        )


def _opened(office: Office, due: Sequence[Claimed]) -> list[Doubt]:
    """These with what was in them; one that cannot be opened is held, and stops no other."""
    try:
        with office.look(TOCSIN) as work:
            envelopes = open_envelopes(work, [one for one, _ in due], [call.id for _, call in due])
        return [Doubt(*one, envelope) for one, envelope in zip(due, envelopes, strict=True)]
    except NO_ANSWER:
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, it is in what was opened
        if len(due) > 1:
            return [doubt for one in due for doubt in _opened(office, [one])]
        _hold(office, *due[0], error)
        return []


def _hold(office: Office, lease: Lease, attempt: Attempt, error: Exception) -> None:
    log.error(
        "an envelope in doubt cannot be opened",
        campaign=str(lease.campaign_id),
        envelope=lease.ordinal,
        error=type(error).__name__,
    )
    reason = f"could not be opened: {type(error).__name__}"
    known = {"sha256": attempt.sha256, "evidence": attempt.evidence}
    with office.work(TOCSIN) as work:
        held = result_of(lease, attempt.id, "held", work.now, reason=reason, **known)
        recording.apply(work, [held])


def _settle(work: Work, due: Sequence[Doubt], seen: Sequence[Look]) -> bool:
    """Write down what was seen, and what follows from it."""
    # The campaign first, its envelopes after, as everywhere: so that nobody waits in a circle.
    campaign = campaign_trail.held(work, due[0].lease.campaign_id)
    now = sending.now_of(work)
    results: list[Result] = []
    copied = _copied(work, due)
    for doubt, one in zip(due, seen, strict=True):
        evidence = _evidence(doubt, one)
        decided = verdict(
            one.finding.kind.value,
            evidence["reads"],
            absent=evidence["absent"],
            can_look=one.again,
            replaces=one.replaces and doubt.lease.ordinal not in copied,
            policy=campaign.unknown_policy,
        )
        if decided is Verdict.REPLACE:
            evidence["by"] = REPLACED
        pause = timedelta(seconds=max(work.settings.settle_seconds / 2, SHORTEST_PAUSE))
        again_at = one.next_at or now + pause
        doubts.note_look(work.session, doubt.lease, doubt.attempt.id, evidence, again_at)
        if decided is not Verdict.LOOK:
            results.append(_result(doubt, one.finding, _OUTCOME[decided], evidence, now))
    counted = recording.apply(work, results)
    for result in counted:
        _tell(work, result)
    if counted:
        work.ring("campaigns.pump")
    return bool(counted)


def _copied(work: Work, due: Sequence[Doubt]) -> set[int]:
    """Those of which a copy was sent by itself before: one more would not tell more."""
    ordinals = [doubt.lease.ordinal for doubt in due]
    return doubts.settled_so(work.session, due[0].lease.campaign_id, ordinals, REPLACED)


def _evidence(doubt: Doubt, look: Look) -> dict[str, Any]:
    before, finding = doubt.attempt.evidence, look.finding
    return {
        "by": look.by,
        "found": finding.kind.value,
        "seen": finding.evidence,
        "reads": before.get("reads", 0) + (not look.waits),
        "absent": before.get("absent", 0) + (finding.kind is FindingKind.ABSENT),
    }


def _result(
    doubt: Doubt, finding: Finding, outcome: str, evidence: dict[str, Any], now: datetime
) -> Result:
    return result_of(
        doubt.lease,
        doubt.attempt.id,
        outcome,
        now,
        provider_ref=finding.provider_ref,
        reason=finding.evidence if outcome != "accepted" else "",
        sha256=doubt.attempt.sha256,
        evidence=evidence,
    )


def _tell(work: Work, result: Result) -> None:
    campaign = work.session.get_one(Campaign, result.campaign_id)
    without = result.outcome in {"unresolved", "given_up", "held"}
    by = str(result.evidence["by"])
    by = "policy" if without and by != REPLACED else by
    campaign_trail.record(
        work,
        campaign,
        "unknown.resolve",
        campaign_id=campaign.id,
        attempt_id=result.attempt_id,
        by=by,
        after=state_after(result.outcome),
    )
