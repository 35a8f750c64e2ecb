"""The few who are told first, so that what is wrong goes wrong for few. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.errors import InvalidInput, Problem

SHARE = 0.01
LEAST = 50
# One page of placing: of the largest populations, a smaller share says as much.
MOST = 50_000
# Bounces of mailboxes that do not exist come within minutes; so do complaints of filters.
HOLD_SECONDS = {"live": 600.0, "drill": 0.0}
LONGEST_HOLD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Canary:
    """What somebody wants of the canary.

    people        how many go first; 0: nobody, all go at once; None: 1 %, at least 50
    hold_seconds  how long their receipts are waited for; None: 10 minutes, in a drill none
    by_hand       whether only a person lets the others follow
    """

    people: int | None = None
    hold_seconds: float | None = None
    by_hand: bool = False


NO_CANARY = Canary(people=0)


@dataclass(frozen=True, slots=True)
class Few:
    """The canary of one campaign: how many go first, and how long the others wait after them.

    hold_seconds  None: until a person lets them follow
    """

    people: int = 0
    hold_seconds: float | None = 0.0

    def goes_on_at(self, now: datetime) -> datetime | None:
        """When the others follow if these have been told now."""
        return None if self.hold_seconds is None else now + timedelta(seconds=self.hold_seconds)


def few(wanted: Canary, people: int, mode: str) -> Few:
    """The canary of a campaign that tells so many people. Raises InvalidInput.

    A canary that would be everybody is none: nobody is left who would be spared.
    """
    _check(wanted)
    first = default_people(people) if wanted.people is None else wanted.people
    if not 0 < first < people:
        return Few()
    hold = HOLD_SECONDS[mode] if wanted.hold_seconds is None else wanted.hold_seconds
    return Few(first, None if wanted.by_hand else hold)


def default_people(people: int) -> int:
    """One in a hundred, at least fifty."""
    return min(max(LEAST, round(people * SHARE)), MOST)


def _check(wanted: Canary) -> None:
    if wanted.people is not None and not 0 <= wanted.people <= MOST:
        raise _bad("canary.people", "is out of bounds", f"0 to {MOST:,}; 0: all go at once")
    hold = wanted.hold_seconds or 0.0
    if not 0 <= hold <= LONGEST_HOLD.total_seconds():
        raise _bad("canary.hold", "is out of bounds", f"0 to {LONGEST_HOLD.days} days")


def _bad(field: str, why: str, mend: str) -> InvalidInput:
    return InvalidInput(f"this canary cannot be: {field} {why}", Problem(field, why, mend))
