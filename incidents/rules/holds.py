"""Delays that the police or an authority asked for: what they cover, what they do to a clock.

A hold on one law never holds another. It counts only where the law itself knows one, and it
moves a due time only where that law says that the clock pauses; elsewhere it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hold:
    """One delay on record.

    covers   ids of what it delays: instruments (us.hipaa) or single rules (us-hipaa-404)
    since    aware UTC: from when it runs
    until    aware UTC: when it ends or was ended; None: until somebody lifts it
    written  whether there is paper; some laws let an oral request run for some days only
    text     who asked for it and by what paper, as the duty will say it
    """

    covers: frozenset[str]
    since: datetime
    until: datetime | None = None
    written: bool = True
    text: str = ""

    def runs(self, at: datetime) -> bool:
        """Whether it delays at this moment."""
        return self.since <= at and (self.until is None or at < self.until)

    def limited(self, most_days: int | None, oral_days: int | None) -> Hold:
        """The hold as long as its law lets one run."""
        days = [most_days, None if self.written else oral_days]
        ends = [self.since + timedelta(days=count) for count in days if count is not None]
        until = min([*ends, *([self.until] if self.until else [])], default=None)
        return Hold(self.covers, self.since, until, self.written, self.text)


def holds_on(holds: Iterable[Hold], instrument: str, rule: str) -> tuple[Hold, ...]:
    """Those that cover a rule, by its own id or that of its instrument; earliest first."""
    covering = (hold for hold in holds if not hold.covers.isdisjoint((instrument, rule)))
    return tuple(sorted(covering, key=lambda hold: hold.since))


def resumed(
    start: datetime, due: datetime, holds: Iterable[Hold], zone: ZoneInfo, *, whole_days: bool
) -> datetime:
    """When a clock that pauses while it is held falls due: it resumes when the hold ends.

    start, due   aware UTC; the clock as if nothing had held it
    holds        earliest first; one without an end moves nothing yet
    whole_days   the clock counts days: only whole days of the pause count, the safe reading
    """
    counted = start
    for hold in holds:
        if hold.until is None or hold.since >= due or hold.until <= counted:
            continue
        pause = hold.until - max(hold.since, counted)
        counted = hold.until
        due = _later(due, pause, zone) if whole_days else due + pause
    return due


def _later(due: datetime, pause: timedelta, zone: ZoneInfo) -> datetime:
    """So many days later, at the same time of the day in the zone."""
    moved = due.astimezone(zone).replace(tzinfo=None) + timedelta(days=pause.days)
    return moved.replace(tzinfo=zone).astimezone(due.tzinfo)
