"""A real mail server in the test's own process."""

from __future__ import annotations

import asyncio
import email
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from notifiers.dispatch import Dispatch
from notifiers.envelope import Outcome, OutcomeKind, Words
from notifiers.errors import Refused
from notifiers.providers.smtp import Smtp
from tests.notifiers.makers import free_port, make_envelope, make_person


class Inbox:
    """Keeps what it is given; `rcpt` and `data` may answer otherwise."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 kept") -> None:
        self.messages: list[bytes] = []
        self.rcpt, self.data = rcpt, data

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data == "hang":
            await asyncio.sleep(2)
        if self.data == "drop":
            server.transport.abort()
        self.messages.append(envelope.content)
        return self.data


@contextmanager
def mail_server(inbox: Inbox) -> Iterator[Callable[..., Outcome]]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield lambda **changes: deliver(controller.port, **changes)
    finally:
        controller.stop()


def deliver(port: int, **changes: Any) -> Outcome:
    courier = Smtp(
        "127.0.0.1", port, from_email="notice@example.com", security="none", total_seconds=0.5
    )
    envelope = make_envelope(**changes)
    dispatch = Dispatch([courier])
    try:
        return dispatch.send_all([("smtp", envelope, courier.body(envelope))])[0]
    finally:
        dispatch.close()


def smtp(**changes: Any) -> Smtp:
    given = {
        "from_email": "notice@example.com",
        "from_name": "Example 调查",
        "reply_to": "dpo@example.com",
    }
    return Smtp("127.0.0.1", 25, **(given | changes))


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_message_arrives_as_it_was_approved() -> None:
    inbox = Inbox()
    words = Words(
        "关于您的数据 %%7f3a.name.t%%", "你好 %%7f3a.name.t%%\n" * 200, "<p>%%7f3a.name.h%%</p>"
    )
    with mail_server(inbox) as send:
        outcome = send(words=words, people=(make_person(fields={"name": "李 <b>"}),))
    assert (outcome.kind, outcome.http_status) == (OutcomeKind.ACCEPTED, 250)
    message = parsed(inbox.messages[0])
    assert message["Subject"] == "关于您的数据 李 <b>"
    assert message["To"] == "person0@example.com"
    assert message["Date"].datetime is not None
    plain, rich = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == "你好 李 <b>\n" * 200
    assert rich.get_content().strip() == "<p>李 &lt;b&gt;</p>"


def test_the_message_is_multipart_alternative_with_short_ascii_lines() -> None:
    body = smtp().body(make_envelope(words=Words("s", "长" * 3000, "<p>长</p>" * 500)))
    message = parsed(body)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["MIME-Version"] == "1.0"
    assert message["Reply-To"] == "dpo@example.com"
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))
    assert body.isascii()
    assert b"\n" not in body.replace(b"\r\n", b"")


def test_bytes_and_message_id_are_the_same_every_time() -> None:
    assert smtp().body(make_envelope()) == smtp().body(make_envelope())
    ids = {
        parsed(smtp().body(make_envelope(attempt=attempt)))["Message-ID"] for attempt in ("a", "b")
    }
    assert len(ids) == 2
    assert all(one.endswith("@example.com>") for one in ids)


@pytest.mark.parametrize(
    "address", ["jo@example.com\r\nBcc: x@example.com", "jö@example.com", "nobody", ""]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        smtp().body(make_envelope(make_person(address=address)))
    assert not address or address not in str(refused.value)


def test_only_one_person_sees_a_message() -> None:
    with pytest.raises(Refused, match="one person"):
        smtp().body(make_envelope(make_person(1), make_person(2)))


@pytest.mark.parametrize(
    ("inbox", "kind"),
    [
        (Inbox(rcpt="450 4.2.1 busy"), OutcomeKind.RETRY),
        (Inbox(rcpt="550 5.1.1 <person0@example.com> unknown"), OutcomeKind.REFUSED),
        (Inbox(data="451 4.3.0 later"), OutcomeKind.RETRY),
        (Inbox(data="554 5.7.1 no"), OutcomeKind.REFUSED),
        (Inbox(data="hang"), OutcomeKind.UNKNOWN),
        (Inbox(data="drop"), OutcomeKind.UNKNOWN),
    ],
    ids=["rcpt 4xx", "rcpt 5xx", "data 4xx", "data 5xx", "hang", "drop"],
)
def test_only_a_250_after_the_data_is_accepted(inbox: Inbox, kind: OutcomeKind) -> None:
    with mail_server(inbox) as send:
        outcome = send()
    assert outcome.kind is kind
    assert "person0" not in outcome.reason


def test_a_server_that_is_away_is_tried_again() -> None:
    assert deliver(free_port()).kind is OutcomeKind.RETRY


def test_what_is_too_late_is_not_sent() -> None:
    inbox = Inbox()
    with mail_server(inbox) as send:
        assert send(not_after=time.monotonic()).kind is OutcomeKind.RETRY
    assert inbox.messages == []
