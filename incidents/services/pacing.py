"""Whether a provider may be given anything now, how much of it, and what its answers teach.

One look in the transaction of the lease, one after the answers; where nothing is paced and
nobody is in trouble, neither writes anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog

from incidents.audit import log as audit
from incidents.database import providers as rows
from incidents.database.campaigns import Campaign
from incidents.database.leases import Lease
from incidents.database.notices import bodies_of
from incidents.database.providers import Lane, ProviderState
from incidents.rules import breaker as breakers
from incidents.rules import pace
from incidents.rules.pace import Rate
from incidents.rules.sms_words import at_worst
from incidents.work import Work
from notifiers.envelope import Outcome

log = structlog.get_logger(__name__)

Heard = tuple[Lease, Outcome]


class Gate:
    """What may leave in one transaction of leasing.

    shut  lanes of which nothing may be leased
    wait  how long until there are tokens for what was held back; None: nothing was
    """

    def __init__(self, work: Work, now: datetime) -> None:
        self._work, self._now = work, now
        self._rates = _by_provider(pace.rates(work.settings.pace))
        self._probes: set[Lane] = set()
        self.shut: set[Lane] = set()
        self.wait: timedelta | None = None
        for row in rows.in_trouble(work.session, now):
            (self._probes if self._is_due(row) else self.shut).add((row.name, row.channel))

    @property
    def probes(self) -> bool:
        """Whether some provider is to be tried again, with one small envelope."""
        return bool(self._probes)

    def through(self, found: Sequence[Lease], until: datetime) -> list[Lease]:
        """Those of these envelopes, which are held, that may be leased until `until`."""
        # Always in one order, and all providers' rows before any tokens: nobody waits in a circle.
        lanes = dict(sorted(_by_lane(found).items()))
        probed = {lane: self._held_for_probe(lane) for lane in lanes if lane in self._probes}
        wanted = {
            lane: _smallest(some, probed[lane]) if lane in probed else some
            for lane, some in lanes.items()
        }
        going = {lane: self._covered(lane, some) for lane, some in wanted.items()}
        for lane in lanes:
            row = probed.get(lane)
            if row and going[lane]:
                rows.keep_breaker(row, breakers.probing(rows.breaker_of(row), until))
            if lane in probed or not going[lane]:
                self._probes.discard(lane)
                self.shut.add(lane)
        return [one for some in going.values() for one in some]

    def _is_due(self, row: ProviderState) -> bool:
        blocked = row.blocked_until is not None and row.blocked_until > self._now
        return not blocked and row.probe_at is not None and row.probe_at <= self._now

    def _held_for_probe(self, lane: Lane) -> ProviderState | None:
        """The provider's row, unless somebody else has sent a probe meanwhile."""
        row = rows.held(self._work.session, *lane)
        return row if self._is_due(row) else None

    def _covered(self, lane: Lane, wanted: Sequence[Lease]) -> Sequence[Lease]:
        rates = self._rates.get(lane[0])
        if not rates or not wanted:
            return wanted
        session, now = self._work.session, self._now
        buckets = [pace.refilled(one, now) for one in rows.buckets(session, rates, now)]
        costs = [_cost(self._work, one, rates) for one in wanted]
        count = pace.covered(buckets, costs)
        for bucket in buckets:
            spent = sum(cost[bucket.unit] for cost in costs[:count])
            rows.keep_bucket(session, lane[0], replace(bucket, tokens=bucket.tokens - spent))
        if count == 0:
            self._wait_for(pace.wait(buckets, costs[0], now))
        return wanted[:count]

    def _wait_for(self, wait: timedelta) -> None:
        self.wait = wait if self.wait is None else min(self.wait, wait)


def learn(work: Work, heard: Iterable[Heard], now: datetime) -> None:
    """Draw from what providers answered: breakers open and close, paces slow down."""
    lanes = _by_lane(heard, lambda one: one[0])
    known = rows.known(work.session, lanes)
    slower: set[str] = set()
    for lane in sorted(lanes):
        outcomes = [outcome for _, outcome in lanes[lane]]
        calm = lane not in known or rows.breaker_of(known[lane]).at_rest
        if calm and not any(_is_telling(outcome) for outcome in outcomes):
            continue
        row = rows.held(work.session, *lane)
        _note(row, outcomes, now)
        if _told_off(row, outcomes, now):
            slower.add(row.name)
        _judge(work, row, map(_sign, outcomes), now)
    for provider in sorted(slower):
        _slow_down(work, provider, now)


def _judge(work: Work, row: ProviderState, signs: Iterable[str], now: datetime) -> None:
    before = rows.breaker_of(row)
    after = breakers.heard(before, signs, now)
    rows.keep_breaker(row, after)
    if after.state == before.state:
        return
    log.warning("breaker", provider=row.name, channel=row.channel, state=after.state)
    kind = "provider.close" if after.state == "closed" else "provider.trip"
    audit.record(work, kind, courier=row.name, channel=row.channel, why=after.reason or None)
    work.ring("campaigns.pump")


def _note(row: ProviderState, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Keep the newest error for whoever looks."""
    errors = [outcome.reason for outcome in outcomes if _is_telling(outcome)]
    if errors:
        row.last_error, row.last_error_at = errors[-1][:300], now


def _told_off(row: ProviderState, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """Whether it was too much at once: then nothing goes until it said it would listen again.

    What was on the wire while it was blocked is part of the same overload: told off once.
    """
    asked = [one.retry_after_seconds or 0.0 for one in outcomes if one.http_status == 429]
    was_blocked = row.blocked_until is not None and row.blocked_until > now
    if any(asked):
        until = now + timedelta(seconds=max(asked))
        row.blocked_until = max(until, row.blocked_until or until)
    return bool(asked) and not was_blocked


def _slow_down(work: Work, provider: str, now: datetime) -> None:
    rates = _by_provider(pace.rates(work.settings.pace)).get(provider)
    for bucket in rows.buckets(work.session, rates, now) if rates else ():
        rows.keep_bucket(work.session, provider, pace.told_off(bucket, now))


def _sign(outcome: Outcome) -> str:
    return breakers.sign(outcome.trouble, outcome.http_status, outcome.kind.value)


def _smallest(some: Sequence[Lease], row: ProviderState | None) -> Sequence[Lease]:
    """As a probe: one envelope, of few people where there is such; none if one is under way."""
    if row is None:
        return []
    return [min(some, key=lambda one: one.people_count > breakers.PROBE_PEOPLE)]


def _is_telling(outcome: Outcome) -> bool:
    return outcome.http_status == 429 or _sign(outcome) not in {"", breakers.FINE}


def _cost(work: Work, lease: Lease, rates: Sequence[Rate]) -> Mapping[str, float]:
    people = lease.people_count
    each = {"requests": 1, "recipients": people, "messages": people, "calls": people}
    if any(rate.unit == "segments" for rate in rates):
        each["segments"] = people * _segments(work, lease)
    return each


def _segments(work: Work, lease: Lease) -> int:
    """SMS of one person's message, at the worst."""
    campaign = work.session.get_one(Campaign, lease.campaign_id)
    bodies = bodies_of(work.session, campaign.approval_id)
    return most_segments(bodies[lease.locale, lease.variant, lease.channel].text)


@lru_cache(maxsize=64)
def most_segments(text: str) -> int:
    """How many SMS a text with a person's fields in it takes at the worst."""
    return at_worst(text).count


def _by_provider(rates: Iterable[Rate]) -> dict[str, list[Rate]]:
    found: dict[str, list[Rate]] = defaultdict(list)
    for rate in rates:
        found[rate.provider].append(rate)
    return found


def _by_lane(items: Iterable[Any], lease_of: Any = lambda one: one) -> dict[Lane, list[Any]]:
    found: dict[Lane, list[Any]] = defaultdict(list)
    for one in items:
        lease = lease_of(one)
        found[lease.provider, lease.channel].append(one)
    return found
