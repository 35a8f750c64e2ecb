"""Whose a letter is: the people of a batch, in the order in which they were printed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from incidents.database.campaigns import Attempt, Delivery
from incidents.database.sets import among

Letter = tuple[UUID, int]  # attempt, and number from 1


def people_of_letters(
    session: Session, letters: Collection[Letter]
) -> dict[Letter, tuple[UUID, int]]:
    """Recipient and rung of each of these letters; those that we never printed are left out."""
    inside = and_(Delivery.campaign_id == Attempt.campaign_id, Delivery.envelope == Attempt.ordinal)
    place = func.row_number().over(partition_by=Attempt.id, order_by=Delivery.recipient_id)
    attempts = {attempt for attempt, _ in letters}
    numbered = (
        select(Attempt.id, place.label("number"), Delivery.recipient_id, Delivery.rung)
        .join(Delivery, inside)
        .where(among(session, Attempt.id, attempts), Delivery.channel == "letter")
    )
    found = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(numbered)}
    return {letter: found[letter] for letter in letters if letter in found}
