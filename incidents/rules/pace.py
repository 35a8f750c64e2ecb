"""How fast a provider may be given what: token buckets that learn from being told off. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

UNITS = ("requests", "recipients", "messages", "segments", "calls")

# What may leave at once, in seconds of the rate. Providers forgive about a second's worth; what
# was leased together also arrives together, so the rest of that second is left for jitter.
BURST_SECONDS = 0.25
LONGEST_WAIT = timedelta(minutes=2)
SLOWEST = 1 / 64
BACK_PER_SECOND = 0.01  # ten percent of the set rate each ten seconds

_RATE = re.compile(r"(\d+(?:\.\d+)?) ([a-z]+)")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a setting allows: so many of a unit a second."""

    provider: str
    unit: str
    per_second: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """A provider's tokens of one unit.

    rate        a second, as set
    factor      the share of it in use since `factor_at`; it grows back to 1
    tokens      at `refilled_at`; below 0 after an envelope larger than the bucket
    """

    unit: str
    rate: float
    tokens: float
    refilled_at: datetime
    factor: float
    factor_at: datetime

    @property
    def size(self) -> float:
        """The most tokens it holds."""
        return max(1.0, self.rate * BURST_SECONDS)


@lru_cache(maxsize=8)
def rates(told: str) -> tuple[Rate, ...]:
    """`sendgrid=50 requests,60000 recipients; twilio=100 segments`. Raises ValueError."""
    found: dict[tuple[str, str], Rate] = {}
    for part in (part.strip() for part in told.split(";") if part.strip()):
        provider, _, numbers = part.partition("=")
        for number in numbers.split(","):
            rate = _rate(provider.strip(), number.strip())
            if (rate.provider, rate.unit) in found:
                raise ValueError(f"{rate.unit} of {rate.provider} are set twice")
            found[rate.provider, rate.unit] = rate
    return tuple(found.values())


def full(rate: Rate, now: datetime) -> Bucket:
    """The bucket of a rate that nothing has been taken from."""
    fresh = Bucket(rate.unit, rate.per_second, 0.0, now, 1.0, now)
    return replace(fresh, tokens=fresh.size)


def refilled(bucket: Bucket, now: datetime) -> Bucket:
    """The bucket as it is now.

    Who waited for it may look at an older clock than who had it before: nothing is given twice
    for the same moment. A clock that was set back by more begins anew.
    """
    if timedelta(0) < bucket.refilled_at - now < LONGEST_WAIT:
        return bucket
    seconds = max(0.0, (now - bucket.refilled_at).total_seconds())
    grown = bucket.tokens + seconds * bucket.rate * factor(bucket, now)
    return replace(bucket, tokens=min(bucket.size, grown), refilled_at=now)


def factor(bucket: Bucket, now: datetime) -> float:
    """The share of its rate that is in use."""
    seconds = max(0.0, (now - bucket.factor_at).total_seconds())
    return min(1.0, bucket.factor + seconds * BACK_PER_SECOND)


def told_off(bucket: Bucket, now: datetime) -> Bucket:
    """After a 429: half as fast, and nothing saved up."""
    slower = max(SLOWEST, factor(bucket, now) / 2)
    emptied = min(0.0, refilled(bucket, now).tokens)
    return replace(bucket, tokens=emptied, refilled_at=now, factor=slower, factor_at=now)


def covered(buckets: Sequence[Bucket], costs: Sequence[Mapping[str, float]]) -> int:
    """How many of the first of these envelopes the tokens cover.

    One that costs more than a bucket holds goes when that bucket is full, and is paid off after.
    """
    left = {bucket.unit: bucket.tokens for bucket in buckets}
    sizes = {bucket.unit: bucket.size for bucket in buckets}
    for number, cost in enumerate(costs):
        if any(left[unit] < min(cost[unit], sizes[unit]) for unit in left):
            return number
        left = {unit: tokens - cost[unit] for unit, tokens in left.items()}
    return len(costs)


def wait(buckets: Sequence[Bucket], cost: Mapping[str, float], now: datetime) -> timedelta:
    """How long until an envelope of this cost is covered."""
    seconds = [
        (min(cost[one.unit], one.size) - one.tokens) / (one.rate * factor(one, now))
        for one in buckets
    ]
    return timedelta(seconds=max([0.0, *seconds]))


def _rate(provider: str, told: str) -> Rate:
    match = _RATE.fullmatch(told)
    if match is None or not provider.isidentifier() or match[2] not in UNITS:
        raise ValueError(
            f"{provider}={told!r} is not like twilio=100 segments; units: {', '.join(UNITS)}"
        )
    if float(match[1]) <= 0:
        raise ValueError(f"{told!r} of {provider} would send nothing: leave it out, or pause")
    return Rate(provider, match[2], float(match[1]))
