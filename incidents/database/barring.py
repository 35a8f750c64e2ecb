"""Closing channels of people who are known already; which people, by their incident's own hash."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from incidents.database.data_keys import DataKeyRow
from incidents.database.incidents import Incident
from incidents.database.population import Recipient
from incidents.database.sets import among
from incidents.rules.lifecycle import ENDED
from incidents.rules.suppressions import all_bits

_INDEX = {
    "email": Recipient.email_index,
    "phone": Recipient.phone_index,
    "push": Recipient.push_index,
    "post": Recipient.post_index,
}


def incidents_with_people(session: Session) -> Sequence[UUID]:
    """The open live incidents whose people can still be told apart, always in the same order."""
    living = select(DataKeyRow.incident_id).where(
        DataKeyRow.purpose == "recipients", DataKeyRow.destroyed_at.is_(None)
    )
    query = select(Incident.id).where(
        Incident.mode == "live", Incident.status.not_in(ENDED), Incident.id.in_(living)
    )
    return session.scalars(query.order_by(Incident.id)).all()


def bar(
    session: Session, incident_id: UUID, kind: str, hashes: Sequence[bytes], bits: int
) -> list[UUID]:
    """Have exactly these channels closed for the people at these addresses; whom it changed."""
    mask = all_bits(kind)
    others = Recipient.barred.bitwise_and(~mask)
    changed = (
        update(Recipient)
        .where(
            Recipient.incident_id == incident_id,
            among(session, _INDEX[kind], hashes),
            Recipient.barred.bitwise_and(mask) != bits,
        )
        .values(barred=others.bitwise_or(bits))
        .returning(Recipient.id)
    )
    return list(session.scalars(changed, execution_options={"synchronize_session": False}))
