"""Packing people into envelopes, in SQL: each on their first usable rung, on one of its tracks.

Those of one track who read the same words share envelopes, but two people at one address never
share one: all first ones at an address are packed together (layer 1), all second ones, and so on.
The same SQL runs on SQLite and PostgreSQL.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from incidents.database.campaigns import Campaign
from incidents.database.pages import Kind
from incidents.database.population import Recipient
from incidents.rules.ladder import BARRED, awaits_word
from incidents.rules.tracks import Lane, Slopes, Track, tracks

# The column that says whether a person can be reached on a channel.
ADDRESS_INDEX = {
    "email": "email_index",
    "sms": "phone_index",
    "call": "phone_index",
    "push": "push_index",
    "letter": "post_index",
}
RESIDENCY = "residency"
# All that packing looks at.
PERSON = (
    Recipient.id,
    Recipient.locale,
    Recipient.place,
    Recipient.mail_host,
    Recipient.barred,
    Recipient.withheld,
    Recipient.email_index,
    Recipient.phone_index,
    Recipient.push_index,
    Recipient.post_index,
)
_WORDS = ("reads", "variant")
_NONE = literal(None, Integer())


@dataclass(frozen=True)
class Placing:
    """How people are placed; all that the SQL is told.

    kinds     the locales and places of the people
    lanes     channel -> the providers that may carry it
    locales   person's locale -> locale of the words they get; others get `default_locale`
    variants  place -> variant of the words; others get the plain ones
    unwritten variant -> locales that it is not written in: `default_locale` stands in for them
    opens_at  channel -> place -> moment before which nothing may leave
    slopes    steps of mail hosts that a ramp slows down, for as many people as may be placed
    placed    number of such a host -> how many of its people have been placed so far
    """

    campaign: Campaign
    kinds: Collection[Kind]
    lanes: Mapping[str, Sequence[Lane]]
    locales: Mapping[str, str]
    default_locale: str
    variants: Mapping[str, str]
    unwritten: Mapping[str, Collection[str]]
    opens_at: Mapping[str, Mapping[str, datetime]]
    now: datetime
    slopes: Slopes
    placed: Mapping[int, int]

    @cached_property
    def places(self) -> frozenset[str]:
        """Where the people live."""
        return frozenset(place for _, place in self.kinds)

    @cached_property
    def rungs(self) -> Sequence[str]:
        """The channels that need an address; the announcement, which comes last, needs none."""
        return self.campaign.ladder[:-1]

    def awaits(self, track: Track) -> bool:
        """Whether silence on a track will come to mean something."""
        return awaits_word(self.campaign.waits, self.campaign.ladder, track.rung)

    @cached_property
    def tracks(self) -> Sequence[Track]:
        """The tracks on which these people may stand."""
        return tracks(self.rungs, self.lanes, self.places, self.opens_at, self.now, self.slopes)

    @cached_property
    def shared_tracks(self) -> Mapping[str, Sequence[int]]:
        """Channel -> the numbers of its tracks on which people share envelopes."""
        found = defaultdict(list)
        for number, track in enumerate(self.tracks):
            if track.lane.max_people > 1:
                found[track.channel].append(number)
        return found


def packed(placing: Placing, people: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """These people, each with rung, track, words, and the ordinal of their envelope if in one.

    people  PERSON and `below`, the rung that they have left
    """
    lined = _lined(placing, stood(placing, people))
    size = by_track(lined.c.track, [track.lane.max_people for track in placing.tracks])
    begins = case((lined.c.track.is_(None), 0), ((lined.c.line - 1) % size == 0, 1), else_=0)
    # In the order of the lines, so that the database sorts once.
    order = [lined.c.track, lined.c.reads, lined.c.variant, lined.c.layer, lined.c.id]
    ordinal = func.sum(begins).over(order_by=order, rows=(None, 0))
    numbered = case((lined.c.track.is_not(None), ordinal + placing.campaign.envelope_count))
    kept = ("id", "rung", "withheld", "track", *_WORDS)
    return select(*(lined.c[name] for name in kept), numbered.label("envelope"))


def stood(placing: Placing, people: Select[*tuple[Any, ...]]) -> Subquery:
    """These people, each on their rung and track, with what is held against it and their words."""
    return _on_track(placing, _on_rung(placing, people))


def by_track(
    track: ColumnElement[Any], values: Sequence[Any], type_: Any = None
) -> ColumnElement[Any]:
    """What the track of a row has, given what each has in order."""
    first = values[0] if values else None
    return chosen(track, dict(enumerate(values)), first, type_)


def chosen(
    column: ColumnElement[Any], values: Mapping[Any, Any], default: Any, type_: Any = None
) -> ColumnElement[Any]:
    """What a mapping gives for a column's value; the default for what is not in it."""
    keys = defaultdict(list)
    for key, value in values.items():
        if value != default:
            keys[value].append(key)
    whens = [(column.in_(some), literal(value, type_)) for value, some in keys.items()]
    return case(*whens, else_=literal(default, type_)) if whens else literal(default, type_)


def _on_rung(placing: Placing, people: Select[*tuple[Any, ...]]) -> Subquery:
    """Each person with the first rung that reaches them.

    Whom only providers reach that may not serve their place is withheld, on the first such rung.
    """
    # Who came from a new place since the places were listed has their turn another time.
    person = people.where(Recipient.place.in_(sorted(placing.places))).subquery()
    open_rungs: list[tuple[ColumnElement[bool], int]] = []
    shut_rungs: list[tuple[ColumnElement[bool], int]] = []
    for rung, channel in enumerate(placing.rungs):
        usable = and_(
            person.c.below < rung,
            person.c[ADDRESS_INDEX[channel]].is_not(None),
            person.c.barred.bitwise_and(BARRED[channel]) == 0,
        )
        served = frozenset[str]().union(*(t.places for t in placing.tracks if t.rung == rung))
        open_rungs.append((and_(usable, _lives_in(placing, person, served)), rung))
        if served != placing.places:
            shut_rungs.append((usable, rung))
    held = [(usable, "") for usable, _ in open_rungs] + [(yes, RESIDENCY) for yes, _ in shut_rungs]
    return select(
        person,
        _first([*open_rungs, *shut_rungs], len(placing.rungs)).label("rung"),
        case(
            (person.c.withheld != "", person.c.withheld),
            else_=_first(held if shut_rungs else [], ""),
        ).label("held"),
        _reads(placing, person).label("reads"),
        chosen(person.c.place, placing.variants, "").label("variant"),
    ).subquery()


def _reads(placing: Placing, person: Subquery) -> ColumnElement[str]:
    """The locale of each person's words, which the words for their place are written in."""
    default = placing.default_locale
    reads = chosen(person.c.locale, placing.locales, default)
    variant = chosen(person.c.place, placing.variants, "")
    lacks = [and_(variant == one, reads.in_(some)) for one, some in placing.unwritten.items()]
    return case((or_(*lacks), default), else_=reads) if lacks else reads


def _on_track(placing: Placing, person: Subquery) -> Subquery:
    """Each person on the track of their rung and place whose turn it is; none if not sent to."""
    person = _at_host(placing, _by_turns(placing, person))
    whens = [
        (
            and_(
                person.c.held == "",
                person.c.rung == track.rung,
                _lives_in(placing, person, track.places),
                _is_turn(person, track),
                _is_at_host(placing, person, track),
            ),
            _by_step(person, steps),
        )
        for steps in _stepped(placing.tracks)
        for _, track in steps[:1]
    ]
    return select(person, _first(whens, _NONE).label("track")).subquery()


def _by_turns(placing: Placing, person: Subquery) -> Subquery:
    """Each person with a number in their own place and rung, where providers take turns.

    Counted on from the envelopes so far: who moves up alone is not always the first one's.
    """
    where = {(t.rung, t.places) for t in placing.tracks if t.rounds > 1}
    if not where:
        return person
    whens = [
        (and_(person.c.rung == rung, _lives_in(placing, person, places)), number)
        for number, (rung, places) in enumerate(sorted(where, key=lambda one: sorted(one[1])))
    ]
    nth = func.row_number().over(partition_by=_first(whens, -1), order_by=person.c.id)
    return select(person, (nth + placing.campaign.envelope_count).label("nth")).subquery()


def _is_turn(person: Subquery, track: Track) -> ColumnElement[bool]:
    if track.rounds == 1:
        return true()
    return (person.c.nth % track.rounds).between(track.turns.start, track.turns.stop - 1)


def _at_host(placing: Placing, person: Subquery) -> Subquery:
    """Each person with their number among those of their mail host, if a ramp slows it down."""
    if not placing.slopes:
        return person
    whens = [
        (and_(person.c.held == "", person.c.rung == rung, person.c.mail_host == host), host)
        for rung, channel in enumerate(placing.rungs)
        for host in placing.slopes.get(channel, ())
    ]
    nth = func.row_number().over(partition_by=_first(whens, -1), order_by=person.c.id)
    before = chosen(person.c.mail_host, placing.placed, 0)
    return select(person, (nth + before).label("nth_at_host")).subquery()


def _is_at_host(placing: Placing, person: Subquery, track: Track) -> ColumnElement[bool]:
    if not (hosts := placing.slopes.get(track.channel)):
        return true()
    return person.c.mail_host == track.host if track.host else person.c.mail_host.not_in(hosts)


def _stepped(tracks: Sequence[Track]) -> Iterator[list[tuple[int, Track]]]:
    """Tracks with their numbers; those that differ only by the step of a ramp together."""
    alike = attrgetter("rung", "places", "lane", "turns", "host")
    for _, steps in groupby(enumerate(tracks), key=lambda one: alike(one[1])):
        yield list(steps)


def _by_step(person: Subquery, steps: Sequence[tuple[int, Track]]) -> ColumnElement[int]:
    """The number of the track of a person's step, halved until it is found: there are many."""
    if len(steps) == 1:
        return literal(steps[0][0])
    half = len(steps) // 2
    is_before = person.c.nth_at_host <= steps[half - 1][1].upto
    return case((is_before, _by_step(person, steps[:half])), else_=_by_step(person, steps[half:]))


def _lined(placing: Placing, person: Subquery) -> Subquery:
    """Each person with their layer, and their number among those who may share envelopes."""
    layered = _layered(placing, person)
    key = [layered.c[name] for name in ("track", *_WORDS, "layer")]
    line = func.row_number().over(partition_by=key, order_by=layered.c.id)
    return select(layered, line.label("line")).subquery()


def _layered(placing: Placing, person: Subquery) -> Subquery:
    """Each person with their layer; 0 on tracks where nobody shares an envelope.

    Addresses that occur twice are few, and looked for first: so everybody else stays in the
    order in which they were read, and is not sorted by address and back again.
    """
    whens = [
        (person.c.track.in_(numbers), person.c[ADDRESS_INDEX[channel]])
        for channel, numbers in placing.shared_tracks.items()
    ]
    row = select(person, _first(whens, literal(None, LargeBinary)).label("address")).cte("person")
    twice = select(row.c.address).group_by(row.c.address).having(func.count() > 1)
    nth = func.row_number().over(partition_by=[row.c.address, row.c.track], order_by=row.c.id)
    among = row.c.address.in_(twice)
    again = select(row.c.id, nth.label("layer")).where(among).subquery()
    layer = case((row.c.address.is_not(None), func.coalesce(again.c.layer, 1)), else_=0)
    kept = ("id", "rung", "track", *_WORDS)
    columns = [*(row.c[name] for name in kept), row.c.held.label("withheld"), layer.label("layer")]
    return select(*columns).outerjoin_from(row, again, again.c.id == row.c.id).subquery()


def _lives_in(placing: Placing, person: Subquery, places: Collection[str]) -> ColumnElement[bool]:
    return true() if places == placing.places else person.c.place.in_(sorted(places))


def _first(whens: Sequence[tuple[ColumnElement[bool], Any]], default: Any) -> ColumnElement[Any]:
    if not whens:
        return default if isinstance(default, ColumnElement) else literal(default)
    return case(*whens, else_=default)
