"""From a lease to what goes on the wire: people unsealed, words looked up, the body made.

The only place where contact data is opened for sending. What is made here follows from the
sealed rows, the frozen words and the attempt's id alone: made again, it is the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from incidents import rendering
from incidents.database.campaigns import Campaign
from incidents.database.leases import Lease, people_in
from incidents.database.notices import Notice, bodies_of
from incidents.vault.data_keys import data_key_of
from incidents.vault.sealed import key_id_of, unseal_many
from incidents.work import Work
from notifiers.envelope import Channel, Envelope, Mode, Person, Words

# The field of a contact that a channel needs.
_ADDRESS = {"email": "email", "sms": "phone", "call": "phone", "push": "push_token"}

_KEY_BYTES = 17  # version and key id, which begin every sealed value

STATUS_PATH = "/api/v1/webhooks/twilio/status"


def open_envelopes(work: Work, leases: Sequence[Lease], attempts: Sequence[UUID]) -> list[Envelope]:
    """What each of these leases of one campaign carries; `attempts` names its call."""
    if not leases:
        return []
    campaign = work.session.get_one(Campaign, leases[0].campaign_id)
    notice = work.session.get_one(Notice, campaign.notice_id)
    words = {
        key: Words(body.subject, body.text, body.html)
        for key, body in bodies_of(work.session, campaign.approval_id).items()
    }
    people = people_of(work, campaign, leases)
    return [
        Envelope(
            id=f"{campaign.id.hex}.{lease.ordinal}",
            attempt=attempt.hex,
            mode=Mode(lease.mode),
            channel=Channel(lease.channel),
            words=words[lease.locale, lease.channel],
            nonce=notice.nonce,
            people=tuple(people[lease.ordinal]),
            reference=notice.reference,
            locale=lease.locale,
            callback=f"{work.settings.public_url.rstrip('/')}{STATUS_PATH}",
        )
        for lease, attempt in zip(leases, attempts, strict=True)
    ]


def people_of(
    work: Work, campaign: Campaign, leases: Sequence[Lease]
) -> Mapping[int, list[Person]]:
    """The people in these envelopes, by ordinal, always in the same order."""
    rows = people_in(work.session, campaign.id, [lease.ordinal for lease in leases])
    contacts = _contacts(work, campaign.incident_id, rows)
    lease_of = {lease.ordinal: lease for lease in leases}
    people: dict[int, list[Person]] = {lease.ordinal: [] for lease in leases}
    for row, contact in zip(rows, contacts, strict=True):
        lease = lease_of[row.envelope]
        name = contact.get("name") or rendering.unnamed(lease.locale)
        person = Person(
            ref=f"{row.id.hex}.{row.rung}",
            address=contact.get(_ADDRESS[lease.channel]) or "",
            fields={"name": name},
        )
        people[row.envelope].append(person)
    return people


def person_of(ref: str) -> tuple[UUID, int] | None:
    """Recipient and rung behind a person's ref; None if it is none of ours."""
    recipient, _, rung = ref.partition(".")
    try:
        return UUID(hex=recipient), int(rung)
    except ValueError:
        return None


def _contacts(work: Work, incident_id: UUID, rows: Sequence[Any]) -> Iterable[Mapping[str, Any]]:
    """Contact data of each row: a drill's stands in the open, a live person's is sealed."""
    if not rows or rows[0].mode == "drill":
        return [
            {
                "name": row.drill_name,
                "email": row.drill_email,
                "phone": row.drill_phone,
                "push_token": row.drill_push,
            }
            for row in rows
        ]
    texts: dict[UUID, bytes] = {}
    for some in _by_key(rows).values():
        key = data_key_of(work.session, work.keyring, key_id_of(some[0][1]))
        opened = unseal_many(
            key, table="recipient", field="sealed", incident_id=incident_id, rows=some
        )
        texts.update(zip((row_id for row_id, _ in some), opened, strict=True))
    return [orjson.loads(texts[row.id]) for row in rows]


def _by_key(rows: Sequence[Any]) -> Mapping[bytes, list[tuple[UUID, bytes]]]:
    """(id, sealed) of each row, by the head of the blob that names its key: mostly one."""
    groups: dict[bytes, list[tuple[UUID, bytes]]] = {}
    for row in rows:
        groups.setdefault(row.sealed[:_KEY_BYTES], []).append((row.id, row.sealed))
    return groups
