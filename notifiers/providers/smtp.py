"""Email over SMTP: one person a message, accepted only once the server answered its data.

RFC 5321 section 4.2: a 4yz answer is "not now", a 5yz answer is final; both say that the
message was not taken. RFC 5321 section 6.1: responsibility passes with the 250 after the
data; a connection lost after the data began leaves that open.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    OutcomeKind,
    Person,
    Receipt,
    Trouble,
    mask,
)
from notifiers.errors import Ambiguous, BadSignature, Refused, Unavailable
from notifiers.tokens import personal

Security = Literal["starttls", "tls", "none"]


class Smtp:
    """Email through a mail server.

    domain    of the Message-IDs; by default that of the sender
    security  `none` only for a server on this machine
    """

    name = "smtp"
    channel = Channel.EMAIL
    capabilities = Capabilities(
        max_people=1,
        native_key=False,
        echoes_attempt=False,
        looks_up=False,
        settle_seconds=0.0,
        live=True,
    )

    def __init__(
        self,
        host: str,
        port: int,
        *,
        from_email: str,
        from_name: str = "",
        reply_to: str = "",
        username: str = "",
        password: str = "",
        security: Security = "starttls",
        domain: str = "",
        connect_seconds: float = 5.0,
        total_seconds: float = 30.0,
    ) -> None:
        self._server = (host, port)
        self._login = (username, password) if username else None
        self._security = security
        self._sender = Address(display_name=from_name, addr_spec=from_email)
        self._reply_to = reply_to
        self._domain = domain or self._sender.domain
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def body(self, envelope: Envelope) -> bytes:
        """The message but for its Date, which is put before it as it leaves. Raises Refused."""
        if len(envelope.people) != 1:
            raise Refused(f"a message by SMTP goes to one person, not {len(envelope.people)}")
        person = envelope.people[0]
        words = personal(envelope.words, envelope.nonce, person)
        message = EmailMessage(policy=SMTP_POLICY)
        message["Message-ID"] = message_id(envelope.attempt, person.ref, self._domain)
        message["From"] = self._sender
        message["To"] = _address(person)
        message["Subject"] = words.subject
        if self._reply_to:
            message["Reply-To"] = self._reply_to
        message["Content-Language"] = envelope.locale
        # RFC 3834: keeps holiday answers from coming back.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words.text)
        message.add_alternative(words.html, subtype="html")
        message.set_boundary(f"=_{_digest(envelope.attempt, person.ref)}")
        return message.as_bytes()

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Hand the message over. Raises Unavailable, Ambiguous."""
        client = self._client(envelope.not_after)
        try:
            async with asyncio.timeout(self._total_seconds):
                await self._ready(client, envelope.people[0])
            if envelope.not_after is not None and time.monotonic() > envelope.not_after:
                raise Unavailable("out of time before sending")
            return await self._data(client, body)
        except TimeoutError as error:
            raise Unavailable("the server was too slow to take the data") from error
        finally:
            client.close()

    async def look_up(self, query: AttemptQuery) -> Finding:
        """SMTP keeps no records that one could ask."""
        return Finding(FindingKind.CANNOT_TELL, evidence="SMTP has no records to ask")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """SMTP has no webhook: whatever claims to be one is not signed by it."""
        raise BadSignature("SMTP sends no receipts over HTTP")

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    def _client(self, not_after: float | None) -> aiosmtplib.SMTP:
        left = self._connect_seconds
        if not_after is not None:
            left = min(left, not_after - time.monotonic())
        if left <= 0:
            raise Unavailable("out of time before sending")
        host, port = self._server
        return aiosmtplib.SMTP(
            hostname=host,
            port=port,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            timeout=left,
        )

    async def _ready(self, client: aiosmtplib.SMTP, person: Person) -> None:
        """All that comes before the data: whatever fails here, nothing was taken."""
        try:
            await client.connect()
            client.timeout = self._total_seconds
            if self._login:
                await client.login(*self._login)
            await client.mail(self._sender.addr_spec)
            await client.rcpt(person.address)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused) as error:
            # Our account, not this person: the message waits for whoever mends it.
            raise Unavailable(
                f"smtp {error.code}: our login or sender was refused", 60.0, Trouble.CREDENTIALS
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(
                f"not connected: {type(error).__name__}", trouble=Trouble.UNREACHABLE
            ) from error

    async def _data(self, client: aiosmtplib.SMTP, body: bytes) -> Outcome:
        try:
            date = format_datetime(datetime.now(UTC)).encode()
            response = await client.data(b"Date: " + date + b"\r\n" + body)
            return Outcome(OutcomeKind.ACCEPTED, response.code, mask(response.message))
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Ambiguous(f"no answer to the data: {type(error).__name__}") from error


def message_id(attempt: str, ref: str, domain: str) -> str:
    """The Message-ID of one person's message in one attempt: always the same, tells nothing."""
    return f"<{_digest(attempt, ref)}@{domain}>"


def _digest(attempt: str, ref: str) -> str:
    return hashlib.sha256(f"{attempt}/{ref}".encode()).hexdigest()[:32]


def _address(person: Person) -> Address:
    if not person.address.isascii():
        raise Refused(f"the address of {person.ref} needs SMTPUTF8, which few servers take")
    try:
        return Address(addr_spec=person.address)
    except (ValueError, IndexError):
        raise Refused(f"the address of {person.ref} is no address") from None


def _answered(code: int, message: str) -> Unavailable | Refused | Ambiguous:
    reason = f"smtp {code}: {mask(message)}"
    if 400 <= code < 500:
        return Unavailable(reason)
    return Refused(reason) if 500 <= code < 600 else Ambiguous(reason)
