"""From a lease to what goes on the wire: people unsealed, words looked up, the body made.

The only place where contact data is opened for sending. What is made here follows from the
sealed rows, the frozen words and the attempt's id alone: made again, it is the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from incidents.callbacks import CALL_PATH, STATUS_PATH
from incidents.database.campaigns import Campaign
from incidents.database.envelopes import drill_people_in, live_people_in
from incidents.database.leases import Lease
from incidents.database.notices import Notice, bodies_of
from incidents.errors import IncidentsError
from incidents.rules import vocabulary
from incidents.vault.data_keys import data_key_of
from incidents.vault.sealed import key_id_of, unseal_pairs
from incidents.work import Work
from notifiers.envelope import Channel, Envelope, Mode, Person, Words

# The field of a contact that a channel needs.
ADDRESS_FIELD = {
    "email": "email",
    "sms": "phone",
    "call": "phone",
    "push": "push_token",
    "letter": "postal_address",
}

# (envelope, recipient's bytes, what is kept of the contact)
Row = tuple[int, bytes, Any]
_KEY_BYTES = 17  # version and key id, which begin every sealed value


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
            words=words[lease.locale, lease.variant, lease.channel],
            nonce=notice.nonce,
            people=tuple(people[lease.ordinal]),
            reference=notice.reference,
            locale=lease.locale,
            callback=f"{work.settings.public_url.rstrip('/')}{_callback_path(lease.channel)}",
        )
        for lease, attempt in zip(leases, attempts, strict=True)
    ]


def people_of(
    work: Work, campaign: Campaign, leases: Sequence[Lease]
) -> Mapping[int, list[Person]]:
    """The people in these envelopes, by ordinal, always in the same order."""
    ordinals = [lease.ordinal for lease in leases]
    contacts: Iterator[Mapping[str, Any]]
    if campaign.mode == Mode.DRILL:
        rows: Sequence[Row] = drill_people_in(work.session, campaign.id, ordinals)
        contacts = (contact for _, _, contact in rows)
    else:
        rows = live_people_in(work.session, campaign.id, ordinals)
        contacts = unsealed(work, campaign, [row[1:] for row in rows])
    people: dict[int, list[Person]] = {ordinal: [] for ordinal in ordinals}
    lease_of = {lease.ordinal: lease for lease in leases}
    for ordinal, some in groupby(rows, key=itemgetter(0)):
        # Each envelope takes as many of the contacts as it has people, and leaves the rest.
        people[ordinal] = _people(lease_of[ordinal], zip(some, contacts, strict=False))
    return people


def _people(lease: Lease, opened: Iterable[tuple[Row, Mapping[str, Any]]]) -> list[Person]:
    """The people of one envelope. A million times in a campaign: nothing is looked up twice."""
    field, unnamed = ADDRESS_FIELD[lease.channel], vocabulary.unnamed(lease.locale)
    on_rung, on_paper = f".{lease.rung}", lease.channel == Channel.LETTER
    return [
        Person(
            recipient.hex() + on_rung,
            _below_name(contact) if on_paper else contact.get(field) or "",
            {"name": contact.get("name") or unnamed},
        )
        for (_, recipient, _), contact in opened
    ]


def _below_name(contact: Mapping[str, Any]) -> str:
    """The postal address; the name stands on top of it only where it is known."""
    return "\n".join(filter(None, (contact.get("name"), contact.get("postal_address"))))


def _callback_path(channel: str) -> str:
    return CALL_PATH if channel == Channel.CALL else STATUS_PATH


def person_of(ref: str) -> tuple[UUID, int] | None:
    """Recipient and rung behind a person's ref; None if it is none of ours."""
    recipient, _, rung = ref.partition(".")
    try:
        return UUID(hex=recipient), int(rung)
    except ValueError:
        return None


def readable(
    work: Work, campaign: Campaign, pairs: Sequence[tuple[bytes, bytes]]
) -> list[dict[str, Any] | None]:
    """The same as `unsealed`, with None for what cannot be opened: it spoils nobody else's."""
    try:
        return list(unsealed(work, campaign, pairs))
    except (IncidentsError, ValueError):
        return [_alone(work, campaign, pair) for pair in pairs]


def _alone(work: Work, campaign: Campaign, pair: tuple[bytes, bytes]) -> dict[str, Any] | None:
    try:
        return next(unsealed(work, campaign, [pair]))
    except (IncidentsError, ValueError):
        return None


def unsealed(
    work: Work, campaign: Campaign, pairs: Sequence[tuple[bytes, bytes]]
) -> Iterator[dict[str, Any]]:
    """What is sealed in each (recipient's bytes, sealed value), in the same order."""
    # Mostly one key; a run of rows under one key is opened together.
    for _, run in groupby(pairs, key=lambda pair: pair[1][:_KEY_BYTES]):
        some = list(run)
        texts = unseal_pairs(
            data_key_of(work.session, work.keyring, key_id_of(some[0][1])),
            table="recipient",
            field="sealed",
            incident_id=campaign.incident_id,
            pairs=some,
        )
        yield from map(orjson.loads, texts)
