"""Counting what a launch would do, with the planner's own SQL, without writing a row."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery, and_, case, false, func, literal, or_, select
from sqlalchemy.orm import Session

from incidents.database.audience import in_audience
from incidents.database.population import Recipient
from incidents.database.standing import ADDRESS_INDEX, PERSON, Placing, stood


@dataclass(frozen=True, slots=True)
class Standing:
    """So many people who would stand alike.

    track     number of their track; None: nothing would be sent to them
    reads     locale of their words
    held      why they may not be sent to; empty: they may
    barred    whether they have an address for some rung that is closed to us
    envelopes that they would be in; some more where a page of placing ends
    """

    rung: int
    track: int | None
    reads: str
    variant: str
    held: str
    barred: bool
    people: int
    envelopes: int


def standings(session: Session, placing: Placing) -> list[Standing]:
    """Everybody who is to be told, as they would stand if their campaign were launched now."""
    campaign = placing.campaign
    mine = select(*PERSON, literal(-1).label("below")).where(
        Recipient.incident_id == campaign.incident_id, in_audience(campaign)
    )
    person = stood(placing, mine)
    has_address = or_(
        false(), *(person.c[ADDRESS_INDEX[rung]].is_not(None) for rung in placing.rungs)
    )
    barred = case((and_(person.c.track.is_(None), has_address), 1), else_=0).label("barred")
    key = [person.c[name] for name in ("rung", "track", "words", "held")]
    counted = select(*key, barred, func.count().label("people")).group_by(*key, barred)
    rows = session.execute(counted).all()
    shared = _at_shared_addresses(session, placing, person)
    return [_standing(placing, row, shared[row.track, row.words]) for row in rows]


def _standing(placing: Placing, row: Any, crowds: Counter[int]) -> Standing:
    reads, variant = placing.words[row.words]
    envelopes = _envelopes(placing, row.track, row.people, crowds)
    barred = bool(row.barred)
    return Standing(row.rung, row.track, reads, variant, row.held, barred, row.people, envelopes)


Shared = defaultdict[tuple[int | None, int], Counter[int]]


def _at_shared_addresses(session: Session, placing: Placing, person: Subquery) -> Shared:
    """(track, words) -> how many addresses have how many people, where more than one."""
    found: Shared = defaultdict(Counter)
    for channel, numbers in placing.shared_tracks.items():
        key = [person.c[name] for name in ("track", "words")]
        crowd = (
            select(*key, func.count().label("people"))
            .where(person.c.track.in_(numbers))
            .group_by(person.c[ADDRESS_INDEX[channel]], *key)
            .having(func.count() > 1)
            .subquery()
        )
        counted = select(crowd, func.count()).group_by(*crowd.c)
        for track, words, people, addresses in session.execute(counted):
            found[track, words][people] += addresses
    return found


def _envelopes(placing: Placing, track: int | None, people: int, shared: Counter[int]) -> int:
    """One person of an address goes in each layer of envelopes, as packing has it."""
    if track is None:
        return 0
    size = placing.tracks[track].lane.max_people
    later = [
        sum(addresses for crowd, addresses in shared.items() if crowd >= layer)
        for layer in range(2, max(shared, default=1) + 1)
    ]
    layers = [people - sum(later), *later]
    return sum(-(-some // size) for some in layers)
