"""The tracks of a campaign: which provider on which rung may carry people of which places. Pure.

Everything that tells one track from another follows from a person's place, of which there are
few, and from their turn at a large mail host: so the tracks can be listed, and the database only
puts people on them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import gcd
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Lane:
    """One provider that carries a channel.

    weight      its share of the people, beside the other lanes that may serve them
    max_people  most people in one envelope
    never       the places that it may not serve: their people's data stays elsewhere
    """

    provider: str
    weight: int = 1
    max_people: int = 1
    never: frozenset[str] = frozenset()

    def serves(self, place: str) -> bool:
        """Whether the data of people of a place may go to this provider."""
        return place not in self.never


@dataclass(frozen=True, slots=True)
class Track:
    """One provider on one rung for the people of some places, open from a moment on.

    turns, rounds  they come to it by turns: these of so many
    host           the mail host that a ramp slows down; 0: all the others
    upto           of the host's people only those up to this one; 0: all that are left
    """

    rung: int
    channel: str
    places: frozenset[str]
    lane: Lane
    opens_at: datetime
    turns: range
    rounds: int
    host: int = 0
    upto: int = 0


# Channel -> number of a mail host -> (up to which of its people, when they may be told).
Slopes = Mapping[str, Mapping[int, Sequence[tuple[int, datetime]]]]


def tracks(
    ladder: Sequence[str],
    lanes: Mapping[str, Sequence[Lane]],
    places: Iterable[str],
    opens_at: Mapping[str, Mapping[str, datetime]],
    now: datetime,
    slopes: Slopes = MappingProxyType({}),
) -> list[Track]:
    """Every track on which somebody of these places may stand; of a host in the order of steps.

    lanes     channel -> the providers that may carry it
    opens_at  channel -> place -> moment before which nothing may leave
    slopes    the steps of each large host; the last one is for all who are left
    """
    known = sorted(set(places))
    plain = [
        track
        for rung, channel in enumerate(ladder)
        for (some, opens), where in _alike(
            lanes.get(channel, ()), known, opens_at.get(channel, {}), now
        ).items()
        for track in _side_by_side(rung, channel, frozenset(where), some, opens)
    ]
    return plain + [step for one in plain for step in _steps(one, slopes.get(one.channel, {}))]


def _steps(track: Track, hosts: Mapping[int, Sequence[tuple[int, datetime]]]) -> Iterable[Track]:
    """A track once more for each step of each large host."""
    for host, slope in hosts.items():
        for at, (upto, opens) in enumerate(slope, start=1):
            opens_at = max(track.opens_at, opens)
            yield replace(track, host=host, upto=upto if at < len(slope) else 0, opens_at=opens_at)


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
