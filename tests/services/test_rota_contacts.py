"""How people on duty are reached: who may say it, what is kept of it, who sees it."""

from __future__ import annotations

import logging
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from incidents.database.audit_entries import AuditEntry
from incidents.database.rota import UserContact
from incidents.errors import Conflict, InvalidInput, NotPermitted
from incidents.rules.permissions import Role
from incidents.services import rota_contacts
from incidents.services.rota_contacts import contact_of, seen_contact, set_contact
from incidents.work import Actor, Office
from notifiers.paging import Contact, Page, Paged
from notifiers.paging.sandbox import SandboxPager
from tests.conftest import NOW
from tests.factories import TOCSIN, make_user, uuid7

ADMINISTRATOR = Actor.with_roles(uuid7(), "root", Role.ADMINISTRATOR)
REACHED = {
    "email": "ann@example.com",
    "phone": "+1 202 555 0123",
    "chat": ["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"],
}


@pytest.fixture
def ann(office: Office) -> Actor:
    with office.work(TOCSIN) as work:
        user = make_user(work, "responder", name="ann")
    return Actor.with_roles(user.id, user.name, Role.RESPONDER)


def test_a_contact_is_shown_masked_and_opened_for_the_pager_alone(office, ann):
    with office.work(ann) as work:
        shown = set_contact(work, ann.id, **REACHED)
        assert (shown.email, shown.phone) == ("a•••@e•••.com", "+•• ••• ••23")
        assert shown.chat == ("slack://•••",)
        assert shown == seen_contact(work, ann.id)
        kept = contact_of(work, ann.id)
    assert kept == Contact("ann", "ann@example.com", "+12025550123", tuple(REACHED["chat"]))


def test_what_is_not_said_stays_and_what_is_empty_is_forgotten(office, ann):
    with office.work(ann) as work:
        set_contact(work, ann.id, **REACHED)
        set_contact(work, ann.id, email="", chat=[])
        assert contact_of(work, ann.id) == Contact("ann", phone="+12025550123")


def test_neither_the_database_nor_the_trail_holds_a_contact_in_the_open(office, ann):
    with office.work(ann) as work:
        set_contact(work, ann.id, **REACHED)
        entries = work.session.scalars(select(AuditEntry.body)).all()
        sealed = work.session.get_one(UserContact, ann.id).sealed
    written = b"".join(entries) + sealed
    for secret in (b"ann@example.com", b"2025550123", b"TIiajkdn"):
        assert secret not in written
    told = orjson.loads(entries[-1])
    assert told["kind"] == "contact.set"


def test_a_sealed_contact_of_one_opens_for_no_other(office, ann):
    with office.work(ann) as work:
        set_contact(work, ann.id, **REACHED)
        other = make_user(work, "responder")
        blob = work.session.get_one(UserContact, ann.id).sealed
        work.session.add(UserContact(user_id=other.id, sealed=blob, updated_at=NOW))
        work.session.flush()
        assert contact_of(work, other.id) is None


def test_others_contacts_are_an_administrators_business(office, ann):
    with office.work(ann) as work:
        other = make_user(work, "responder")
        for act in (set_contact, seen_contact):
            with pytest.raises(NotPermitted, match="administrator"):
                act(work, other.id)
    with office.work(ADMINISTRATOR) as work:
        set_contact(work, ann.id, phone="+12025550199")
        assert contact_of(work, ann.id).phone == "+12025550199"


def test_a_test_token_sets_nothing(office, ann):
    drills_only = Actor(ann.id, "ann", ann.permissions, drills_only=True)
    with office.work(drills_only) as work, pytest.raises(NotPermitted, match="for drills"):
        set_contact(work, ann.id, **REACHED)


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        ({"email": "ann@"}, "email", "not an e-mail"),
        ({"phone": "555 0123"}, "phone", "country code"),
        ({"chat": ["hello"]}, "chat.0", "no Apprise URL"),
        ({"chat": ["json://intranet.example.com/hook"]}, "chat.0", "not the address of a chat"),
        ({"chat": ["syslog://"]}, "chat.0", "not the address of a chat"),
        ({"chat": ["ntfy://127.0.0.1/x"]}, "chat.0", "back to this machine"),
        ({"chat": ["gotify://169.254.169.254/tokentoken"]}, "chat.0", "back to this machine"),
        ({"chat": ["ntfy://localhost/x"]}, "chat.0", "back to this machine"),
        ({"chat": ["ntfy://x"] * 6}, "chat", "more than 5"),
    ],
)
def test_what_reaches_nobody_is_refused_and_not_repeated(office, ann, given, field, why):
    with office.work(ann) as work, pytest.raises(InvalidInput) as refused:
        set_contact(work, ann.id, **given)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert why in problem.why


def test_a_test_page_goes_to_every_channel_once_a_minute(office, ann, clock):
    pagers = [SandboxPager(), Broken()]
    with pytest.raises(Conflict, match="set their contact first"):
        rota_contacts.send_test_page(office, ann, ann.id, pagers)
    with office.work(ann) as work:
        set_contact(work, ann.id, **REACHED)
    told = rota_contacts.send_test_page(office, ann, ann.id, pagers)
    assert [one.outcome for one in told] == ["accepted", "unknown"]
    (contact, page) = pagers[0].pages[0]
    assert contact.email == "ann@example.com"
    assert "test" in page.subject
    assert not page.link
    with pytest.raises(Conflict, match="less than a minute"):
        rota_contacts.send_test_page(office, ann, ann.id, pagers)
    clock.set(NOW + timedelta(seconds=61))
    assert rota_contacts.send_test_page(office, ann, ann.id, pagers)


def test_the_log_of_the_sandbox_names_nobody(caplog):
    with caplog.at_level(logging.DEBUG):
        SandboxPager().page(Contact("Ann", "ann@example.com"), Page("s", "t", "x", "l", "c"))
    assert "s" in caplog.text
    assert "ann" not in caplog.text.casefold()


class Broken:
    channel = "email"

    def page(self, to: Contact, page: Page) -> Paged:
        return Paged("email", "unknown", "timed out")
