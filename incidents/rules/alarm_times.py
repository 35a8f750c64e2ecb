"""When an alarm rings: at 50, 75, 90 and 100 % of a clock, and again and again while it is open.

What has rung is remembered as the share of the clock that was heard last, never as a moment: so a
due time that moves earlier past several rungs rings at once and once, one that moves later rings
on the rungs of its new clock, and a process that slept through a rung rings when it wakes.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SHARES = (50, 75, 90, 100)
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
OWNER_WITHIN = timedelta(minutes=15)
# Rungs closer to the next one than this tell nothing new.
LEAST_GAP = timedelta(minutes=5)
_SLOWEST = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AlarmClock(NamedTuple):
    """A clock that alarms hang on.

    start, due  aware; a clock that starts when it is due, or later, rings then and not before
    every       how often it rings once it is overdue: at the full hour, or at midnight UTC, so
                that all that is overdue in one incident rings together
    """

    start: datetime
    due: datetime
    every: timedelta = HOURLY

    def rungs(self) -> list[tuple[int, datetime]]:
        """Share and moment of each rung up to the due time, which is never left out."""
        kept = [(100, self.due)]
        for share in reversed(SHARES[:-1]):
            at = self.start + (self.due - self.start) * share / 100
            if at >= self.start and kept[0][1] - at >= LEAST_GAP:
                kept.insert(0, (share, at))
        return kept

    def passed(self, now: datetime) -> int:
        """The share of the last rung that has come; 0 before the first."""
        return max((share for share, at in self.rungs() if at <= now), default=0)

    def following(self, now: datetime) -> datetime:
        """The first moment after `now` at which it rings if it is open still."""
        ahead = [at for _, at in self.rungs() if at > now]
        if ahead:
            return ahead[0]
        first = _next_full(self.due + LEAST_GAP - timedelta.resolution, self.every)
        return max(first, _next_full(now, self.every))


class Waiting(NamedTuple):
    """What an alarm waits for.

    heard    share of the clock at which it rang last; 0: it never did
    next_at  when it rings next
    """

    heard: int = 0
    next_at: datetime | None = None


def scheduled(clock: AlarmClock, before: Waiting, now: datetime) -> Waiting:
    """When to ring next, after anything about the clock may have changed.

    An alarm that is due and has not rung stays due. Whoever asks twice gets the same answer.
    """
    if before.next_at is not None and before.next_at <= now:
        return before
    passed = clock.passed(now)
    if passed > before.heard:
        return Waiting(before.heard, now)
    return Waiting(passed, clock.following(now))


def rung(clock: AlarmClock, now: datetime) -> Waiting:
    """What it waits for after it has rung now."""
    return Waiting(clock.passed(now), clock.following(now))


def is_loud(standing: str, *, is_target: bool, is_sure: bool, share: int, overdue: bool) -> bool:
    """Whether an alarm of a duty wakes people by SMS and call; a soft one writes to them.

    Loud is every rung of what the law surely asks for; and of what is not known yet the rungs at
    90 and 100 %, since then somebody must decide. Soft are targets of our own, recommendations,
    and laws that we are not sure of.

    share    of the rung that rings
    overdue  it rings again, after the rung at 100 %
    """
    if is_target or not is_sure:
        return False
    return standing == "owed" or (standing == "unknown" and share >= 90 and not overdue)


def again_after(level: int, top_level: int, step: timedelta) -> timedelta:
    """How long to wait for an acknowledgement before ringing again.

    level      of those who were woken last; beyond `top_level` there is nobody more to wake
    top_level  the last level of those on duty
    step       between two levels; once all are awake it doubles, up to an hour
    """
    rounds = min(max(level - top_level, 0), 12)
    return min(step * (1 << rounds), max(step, _SLOWEST))


def _next_full(now: datetime, every: timedelta) -> datetime:
    return _EPOCH + every * ((now - _EPOCH) // every + 1)
