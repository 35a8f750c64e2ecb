"""What each person of a drill received, made again from the rows: the same bytes, or it says so."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from incidents.database.campaigns import Campaign
from incidents.database.envelopes import accepted_attempts
from incidents.errors import NotPermitted
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.services.opening import open_envelopes
from incidents.work import Work, require
from notifiers.courier import Courier
from notifiers.tokens import personal


@dataclass(frozen=True, slots=True)
class Message:
    """One message as one person has it.

    is_proven  the whole envelope, made again, has the hash that was written down before sending
    """

    channel: str
    locale: str
    address: str
    subject: str
    text: str
    html: str
    attempt_id: UUID
    sha256: str
    is_proven: bool


def outbox(
    work: Work, campaign_id: UUID, couriers: Mapping[str, Courier], *, limit: int = 100
) -> Iterator[Message]:
    """The first `limit` messages of a drill's campaign, one envelope in memory at a time.

    couriers  those of drills
    Raises    NotPermitted for a live campaign: what real people get is revealed elsewhere
    """
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    if campaign.mode != "drill":
        raise NotPermitted("only a drill has an outbox: these messages went to real people")
    for lease, attempt in accepted_attempts(work.session, campaign.id):
        envelope = open_envelopes(work, [lease], [attempt.id])[0]
        body = couriers[lease.provider].body(envelope)
        is_proven = hashlib.sha256(body).hexdigest() == attempt.sha256
        for person in envelope.people:
            if limit <= 0:
                return
            limit -= 1
            words = personal(envelope.words, envelope.nonce, person)
            yield Message(
                channel=lease.channel,
                locale=lease.locale,
                address=person.address,
                subject=words.subject,
                text=words.text,
                html=words.html,
                attempt_id=attempt.id,
                sha256=attempt.sha256,
                is_proven=is_proven,
            )
