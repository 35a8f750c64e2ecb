"""Pagers against real servers: mail, the provider fake, a place that takes chat messages."""

from __future__ import annotations

import email
import logging
import socket
import time
from collections.abc import Iterator
from email.policy import default
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from aiosmtpd.controller import Controller

from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from notifiers.paging import Contact, Page, Paged
from notifiers.paging.call import CallPager, answered, spoken
from notifiers.paging.chat import ChatPager
from notifiers.paging.sandbox import SandboxPager
from notifiers.paging.written import EmailPager, SmsPager, short_text
from tests.notifiers.conftest import Mailbox
from tests.notifiers.makers import sendgrid_at, smtp_at, twilio_at

LINK = "https://tocsin.example.com/alarm/abc"
PHONES = iter(f"+1202555{n:04}" for n in range(100, 190))


def page(**changes: Any) -> Page:
    given: dict[str, Any] = {
        "subject": "INC-2026-0042: 72 hours run out",
        "text": "GDPR Art. 33 is due in 7 hours.\n\nNobody has acknowledged <yet>.",
        "short": "INC-2026-0042: GDPR Art. 33 is due in 7 hours.",
        "link": LINK,
        "code": "4711",
    }
    return Page(**(given | changes))


@pytest.fixture
def phone() -> str:
    return next(PHONES)


class Inbox:
    def __init__(self, data: str = "250 kept") -> None:
        self.messages: list[bytes] = []
        self.data = data

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(envelope.content)
        return self.data


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    kept = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, port
    controller.stop()


def smtp_pager(port: int) -> EmailPager:
    return EmailPager(lambda: smtp_at(port, "alarm@example.com"))


def call_pager(fake: FakeProviders, **changes: Any) -> CallPager:
    given = {
        "account_sid": fake.twilio_account_sid,
        "auth_token": fake.twilio_token,
        "sender": "+15005550006",
        "base_url": fake.url,
        "total_seconds": 0.5,
    }
    return CallPager(**(given | changes))


def taken(fake: FakeProviders, phone: str) -> list[Any]:
    return [one for one in read(fake.ledger_path) if one.people[0][0] == phone]


def test_an_email_page_arrives_with_link_and_code(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    told = smtp_pager(port).page(Contact("Ann", "ann@example.com"), page())
    assert (told.channel, told.outcome) == ("email", "accepted")
    message = email.message_from_bytes(kept.messages[0], policy=default)
    assert message["Subject"] == "INC-2026-0042: 72 hours run out"
    plain, rich = (part.get_content() for part in message.iter_parts())
    assert LINK in plain
    assert "Code: 4711" in plain
    assert f'<a href="{LINK}">' in rich
    assert "&lt;yet&gt;" in rich


def test_what_a_mail_server_refuses_is_told_without_the_address(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    kept.data = "554 5.7.1 <ann@example.com> is not wanted"
    told = smtp_pager(port).page(Contact("Ann", "ann@example.com"), page())
    assert told.outcome == "refused"
    assert "ann" not in told.detail


def test_a_mail_server_that_is_away_refuses_nothing_is_lost_to_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = int(taken_port.getsockname()[1])
    told = smtp_pager(port).page(Contact("Ann", "ann@example.com"), page())
    assert told.outcome == "refused"


def test_an_email_page_goes_over_sendgrid_too(fake: FakeProviders) -> None:
    address = "paged@example.com"
    pager = EmailPager(lambda: sendgrid_at(fake))
    assert pager.page(Contact("Ann", address), page()).outcome == "accepted"
    assert fake.get(f"/ledger/people?address={address}")["people"]


def test_an_sms_page_says_how_to_acknowledge(fake: FakeProviders, phone: str) -> None:
    pager = SmsPager(lambda: twilio_at(fake))
    assert pager.page(Contact("Ann", phone=phone), page()).outcome == "accepted"
    text = taken(fake, phone)[0].more["body"]
    assert text.splitlines() == [page().short, "Reply 4711 to take care of it.", LINK]


def test_a_long_sms_is_cut_but_not_its_link() -> None:
    text = short_text(page(short="x" * 5_000))
    assert text.endswith(LINK)
    assert len(text) < 400


def test_a_call_says_it_twice_and_asks_for_a_key(fake: FakeProviders, phone: str) -> None:
    told = call_pager(fake).page(
        Contact("Ann", phone=phone), page(digits_url="https://tocsin.example.com/pressed?a=1&b=2")
    )
    assert told.outcome == "accepted"
    said = ElementTree.fromstring(taken(fake, phone)[0].more["twiml"])
    gather = said.find("Gather")
    assert gather is not None
    assert gather.attrib["action"] == "https://tocsin.example.com/pressed?a=1&b=2"
    assert gather.attrib["numDigits"] == "1"
    words = [one.text or "" for one in gather.findall("Say")]
    assert words[0] == words[1]
    assert "GDPR Art. 33 is due" in words[0]
    assert "Press 1" in words[0]


def test_the_key_of_a_call_goes_to_the_link_where_nothing_else_is_given() -> None:
    gather = ElementTree.fromstring(spoken(page())).find("Gather")
    assert gather is not None
    assert gather.attrib["action"] == LINK
    assert ElementTree.fromstring(spoken(page(link=""))).find("Gather") is None


def test_what_is_answered_to_a_key_ends_the_call() -> None:
    told = ElementTree.fromstring(answered("Thank you & good night."))
    assert [one.tag for one in told] == ["Say", "Hangup"]


@pytest.mark.parametrize(
    ("fault", "outcome", "rang"),
    [
        ("hang_before", "unknown", 0),
        ("hang_after", "unknown", 1),
        ("error_after", "unknown", 1),
        ("reset_before", "unknown", 0),
        ("too_many", "refused", 0),
    ],
)
def test_a_fault_of_twilio_is_an_answer_and_never_an_error(
    fake: FakeProviders, phone: str, fault: str, outcome: str, rang: int
) -> None:
    fake.set_faults(next=[fault], receipts=False, hang_seconds=3)
    began = time.monotonic()
    told = call_pager(fake).page(Contact("Ann", phone=phone), page())
    assert told.outcome == outcome
    assert time.monotonic() - began < 2
    assert len(taken(fake, phone)) == rang


@pytest.mark.parametrize(
    ("changes", "phone"), [({"auth_token": "wrong"}, "+12025550199"), ({}, "garbage")]
)
def test_a_call_that_twilio_refuses_is_refused(
    fake: FakeProviders, changes: dict[str, str], phone: str
) -> None:
    told = call_pager(fake, **changes).page(Contact("Ann", phone=phone), page())
    assert told.outcome == "refused"
    assert phone not in told.detail


def chat_at(mailbox: Mailbox, path: str) -> str:
    return mailbox.url.replace("http://", "json://") + path


def heard(mailbox: Mailbox) -> list[tuple[str, Any]]:
    return [(one.url.removeprefix(mailbox.url), orjson.loads(one.body)) for one in mailbox.requests]


def test_a_chat_page_reaches_a_persons_own_urls(mailbox: Mailbox) -> None:
    ann = Contact("Ann", chat=(chat_at(mailbox, "/ann"), chat_at(mailbox, "/ann2")))
    assert ChatPager().page(ann, page()).outcome == "accepted"
    assert sorted(path for path, _ in heard(mailbox)) == ["/ann", "/ann2"]
    told = heard(mailbox)[0][1]
    assert told["title"] == page().subject
    assert LINK in told["message"]


def test_the_room_of_the_house_hears_once_and_cannot_acknowledge_for_others(
    mailbox: Mailbox,
) -> None:
    pager = ChatPager([chat_at(mailbox, "/room")])
    told = [pager.page(Contact(name), page(link=f"{LINK}/{name}")) for name in ("Ann", "Bo")]
    assert [one.outcome for one in told] == ["accepted", "accepted"]
    pager.page(Contact("Ann"), page(text="another one"))
    assert [path for path, _ in heard(mailbox)] == ["/room", "/room"]
    assert LINK not in heard(mailbox)[0][1]["message"]
    assert "4711" not in heard(mailbox)[0][1]["message"]


def test_a_chat_that_refuses_is_tried_again_by_the_next_page(mailbox: Mailbox) -> None:
    mailbox.statuses[:] = [500]
    pager = ChatPager([chat_at(mailbox, "/room")])
    assert pager.page(Contact("Ann"), page()).outcome == "refused"
    assert pager.page(Contact("Ann"), page()).outcome == "accepted"


def test_a_chat_that_does_not_answer_is_unknown_and_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/x"
        began = time.monotonic()
        told = ChatPager(total_seconds=0.5).page(Contact("Ann", chat=(url,)), page())
        assert told.outcome == "unknown"
        assert time.monotonic() - began < 3


def test_a_chat_url_that_is_none_is_refused_and_stays_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        told = ChatPager().page(Contact("Ann", chat=("nonsense-secret",)), page())
    assert told.outcome == "refused"
    assert "secret" not in caplog.text
    assert "secret" not in told.detail


def test_without_an_address_nothing_is_tried(fake: FakeProviders) -> None:
    pagers = [
        EmailPager(lambda: sendgrid_at(fake)),
        SmsPager(lambda: twilio_at(fake)),
        call_pager(fake),
        ChatPager(),
    ]
    assert {one.page(Contact("Ann"), page()).outcome for one in pagers} == {"no_address"}


def test_a_drill_page_is_refused_by_all_but_the_sandbox(
    fake: FakeProviders, mailbox: Mailbox, phone: str
) -> None:
    room = chat_at(mailbox, "/room")
    ann = Contact("Ann", "ann@example.com", phone, (room,))
    pagers = [
        EmailPager(lambda: sendgrid_at(fake)),
        SmsPager(lambda: twilio_at(fake)),
        call_pager(fake),
        ChatPager([room]),
    ]
    assert {one.page(ann, page(drill=True)).outcome for one in pagers} == {"refused"}
    assert not taken(fake, phone)
    assert not mailbox.requests
    sandbox = SandboxPager()
    assert sandbox.page(ann, page(drill=True)).outcome == "accepted"
    assert sandbox.pages[0][1].drill


def test_a_contact_shows_nothing_of_itself() -> None:
    contact = Contact("Ann", "ann@example.com", "+12025550100", ("slack://secret",))
    assert repr(contact) == "Contact()"


def test_what_cannot_work_is_an_answer_too() -> None:
    def broken() -> Any:
        raise RuntimeError("no such thing")

    told = EmailPager(broken).page(Contact("Ann", "ann@example.com"), page())
    assert told == Paged("email", "unknown", "failed: RuntimeError")
