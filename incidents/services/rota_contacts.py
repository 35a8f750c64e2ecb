"""How people on the team are reached: set by themselves or an administrator, sealed, masked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from incidents.audit import log as audit
from incidents.database import rota as rows
from incidents.database.rota import UserContact
from incidents.database.users import User
from incidents.errors import Conflict, IncidentsError, InvalidInput, NotFound, Problem
from incidents.rules.permissions import Permission
from incidents.vault.data_keys import ORGANISATION, data_key, data_key_of
from incidents.vault.masks import HIDDEN, mask_email, mask_phone
from incidents.vault.sealed import key_id_of, seal, unseal
from incidents.work import Actor, Office, Work, require, require_no_drill_token
from notifiers.paging import Contact, Page, Paged, Pager
from notifiers.paging.chat import fault_of

log = structlog.get_logger(__name__)

PURPOSE, TABLE, FIELD = "contacts", "user_contact", "sealed"
MOST_CHATS = 5
TEST_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class MaskedContact:
    """What is shown of how somebody is reached; '' for what they have not."""

    user_id: UUID
    name: str
    email: str
    phone: str
    chat: tuple[str, ...]
    updated_at: datetime | None


def set_contact(
    work: Work,
    user_id: UUID,
    email: str | None = None,
    phone: str | None = None,
    chat: Sequence[str] | None = None,
) -> MaskedContact:
    """Say how somebody is reached; what is None stays as it was, what is empty is forgotten.

    phone   international, e.g. +44 7700 900123
    chat    Apprise URLs, which are secrets
    """
    user = _allowed(work, user_id, Permission.EDIT_SELF)
    before = contact_of(work, user_id) or Contact(user.name)
    read = _read(email, phone, chat)
    after = replace(before, **read)
    row = _sealed(work, user_id, after)
    audit.record(
        work,
        "contact.set",
        subject_type="user",
        subject_id=user_id,
        changed=sorted(name for name in read if getattr(before, name) != getattr(after, name)),
        channels=channels_of(after),
        by_self=user_id == work.actor.id,
    )
    return _masked(user, after, row.updated_at)


def seen_contact(work: Work, user_id: UUID) -> MaskedContact:
    """How somebody is reached, masked."""
    user = _allowed(work, user_id, Permission.READ_SELF)
    row = work.session.get(UserContact, user_id)
    contact = contact_of(work, user_id) or Contact(user.name)
    return _masked(user, contact, row.updated_at if row else None)


def send_test_page(
    office: Office, actor: Actor, user_id: UUID, pagers: Iterable[Pager]
) -> list[Paged]:
    """Page somebody on every channel, to see that it works; once a minute at the most.

    Nothing is held open while a provider answers.
    """
    with office.work(actor) as work:
        user = _allowed(work, user_id, Permission.EDIT_SELF)
        contact = contact_of(work, user_id)
        if contact is None or not channels_of(contact):
            raise Conflict(f"nobody knows yet how {user.name} is reached: set their contact first")
        if not rows.claim_test(work.session, user_id, work.now, work.now - TEST_EVERY):
            raise Conflict("the last test page is less than a minute old: wait a little")
    told = [pager.page(contact, _trial(office, actor)) for pager in pagers]
    with office.work(actor) as work:
        audit.record(
            work,
            "contact.test",
            subject_type="user",
            subject_id=user_id,
            outcomes={f"{one.channel}.{one.outcome}": 1 for one in told},
            by_self=user_id == actor.id,
        )
    return told


def contact_of(work: Work, user_id: UUID) -> Contact | None:
    """How a user is reached, in the open; None if nobody said. For whoever pages them alone."""
    user = work.session.get(User, user_id)
    return contacts_of(work, {user_id: user.name}).get(user_id) if user else None


def contacts_of(work: Work, users: Mapping[UUID, str]) -> dict[UUID, Contact]:
    """Id -> contact of these users (id -> name), as far as they have one.

    One that does not open is left out and said in the log: the others must be woken all the same.
    """
    found = {}
    for row in rows.contacts_of(work.session, users):
        try:
            found[row.user_id] = _opened(work, row, users[row.user_id])
        except IncidentsError as error:
            log.error("a contact does not open", user=str(row.user_id), why=error.title)
    return found


def channels_of(contact: Contact) -> list[str]:
    """What somebody can be reached by: email, phone, chat."""
    return [name for name in ("email", "phone", "chat") if getattr(contact, name)]


def _allowed(work: Work, user_id: UUID, own: Permission) -> User:
    """The user, if it is the actor's own contact or the actor keeps users."""
    require(work.actor, own if user_id == work.actor.id else Permission.MANAGE_USERS)
    require_no_drill_token(work.actor)
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


def _read(email: str | None, phone: str | None, chat: Sequence[str] | None) -> dict[str, Any]:
    """What was given, in the form that is kept; every fault of it is told at once."""
    # Heavy, and only for whoever writes: the sentinel reads contacts, and must stay small.
    from incidents.rules.addresses import Unusable, read_email, read_phone  # noqa: PLC0415
    from incidents.rules.people import REASONS  # noqa: PLC0415

    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text, reader in (("email", email, read_email), ("phone", phone, read_phone)):
        if text is not None:
            try:
                read[name] = reader(text.strip()) if text.strip() else ""
            except Unusable as unusable:
                problems.append(Problem(name, REASONS[unusable.reason]))
    if chat is not None:
        read["chat"] = tuple(url.strip() for url in chat)
        problems += _faults(chat)
    if problems:
        raise InvalidInput("somebody could not be reached like that", *problems)
    return read


def _faults(chat: Sequence[str]) -> list[Problem]:
    if len(chat) > MOST_CHATS:
        return [Problem("chat", f"holds more than {MOST_CHATS} addresses")]
    faults = [fault_of(url.strip()) for url in chat]
    mend = "see https://github.com/caronc/apprise/wiki for how a chat is written"
    return [Problem(f"chat.{n}", fault, mend) for n, fault in enumerate(faults) if fault]


def _sealed(work: Work, user_id: UUID, contact: Contact) -> UserContact:
    key = data_key(work.session, work.keyring, ORGANISATION, PURPOSE)
    plain = {"email": contact.email, "phone": contact.phone, "chat": contact.chat}
    blob = seal(
        key,
        table=TABLE,
        row_id=user_id,
        field=FIELD,
        incident_id=ORGANISATION,
        plaintext=orjson.dumps(plain),
    )
    row = UserContact(user_id=user_id, sealed=blob, updated_at=work.now)
    return work.session.merge(row)


def _opened(work: Work, row: UserContact, name: str) -> Contact:
    key = data_key_of(work.session, work.keyring, key_id_of(row.sealed))
    plain = orjson.loads(
        unseal(
            key,
            table=TABLE,
            row_id=row.user_id,
            field=FIELD,
            incident_id=ORGANISATION,
            blob=row.sealed,
        )
    )
    return Contact(name, plain["email"], plain["phone"], tuple(plain["chat"]))


def _masked(user: User, contact: Contact, updated_at: datetime | None) -> MaskedContact:
    return MaskedContact(
        user.id,
        user.name,
        mask_email(contact.email) if contact.email else "",
        mask_phone(contact.phone) if contact.phone else "",
        tuple(f"{url.partition('://')[0]}://{HIDDEN}" for url in contact.chat),
        updated_at,
    )


def _trial(office: Office, actor: Actor) -> Page:
    house = office.settings.organisation_name
    return Page(
        subject=f"Tocsin of {house}: a test page",
        text=f"This is a test, asked for by {actor.name}. So would an alarm reach you."
        " There is nothing to do.",
        short=f"Tocsin of {house}: this is a test. There is nothing to do.",
        link="",
        code="",
    )
