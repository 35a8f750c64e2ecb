"""Opening the contact data of a batch of people, for whoever sends to them."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from incidents.database.population import CONTACT_FIELDS, Contact, Recipient
from incidents.vault.data_keys import data_key_of
from incidents.vault.keys import KeyRing
from incidents.vault.sealed import key_id_of, unseal_many

_NOTHING: Contact = dict.fromkeys(CONTACT_FIELDS, "") | {"fields": {}}


def contact_of(
    session: Session, keyring: KeyRing, recipients: Sequence[Recipient]
) -> list[Contact]:
    """Name and addresses of these people, in their order; '' for what they have not.

    Live rows are unsealed, rows of a drill hold theirs in the open. For the sender alone:
    nothing of it may be logged, shown or kept.
    Raises  KeyDestroyed  the retention time ended: nobody can read them any more
    """
    contacts: dict[UUID, Contact] = {}
    sealed: defaultdict[tuple[UUID, UUID], list[tuple[UUID, bytes]]] = defaultdict(list)
    for person in recipients:
        if person.sealed is None:
            contacts[person.id] = _invented(person)
        else:
            group = (key_id_of(person.sealed), person.incident_id)
            sealed[group].append((person.id, person.sealed))
    for (key_id, incident_id), rows in sealed.items():
        key = data_key_of(session, keyring, key_id)
        opened = unseal_many(
            key, table="recipient", field="sealed", incident_id=incident_id, rows=rows
        )
        for (person_id, _), contact in zip(rows, opened, strict=True):
            contacts[person_id] = _NOTHING | orjson.loads(contact)
    return [contacts[person.id] for person in recipients]


def _invented(person: Recipient) -> Contact:
    return {
        "name": person.drill_name or "",
        "email": person.drill_email or "",
        "phone": person.drill_phone or "",
        "push_token": person.drill_push or "",
        "postal_address": "",
        "fields": {},
    }
