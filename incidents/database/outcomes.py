"""What became of attempts, written down in sets, under the epochs in which they were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from incidents.database.leases import ATTEMPT, ENVELOPE_TABLE, Lease, by_campaign, standing_of
from incidents.database.sets import update_all
from incidents.rules.lifecycle import ENVELOPE


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt.

    outcome   as in Attempt; or held: a person must decide; or given_up: the next channel is tried
    next_at   when it is sent again, or looked up first
    bad_refs  the people who made it fail, where the provider named them
    """

    attempt_id: UUID
    campaign_id: UUID
    ordinal: int
    epoch: int
    outcome: str
    next_at: datetime
    http_status: int | None = None
    provider_ref: str = ""
    reason: str = ""
    sha256: str = ""
    bad_refs: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)


def result_of(
    lease: Lease, attempt_id: UUID, outcome: str, next_at: datetime, **more: Any
) -> Result:
    """What became of the attempt that was made under a lease."""
    return Result(
        attempt_id, lease.campaign_id, lease.ordinal, lease.epoch, outcome, next_at, **more
    )


# A held envelope's attempt stays what it is; what was given up never had evidence.
_ATTEMPT_OUTCOME = {"held": "unknown", "given_up": "unresolved"}
# What an outcome makes of an envelope, as its state table names it.
ACTION = {
    "accepted": "accept",
    "retry": "retry",
    "unresolved": "retry",
    "given_up": "give_up",
    "refused": "refuse",
    "split": "split",
    "unknown": "lose",
    "held": "hold",
}


def record(session: Session, results: Sequence[Result], now: datetime) -> list[Result]:
    """Write what became of attempts; gives the results that counted.

    A result under an older epoch, or that the state table has no arrow for (a receipt was
    faster), changes nothing.
    """
    counted: list[Result] = []
    for campaign_id, some in by_campaign(results, lambda one: one.campaign_id):
        standing = standing_of(session, campaign_id, [one.ordinal for one in some])
        valid = [one for one in some if _counts(one, standing.get(one.ordinal))]
        counted += valid
        if valid:
            update_all(session, ATTEMPT, ["id"], [_attempt_end(one, now) for one in valid])
            moves = [_envelope_move(one) for one in valid]
            update_all(session, ENVELOPE_TABLE, ["campaign_id", "ordinal"], moves)
    return counted


def _counts(result: Result, standing: tuple[int, str] | None) -> bool:
    if standing is None or standing[0] != result.epoch:
        return False
    return (standing[1], ACTION[result.outcome]) in ENVELOPE.arrows


def _attempt_end(result: Result, now: datetime) -> dict[str, Any]:
    return {
        "id": result.attempt_id,
        "outcome": _ATTEMPT_OUTCOME.get(result.outcome, result.outcome),
        "ended_at": now,
        "http_status": result.http_status,
        "provider_ref": result.provider_ref[:200],
        "reason": result.reason[:300],
        "evidence": dict(result.evidence),
    }


def state_after(outcome: str) -> str:
    """The state of an envelope after an attempt with this outcome."""
    action = ACTION[outcome]
    return next(after for (_, name), after in ENVELOPE.arrows.items() if name == action)


def _envelope_move(result: Result) -> dict[str, Any]:
    return {
        "campaign_id": result.campaign_id,
        "ordinal": result.ordinal,
        "state": state_after(result.outcome),
        "next_at": result.next_at,
        "reason": result.reason[:300],
        "lease_until": None,
    }
