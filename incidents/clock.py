"""What time it is: the system's clock, or a drill's own that can be set forward."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """This moment, aware UTC."""
        ...


class SystemClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        """This moment, aware UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is set: 72 hours of a drill pass in minutes."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Go to `moment`; never backwards."""
        if moment < self._now:
            raise ValueError(f"a clock does not go back: {moment} is before {self._now}")
        self._now = moment
