"""Providers as they stand: what they carry, whether they are in trouble, how they are paced."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents.audit import log as audit
from incidents.database import providers as rows
from incidents.database.providers import Lane, ProviderState
from incidents.errors import NotFound
from incidents.rules import pace
from incidents.rules.breaker import Breaker
from incidents.rules.lanes import weights
from incidents.rules.lifecycle import BREAKER
from incidents.rules.pace import Bucket
from incidents.rules.permissions import Permission
from incidents.work import Work, require, require_no_drill_token
from notifiers.courier import Capabilities

# Attempts that are counted: what a provider does now is asked, not what it did last year.
COUNTED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PaceNow:
    """A pace as set, and the share of it in use."""

    unit: str
    per_second: float
    factor: float


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider on one channel.

    weight        its share of the channel; None: it carries nothing new
    capabilities  None: not wired in this process
    attempts      live calls of the last day, by outcome
    """

    name: str
    channel: str
    weight: int | None
    breaker: str
    reason: str
    probe_at: datetime | None
    blocked_until: datetime | None
    last_error: str
    last_error_at: datetime | None
    paces: list[PaceNow]
    attempts: dict[str, int]
    capabilities: Capabilities | None = field(default=None)


def list_all(work: Work, capabilities: Mapping[str, Capabilities]) -> list[Provider]:
    """Every provider that carries something live, or ever was in trouble.

    capabilities  by name, of those that are wired in this process
    """
    require(work.actor, Permission.READ_PROVIDER)
    require_no_drill_token(work.actor)
    weights = _weights(work)
    states = {(row.name, row.channel): row for row in rows.all_states(work.session)}
    attempts = _attempts(work)
    paces = _paces(work)
    return [
        _provider(lane, weights, states.get(lane), paces[lane[0]], attempts[lane], capabilities)
        for lane in sorted({*weights, *states}, key=lambda lane: (lane[1], lane[0]))
    ]


def reset(work: Work, name: str, channel: str) -> None:
    """Give a provider everything again, without waiting for a probe; its pace starts afresh."""
    require(work.actor, Permission.RESET_PROVIDER)
    require_no_drill_token(work.actor)
    if (name, channel) not in {*_weights(work), *rows.known(work.session, [(name, channel)])}:
        raise NotFound(f"no provider {name} carries {channel} here")
    row = rows.held(work.session, name, channel)
    before = row.breaker
    if before != BREAKER.start:
        BREAKER.after(before, "reset")
    rows.keep_breaker(row, Breaker())
    row.blocked_until = None
    _at_full_pace(work, name)
    audit.record(work, "provider.reset", courier=name, channel=channel, before=before)
    work.ring("campaigns.pump")


def _at_full_pace(work: Work, name: str) -> None:
    mine = [rate for rate in pace.rates(work.settings.pace) if rate.provider == name]
    for bucket in rows.buckets(work.session, mine, work.now) if mine else ():
        fresh = Bucket(bucket.unit, bucket.rate, bucket.tokens, bucket.refilled_at, 1.0, work.now)
        rows.keep_bucket(work.session, name, fresh)


def _weights(work: Work) -> dict[Lane, int]:
    """Who carries what live, as it is set now."""
    routes = work.office.routes.get("live", {})
    return {
        (name, channel): weight
        for channel, told in routes.items()
        for name, weight in weights(told).items()
    }


def _attempts(work: Work) -> dict[Lane, dict[str, int]]:
    found: dict[Lane, dict[str, int]] = defaultdict(dict)
    for name, channel, outcome, count in rows.attempts_by_outcome(work.session, work.now - COUNTED):
        found[name, channel][outcome or "open"] = count
    return found


def _paces(work: Work) -> dict[str, list[PaceNow]]:
    kept = {(row.provider, row.unit): row for row in rows.all_paces(work.session)}
    found: dict[str, list[PaceNow]] = defaultdict(list)
    for rate in pace.rates(work.settings.pace):
        row = kept.get((rate.provider, rate.unit))
        share = pace.factor(rows.bucket_of(row, rate), work.now) if row else 1.0
        found[rate.provider].append(PaceNow(rate.unit, rate.per_second, share))
    return found


def _provider(
    lane: Lane,
    weights: dict[Lane, int],
    row: ProviderState | None,
    paces: Iterable[PaceNow],
    attempts: dict[str, int],
    capabilities: Mapping[str, Capabilities],
) -> Provider:
    return Provider(
        name=lane[0],
        channel=lane[1],
        weight=weights.get(lane),
        breaker=row.breaker if row else BREAKER.start,
        reason=row.reason if row else "",
        probe_at=row.probe_at if row else None,
        blocked_until=row.blocked_until if row else None,
        last_error=row.last_error if row else "",
        last_error_at=row.last_error_at if row else None,
        paces=list(paces),
        attempts=attempts,
        capabilities=capabilities.get(lane[0]),
    )
