"""SMTP against a real mail server in the test's own process: sessions, answers, what is unknown."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from notifiers.dispatch import Dispatch
from notifiers.envelope import Outcome, OutcomeKind
from notifiers.fake.certificate import certificate
from tests.notifiers.makers import free_port, make_envelope, make_person, smtp_at


class Inbox:
    """Keeps what it is given; `rcpt` and `data` may answer otherwise, for all or one address."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 kept", only: str = "@") -> None:
        self.messages: list[bytes] = []
        self.senders: list[Any] = []
        self.rcpt, self.data, self.only = rcpt, data, only

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.only in address and not self.rcpt.startswith("250"):
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data == "hang":
            await asyncio.sleep(2)
        if self.data == "drop":
            server.transport.abort()
        self.messages.append(envelope.content)
        self.senders.append(session.peer)
        return self.data


@contextmanager
def mail_server(inbox: Inbox, **more: Any) -> Iterator[int]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def office(port: int, **changes: Any) -> Iterator[Any]:
    """Sends to people by number, all at once; gives outcomes."""
    courier = smtp_at(port, **changes)
    dispatch = Dispatch([courier])

    def send(*numbers: int, **more: Any) -> list[Outcome]:
        envelopes = [make_envelope(make_person(n), **more) for n in numbers]
        return dispatch.send_all([("smtp", one, courier.body(one)) for one in envelopes])

    try:
        yield send
    finally:
        dispatch.close()


def outcome_of(inbox: Inbox, **changes: Any) -> Outcome:
    with mail_server(inbox) as port, office(port) as send:
        return send(0, **changes)[0]


@pytest.mark.parametrize(
    ("inbox", "kind"),
    [
        (Inbox(rcpt="450 4.2.1 busy"), OutcomeKind.RETRY),
        (Inbox(rcpt="550 5.1.1 <person0@example.com> unknown"), OutcomeKind.REFUSED),
        (Inbox(rcpt="550 person0@example.com"), OutcomeKind.REFUSED),
        (Inbox(rcpt="554 5.7.1 relaying denied"), OutcomeKind.RETRY),
        (Inbox(rcpt="530 5.7.0 sign in first"), OutcomeKind.RETRY),
        (Inbox(data="451 4.3.0 later"), OutcomeKind.RETRY),
        (Inbox(data="552 5.3.4 too large"), OutcomeKind.REFUSED),
        (Inbox(data="hang"), OutcomeKind.UNKNOWN),
        (Inbox(data="drop"), OutcomeKind.UNKNOWN),
    ],
    ids=lambda one: f"{one.rcpt} {one.data}" if isinstance(one, Inbox) else "",
)
def test_only_a_250_after_the_data_is_accepted(inbox: Inbox, kind: OutcomeKind) -> None:
    outcome = outcome_of(inbox)
    assert outcome.kind is kind
    assert "person0" not in outcome.reason


def test_what_is_ours_to_mend_waits_a_minute_and_greylisting_less() -> None:
    assert outcome_of(Inbox(rcpt="554 5.7.1 relaying denied")).retry_after_seconds == 60.0
    assert outcome_of(Inbox(rcpt="451 4.7.1 greylisted")).retry_after_seconds is None


@pytest.mark.parametrize(
    ("rcpt", "trouble"),
    [("550 5.1.1 unknown", ""), ("450 4.2.1 busy", ""), ("530 5.7.0 sign in", "credentials")],
)
def test_a_person_whom_the_server_does_not_know_is_no_trouble_of_the_server(
    rcpt: str, trouble: str
) -> None:
    outcome = outcome_of(Inbox(rcpt=rcpt))
    # 550 read as a status of HTTP would be a server that fails.
    assert (outcome.http_status, outcome.trouble) == (None, trouble)


def test_a_policy_is_about_one_person_once_the_server_took_a_message_of_ours() -> None:
    inbox = Inbox(rcpt="550 5.7.1 not from you", only="person7@")
    with mail_server(inbox) as port, office(port) as send:
        assert send(7)[0].kind is OutcomeKind.RETRY
        assert send(1)[0].kind is OutcomeKind.ACCEPTED
        refused = send(7)[0]
    assert refused.kind is OutcomeKind.REFUSED
    assert refused.bad_refs == (make_person(7).ref,)


def test_a_server_that_is_away_is_tried_again() -> None:
    with office(free_port()) as send:
        assert send(0)[0].kind is OutcomeKind.RETRY


def test_what_is_too_late_is_not_sent() -> None:
    inbox = Inbox()
    assert outcome_of(inbox, not_after=time.monotonic()).kind is OutcomeKind.RETRY
    assert inbox.messages == []


# --- connections


def test_one_connection_carries_many_messages_also_after_a_refusal() -> None:
    inbox = Inbox(rcpt="550 5.1.1 unknown", only="person2@")
    with mail_server(inbox) as port, office(port, connections=1) as send:
        kinds = [one.kind for one in send(*range(5))]
    assert kinds.count(OutcomeKind.ACCEPTED) == 4
    assert kinds[2] is OutcomeKind.REFUSED
    assert len(set(inbox.senders)) == 1


def test_a_connection_is_made_anew_after_so_many_messages() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port, office(port, connections=1, messages_each=3) as send:
        assert {one.kind for one in send(*range(7))} == {OutcomeKind.ACCEPTED}
    assert [
        len([s for s in inbox.senders if s == one]) for one in dict.fromkeys(inbox.senders)
    ] == [
        3,
        3,
        1,
    ]


def test_no_more_connections_than_are_set_are_open_at_once() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port, office(port, connections=4, total_seconds=10) as send:
        assert {one.kind for one in send(*range(60))} == {OutcomeKind.ACCEPTED}
    assert 1 < len(set(inbox.senders)) <= 4
    assert len(set(inbox.messages)) == 60


def test_a_server_that_hung_up_while_idle_is_dialled_again() -> None:
    inbox, port = Inbox(), free_port()
    with office(port, connections=1) as send:
        for _ in range(2):
            controller = Controller(inbox, hostname="127.0.0.1", port=port)
            controller.start()
            assert send(0)[0].kind is OutcomeKind.ACCEPTED
            controller.stop()
            time.sleep(0.1)
    assert len(inbox.messages) == 2


def test_a_connection_that_was_idle_for_long_is_not_trusted() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port, office(port, idle_seconds=0.05) as send:
        send(0)
        time.sleep(0.1)
        send(1)
    assert len(set(inbox.senders)) == 2


def test_a_connection_whose_message_is_unknown_carries_no_other() -> None:
    inbox = Inbox(data="hang")
    with mail_server(inbox) as port, office(port, connections=1) as send:
        assert send(0)[0].kind is OutcomeKind.UNKNOWN
        inbox.data = "250 kept"
        assert send(1)[0].kind is OutcomeKind.ACCEPTED


# --- signing in, and encryption


@pytest.mark.parametrize(
    ("password", "kind"), [("right", OutcomeKind.ACCEPTED), ("wrong", OutcomeKind.RETRY)]
)
def test_a_wrong_password_waits_for_whoever_mends_it(password: str, kind: OutcomeKind) -> None:
    def authenticate(*given: Any) -> AuthResult:
        login = given[-1]
        right = isinstance(login, LoginPassword) and login.password == b"right"
        return AuthResult(success=right, handled=False)

    more = {"authenticator": authenticate, "auth_require_tls": False}
    with (
        mail_server(Inbox(), **more) as port,
        office(port, username="tocsin", password=password, total_seconds=3) as send,
    ):
        outcome = send(0)[0]
    assert outcome.kind is kind
    assert "wrong" not in outcome.reason


@pytest.mark.parametrize("trusted", [True, False])
def test_starttls_takes_only_a_certificate_that_is_trusted(trusted: bool, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    inbox = Inbox()
    changes = {"security": "starttls", "total_seconds": 3, "ca_file": str(file) if trusted else ""}
    with mail_server(inbox, tls_context=context) as port, office(port, **changes) as send:
        outcome = send(0)[0]
    assert outcome.kind is (OutcomeKind.ACCEPTED if trusted else OutcomeKind.RETRY)
    assert len(inbox.messages) == trusted
    assert ("self-signed certificate" in outcome.reason) is not trusted


def test_a_server_without_starttls_is_told_nothing() -> None:
    inbox = Inbox()
    with mail_server(inbox) as port, office(port, security="starttls") as send:
        assert send(0)[0].kind is OutcomeKind.RETRY
    assert inbox.messages == []
