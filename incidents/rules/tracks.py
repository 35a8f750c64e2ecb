"""The tracks of a campaign: which provider on which rung may carry people of which places. Pure.

Everything that tells one track from another follows from a person's place, and of places there
are few: so the tracks can be listed, and the database only puts people on them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import gcd


@dataclass(frozen=True, slots=True)
class Lane:
    """One provider that carries a channel.

    weight      its share of the people, beside the other lanes that may serve them
    max_people  most people in one envelope
    only        the places that it may serve; None: every place
    never       the places that it may not serve: their people's data stays elsewhere
    """

    provider: str
    weight: int = 1
    max_people: int = 1
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def serves(self, place: str) -> bool:
        """Whether the data of people of a place may go to this provider."""
        return place not in self.never and (self.only is None or place in self.only)


@dataclass(frozen=True, slots=True)
class Track:
    """One provider on one rung for the people of some places, open from a moment on.

    turns, rounds  they come to it by turns: these of so many
    """

    rung: int
    channel: str
    places: frozenset[str]
    lane: Lane
    opens_at: datetime
    turns: range
    rounds: int


def tracks(
    ladder: Sequence[str],
    lanes: Mapping[str, Sequence[Lane]],
    places: Iterable[str],
    opens_at: Mapping[str, Mapping[str, datetime]],
    now: datetime,
) -> list[Track]:
    """Every track on which somebody of these places may stand.

    lanes     channel -> the providers that may carry it
    opens_at  channel -> place -> moment before which nothing may leave
    """
    known = sorted(set(places))
    return [
        track
        for rung, channel in enumerate(ladder)
        for (some, opens), where in _alike(
            lanes.get(channel, ()), known, opens_at.get(channel, {}), now
        ).items()
        for track in _side_by_side(rung, channel, frozenset(where), some, opens)
    ]


def _alike(
    lanes: Sequence[Lane], places: Iterable[str], opens_at: Mapping[str, datetime], now: datetime
) -> dict[tuple[tuple[Lane, ...], datetime], list[str]]:
    """Places by the lanes that may serve them and the moment from which they may be told."""
    alike: dict[tuple[tuple[Lane, ...], datetime], list[str]] = {}
    for place in places:
        serving = tuple(lane for lane in lanes if lane.weight > 0 and lane.serves(place))
        alike.setdefault((serving, max(now, opens_at.get(place, now))), []).append(place)
    return alike


def _side_by_side(
    rung: int, channel: str, places: frozenset[str], lanes: Sequence[Lane], opens: datetime
) -> list[Track]:
    """One track for each lane; weights 6 and 2 give it three turns of four, and one."""
    share = gcd(*(lane.weight for lane in lanes)) or 1
    rounds = sum(lane.weight for lane in lanes) // share
    ends = [sum(lane.weight for lane in lanes[: at + 1]) // share for at in range(len(lanes))]
    return [
        Track(rung, channel, places, lane, opens, range(end - lane.weight // share, end), rounds)
        for lane, end in zip(lanes, ends, strict=True)
    ]
