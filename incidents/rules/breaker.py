"""When to stop handing envelopes to a provider, and when to try it again. Pure.

closed → open      five calls in a row that did not even connect; or more than half of the
                   last fifty in trouble; or our own account refused
open → half open   after a pause one small envelope goes, as a probe
half open          what becomes of the probe closes it, or opens it for twice as long
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from incidents.rules.lifecycle import BREAKER

# What one call said of its provider, one letter each, as kept in a row.
FINE, UNREACHABLE, FAILING, CREDENTIALS = ".", "c", "f", "k"
REASONS = {UNREACHABLE: "unreachable", FAILING: "failing", CREDENTIALS: "credentials"}

MOST_IN_A_ROW = 5
WINDOW = 50
FEWEST = 10  # fewer calls than this say nothing of a share
PROBE_PEOPLE = 10

# How often it must have opened before what waits is handed to others: a blip of seconds, or a
# key that somebody is just mending, must not take a million shared envelopes apart.
GIVEN_UP = {UNREACHABLE: 2, FAILING: 2, CREDENTIALS: 10}

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Breaker:
    """A provider's breaker on a channel.

    recent    what the last calls said, newest last
    trips     openings since it was closed last
    probe_at  open: when a probe may go; half open: when the probe counts as lost
    """

    state: str = BREAKER.start
    reason: str = ""
    recent: str = ""
    trips: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None

    @property
    def at_rest(self) -> bool:
        """Whether nothing needs to be remembered of it."""
        return self.state == BREAKER.start and not self.recent.strip(FINE)


def is_given_up(breaker: Breaker) -> bool:
    """Whether others should carry what waits for this provider: probes have failed, too."""
    letters = {reason: letter for letter, reason in REASONS.items()}
    most = GIVEN_UP.get(letters.get(breaker.reason, ""))
    return breaker.state != BREAKER.start and most is not None and breaker.trips >= most


def sign(trouble: str, http_status: int | None, kind: str) -> str:
    """What one call said of its provider, '' where it said nothing.

    trouble  as its courier named it, '' if it did not
    kind     accepted | retry | refused | split | unknown
    """
    named = {reason: letter for letter, reason in REASONS.items()}
    if trouble:
        return named.get(trouble, "")
    if http_status in {401, 403} and kind == "retry":
        return CREDENTIALS
    if http_status is not None and http_status >= 500:
        return FAILING
    # Too many at once is a matter of pace; no status at all, of our own process.
    if http_status == 429 or kind in {"retry", "unknown"}:
        return ""
    return FINE


def heard(breaker: Breaker, signs: Iterable[str], now: datetime) -> Breaker:
    """The breaker after calls that said this, oldest first."""
    new = "".join(signs)
    known = replace(breaker, recent=(breaker.recent + new)[-WINDOW:])
    if not new or breaker.state == "open":
        return known  # what was under way when it opened: the probe decides
    if breaker.state == "half_open":
        if FINE in new:
            return Breaker(state=BREAKER.after(breaker.state, "close"))
        return tripped(known, REASONS[new[-1]], now)
    why = CREDENTIALS if CREDENTIALS in new else _why(known.recent)
    return tripped(known, REASONS[why], now) if why else known


def tripped(breaker: Breaker, reason: str, now: datetime) -> Breaker:
    """Opened: nothing goes until a probe may."""
    trips = breaker.trips + 1
    return replace(
        breaker,
        state=BREAKER.after(breaker.state, "trip"),
        reason=reason,
        trips=trips,
        opened_at=breaker.opened_at or now,
        probe_at=now + pause(trips, reason),
    )


def probing(breaker: Breaker, lost_at: datetime) -> Breaker:
    """A probe is on its way; another may go if nothing is heard of it until `lost_at`."""
    return replace(breaker, state=BREAKER.after(breaker.state, "probe"), probe_at=lost_at)


def pause(trips: int, reason: str) -> timedelta:
    """How long to leave a provider alone: a minute where somebody must mend our account."""
    if reason == REASONS[CREDENTIALS]:
        return LONGEST_PAUSE
    return min(FIRST_PAUSE * (1 << min(trips - 1, 10)), LONGEST_PAUSE)


def _why(recent: str) -> str:
    """The sign that opens a breaker, '' if none."""
    if recent.endswith(UNREACHABLE * MOST_IN_A_ROW):
        return UNREACHABLE
    bad = sum(1 for one in recent if one != FINE)
    return FAILING if len(recent) >= FEWEST and bad * 2 > len(recent) else ""
