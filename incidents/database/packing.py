"""Packing people into envelopes, in SQL.

Those of one track who read the same words share envelopes, but two people at one address never
share one: all first ones at an address are packed together (layer 1), all second ones, and so on.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, Subquery, case, func, literal, select

from incidents.database.standing import ADDRESS_INDEX, Placing, chosen, first_of, stood

# What is kept of each person. Nothing else: it is written down and read again more than once.
_KEPT = ("id", "rung", "held", "track", "words")


def packed(placing: Placing, people: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """These people, each with rung, track, words, and the ordinal of their envelope if in one.

    people  PERSON and `below`, the rung that they have left
    """
    lined = _lined(placing, stood(placing, people))
    size = by_number(lined.c.track, [track.lane.max_people for track in placing.tracks])
    begins = case((lined.c.track.is_(None), 0), ((lined.c.line - 1) % size == 0, 1), else_=0)
    # In the order of the lines, so that the database sorts once.
    order = [lined.c.track, lined.c.words, lined.c.layer, lined.c.id]
    ordinal = func.sum(begins).over(order_by=order, rows=(None, 0))
    numbered = case((lined.c.track.is_not(None), ordinal + placing.campaign.envelope_count))
    return select(*(lined.c[name] for name in _KEPT), numbered.label("envelope"))


def by_number(
    number: ColumnElement[Any], values: Sequence[Any], type_: Any = None
) -> ColumnElement[Any]:
    """What the track or the words of a row have, given what each has in order."""
    first = values[0] if values else None
    return chosen(number, dict(enumerate(values)), first, type_)


def _lined(placing: Placing, person: Subquery) -> Subquery:
    """Each person with their layer, and their number among those who may share envelopes."""
    layered = _layered(placing, person)
    key = [layered.c[name] for name in ("track", "words", "layer")]
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
    address = first_of(whens, literal(None, LargeBinary)).label("address")
    row = select(*(person.c[name] for name in _KEPT), address).cte("person")
    twice = select(row.c.address).group_by(row.c.address).having(func.count() > 1)
    nth = func.row_number().over(partition_by=[row.c.address, row.c.track], order_by=row.c.id)
    among = row.c.address.in_(twice)
    again = select(row.c.id, nth.label("layer")).where(among).subquery()
    layer = case((row.c.address.is_not(None), func.coalesce(again.c.layer, 1)), else_=0)
    columns = [*(row.c[name] for name in _KEPT), layer.label("layer")]
    return select(*columns).outerjoin_from(row, again, again.c.id == row.c.id).subquery()
