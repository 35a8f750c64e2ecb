"""Where each person stands, in SQL: on their first usable rung, on one of its tracks.

The same SQL runs on SQLite and PostgreSQL.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby, product
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    true,
)

from incidents.database.campaigns import Campaign
from incidents.database.pages import Kind
from incidents.database.population import Recipient
from incidents.rules.ladder import BARRED, awaits_word
from incidents.rules.place_words import PLAIN, Slot
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
# All that is looked at to place somebody.
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
    def words(self) -> Sequence[Slot]:
        """All words that these people may get."""
        locales = sorted({self.default_locale, *self.locales.values()})
        return [*product(locales, sorted({PLAIN, *self.variants.values()}))]

    @cached_property
    def shared_tracks(self) -> Mapping[str, Sequence[int]]:
        """Channel -> the numbers of its tracks on which people share envelopes."""
        found = defaultdict(list)
        for number, track in enumerate(self.tracks):
            if track.lane.max_people > 1:
                found[track.channel].append(number)
        return found


def stood(placing: Placing, people: Select[*tuple[Any, ...]]) -> Subquery:
    """These people, each on their rung and track, with what is held against it and their words."""
    return _on_track(placing, _on_rung(placing, people))


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
        first_of([*open_rungs, *shut_rungs], len(placing.rungs)).label("rung"),
        case(
            (person.c.withheld != "", person.c.withheld),
            else_=first_of(held if shut_rungs else [], ""),
        ).label("held"),
        _words(placing, person).label("words"),
    ).subquery()


def _words(placing: Placing, person: Subquery) -> ColumnElement[int]:
    """The number of each person's words: a text for each person would cost far more."""
    places = defaultdict(list)
    for place, variant in placing.variants.items():
        places[variant].append(place)
    whens = [
        (person.c.place.in_(some), _words_of(placing, person, variant))
        for variant, some in places.items()
        if variant != PLAIN
    ]
    return first_of(whens, _words_of(placing, person, PLAIN))


def _words_of(placing: Placing, person: Subquery, variant: str) -> ColumnElement[int]:
    """The number of the words of a variant that each person reads, which it is written in."""
    default, lacks = placing.default_locale, placing.unwritten.get(variant, ())
    numbers = {
        locale: placing.words.index((default if reads in lacks else reads, variant))
        for locale, reads in placing.locales.items()
    }
    return chosen(person.c.locale, numbers, placing.words.index((default, variant)))


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
    return select(person, first_of(whens, _NONE).label("track")).subquery()


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
    nth = func.row_number().over(partition_by=first_of(whens, -1), order_by=person.c.id)
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
    nth = func.row_number().over(partition_by=first_of(whens, -1), order_by=person.c.id)
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


def _lives_in(placing: Placing, person: Subquery, places: Collection[str]) -> ColumnElement[bool]:
    return true() if places == placing.places else person.c.place.in_(sorted(places))


def first_of(whens: Sequence[tuple[ColumnElement[bool], Any]], default: Any) -> ColumnElement[Any]:
    """What the first condition that is met gives; the default where none is."""
    if not whens:
        return default if isinstance(default, ColumnElement) else literal(default)
    return case(*whens, else_=default)
