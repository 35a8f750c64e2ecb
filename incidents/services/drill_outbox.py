"""The outbox of a drill: what each invented person would have received, made again and proved.

Nothing is kept of a message but what it follows from: the person's row, the frozen words and
the attempt's id. Made again from these, its bytes must have the hash that the attempt's row has
had since before it was sent; a message that has not is shown as not proven.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from incidents.database import drills as rows
from incidents.database.campaigns import Attempt, Delivery, Envelope
from incidents.database.drills import Drill
from incidents.database.leases import lease_of
from incidents.errors import NotFound
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.services.opening import open_envelopes
from incidents.vault.blind_index import indexer
from incidents.vault.data_keys import data_key
from incidents.work import Work, require
from notifiers.envelope import Envelope as Sealed
from notifiers.providers.sandbox import Sandbox
from notifiers.tokens import personal


@dataclass(frozen=True, slots=True)
class Message:
    """What one person would have received on one channel.

    became    what was heard of it: delivered, or failed with the reason; '' for nothing yet
    sha256    of the call that carried it, as committed before it was made
    is_proven  made again, the call has that hash
    """

    person: UUID
    name: str
    address: str
    place: str
    channel: str
    rung: int
    locale: str
    sent_at: datetime | None
    became: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    reference: str
    sha256: str
    is_proven: bool


def messages(
    work: Work,
    drill_id: UUID,
    *,
    person: int | None = None,
    channel: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Message], int]:
    """A page of the outbox, and how many messages there are.

    person  the number of an invented person, from 1, as in their ref
    """
    require(work.actor, Permission.READ_CAMPAIGN)
    drill = get_of_incident(work, Drill, drill_id, "drill")
    whose = _person(work, drill, person) if person is not None else None
    query = rows.accepted_deliveries(drill.incident_id, person=whose, channel=channel)
    page, total = rows.page_of(work.session, query, limit, offset)
    by_call = groupby(page, key=lambda row: row[2].id)
    return [message for _, group in by_call for message in _made_again(work, list(group))], total


def _person(work: Work, drill: Drill, number: int) -> UUID:
    index = indexer(data_key(work.session, work.keyring, drill.incident_id), "person")
    key = index(f"ref\0drill-{number:07d}")
    found = rows.person_with_key(work.session, drill.incident_id, key)
    if found is None:
        raise NotFound(f"person {number} is not in this drill, which has {drill.people:,} people")
    return found


def _made_again(work: Work, group: Sequence[tuple[Delivery, Envelope, Attempt]]) -> list[Message]:
    """The messages of one call: the whole call is made again, since its hash covers it."""
    _, envelope, attempt = group[0]
    sealed = open_envelopes(work, [lease_of(envelope, attempt.epoch)], [attempt.id])[0]
    found = hashlib.sha256(Sandbox().body(sealed)).hexdigest()
    wanted = {row[0].recipient_id: row[0] for row in group}
    places = rows.places_of(work.session, list(wanted))
    return [
        _message(sealed, attempt, delivery, places[recipient], is_proven=found == attempt.sha256)
        for recipient, delivery in wanted.items()
    ]


def _message(
    sealed: Sealed, attempt: Attempt, delivery: Delivery, place: str, *, is_proven: bool
) -> Message:
    ref = f"{delivery.recipient_id.hex}.{delivery.rung}"
    person = next(one for one in sealed.people if one.ref == ref)
    words = personal(sealed.words, sealed.nonce, person)
    return Message(
        person=delivery.recipient_id,
        name=person.fields["name"],
        address=person.address,
        place=place,
        channel=delivery.channel,
        rung=delivery.rung,
        locale=sealed.locale,
        sent_at=attempt.ended_at,
        became=f"{delivery.outcome} {delivery.reason}".strip(),
        subject=words.subject,
        text=words.text,
        html=words.html,
        reference=sealed.reference,
        sha256=attempt.sha256,
        is_proven=is_proven,
    )
