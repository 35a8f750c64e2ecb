"""What a launch would take: units, money, time, and whether it ends before a duty is due. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from incidents.rules.pace import Rate

# What a provider bills for one person on a channel; an SMS is billed by its segments.
UNITS = {"email": "email", "sms": "segment", "push": "push", "call": "call", "letter": "letter"}

_PRICE = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Leg:
    """The people who would be told on one rung by one provider in the same words.

    variant    the place whose words they are; '': the plain ones
    envelopes  requests to the provider
    units      of `unit`, at the most
    cost       at the price in the settings; None: there is none
    opens_at   not before this moment, since it is night there; None: at once
    ramp_until by and by until this moment, since their mail host is a large one; None: at once
    """

    rung: int
    channel: str
    provider: str
    locale: str
    people: int
    envelopes: int
    unit: str
    units: int
    cost: Decimal | None
    opens_at: datetime | None = None
    ramp_until: datetime | None = None
    variant: str = ""


@dataclass(frozen=True, slots=True)
class RampAhead:
    """People at large mail hosts, so many of each host in the first period, then twice as many.

    is_steep  faster than is set, since a deadline comes first
    """

    people: int
    first: int
    period_seconds: float
    ends_at: datetime
    is_steep: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a launch would do now; nothing was written.

    unreached  who would be sent nothing, by why: no_address, barred (they opted out, or it
               bounced before); withheld ones by their reason, residency among them
    seconds    sending at the pace in the settings; None: no pace is set
    cost       of all legs; None where a price is missing: `unpriced` says for whom
    ends_at    by then all have been tried on their first rung, canary, nights and ramp included
    ramp       None: nobody is at a mail host that many share, or no ramp is set
    due_at     the earliest duty to tell people; None: there is none with a date
    """

    people: int
    canary_people: int
    hold_seconds: float | None
    legs: list[Leg]
    unreached: Mapping[str, int]
    currency: str
    cost: Decimal | None
    unpriced: list[str]
    seconds: float | None
    ends_at: datetime | None
    due_at: datetime | None
    ramp: RampAhead | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def in_time(self) -> bool | None:
        """Whether it ends before the duty is due; None: not known."""
        if self.ends_at is None or self.due_at is None:
            return None
        return self.ends_at <= self.due_at

    @property
    def late_by_night(self) -> int:
        """How many people's night ends after the duty is due."""
        due_at = self.due_at
        late = (leg for leg in self.legs if due_at and leg.opens_at and leg.opens_at > due_at)
        return sum(leg.people for leg in late)


@lru_cache(maxsize=8)
def prices(told: str) -> Mapping[str, Decimal]:
    """By provider, from `sendgrid=0.0009, twilio=0.0083`. Raises ValueError."""
    found = {}
    for part in (part.strip() for part in told.split(",") if part.strip()):
        provider, _, price = (one.strip() for one in part.partition("="))
        if not _PRICE.fullmatch(price):
            raise ValueError(f"{part!r} is no price such as sendgrid=0.0009")
        found[provider] = Decimal(price)
    return found


def cost_of(legs: Iterable[Leg]) -> tuple[Decimal | None, list[str]]:
    """What all legs cost, and the providers that have no price."""
    legs = list(legs)
    unpriced = sorted({leg.provider for leg in legs if leg.cost is None})
    known = sum((leg.cost for leg in legs if leg.cost is not None), Decimal(0))
    return (None if unpriced else known), unpriced


def together(legs: Iterable[Leg]) -> list[Leg]:
    """Legs that only the steps of a ramp tell apart as one, in order."""
    alike: defaultdict[tuple[Any, ...], list[Leg]] = defaultdict(list)
    for leg in legs:
        words = (leg.rung, leg.locale, leg.variant, leg.provider)
        alike[*words, leg.opens_at, leg.ramp_until is None].append(leg)
    summed = [_sum(some) for some in alike.values()]
    return sorted(summed, key=lambda leg: (leg.rung, leg.locale, leg.variant))


def _sum(some: Sequence[Leg]) -> Leg:
    costs = [leg.cost for leg in some if leg.cost is not None]
    return replace(
        some[0],
        people=sum(leg.people for leg in some),
        envelopes=sum(leg.envelopes for leg in some),
        units=sum(leg.units for leg in some),
        cost=sum(costs, Decimal(0)) if costs else None,
        ramp_until=max((leg.ramp_until for leg in some if leg.ramp_until), default=None),
    )


def sending_seconds(legs: Iterable[Leg], rates: Iterable[Rate]) -> float | None:
    """How long it takes at the paces that are set, providers side by side; None: none is set."""
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for leg in legs:
        each = {"recipients": leg.people, "messages": leg.people, "calls": leg.people}
        segments = leg.units if leg.unit == "segment" else 0
        totals[leg.provider].update({"requests": leg.envelopes, "segments": segments, **each})
    times = [totals[one.provider][one.unit] / one.per_second for one in rates]
    return max((time for time in times if time), default=None)


def ends_at(
    now: datetime, legs: Iterable[Leg], hold_seconds: float | None, seconds: float | None
) -> datetime | None:
    """When the last one has been tried on their first rung; None: only a person knows."""
    if hold_seconds is None:
        return None
    legs, begins = list(legs), now + timedelta(seconds=hold_seconds)
    opens = max((leg.opens_at for leg in legs if leg.opens_at), default=begins)
    ends = max(begins, opens) + timedelta(seconds=seconds or 0.0)
    # What a ramp spreads out is sent meanwhile, not after it.
    return max([ends, *(leg.ramp_until for leg in legs if leg.ramp_until)])


def warnings(forecast: Forecast) -> list[str]:
    """What somebody should know before they launch."""
    found = []
    told = sum(leg.people for leg in forecast.legs)
    if not told:
        found.append("nobody would be sent anything: only a public announcement reaches them")
    if held := forecast.unreached.get("residency"):
        found.append(
            f"{held:,} would be held: no provider that reaches them may serve where they live"
            " (TOCSIN_RESIDENCY)"
        )
    if forecast.in_time is False:
        found.append("it would end after the duty to tell people is due")
    if late := forecast.late_by_night:
        found.append(
            f"{late:,} wait for a morning after that: two people can have them told at night"
            " (`tocsin campaign override-quiet`)"
        )
    if forecast.hold_seconds is None and forecast.due_at:
        found.append("it waits for somebody to let the others follow, while a duty has a date")
    if forecast.unpriced:
        found.append(f"no price is set for {', '.join(forecast.unpriced)}")
    if forecast.seconds is None:
        found.append("no pace is set: it takes as long as the provider takes")
    return found
