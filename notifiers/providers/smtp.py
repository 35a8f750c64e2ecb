"""Email over SMTP: one person a message, accepted only once the server answered its data.

What is known of it, and where from:
- a 4yz answer is "not now", a 5yz answer is final; both say that the message was not taken
  (RFC 5321 section 4.2.1); what the digits after it say is RFC 3463
- responsibility passes with the 250 after the data; a connection that is lost after the data
  began leaves that open (RFC 5321 section 6.1)
- nothing is echoed and nothing can be looked up: a bounce goes to the sender's mailbox
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from email.utils import format_datetime

import aiosmtplib

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    OutcomeKind,
    Receipt,
    Trouble,
    mask,
)
from notifiers.errors import Ambiguous, BadSignature, Unavailable
from notifiers.providers.dkim_signature import Dkim
from notifiers.providers.smtp_message import Letterhead, message
from notifiers.providers.smtp_pool import Pool, Server

# RFC 4954 section 6: we are not signed in as this server wants it.
SIGN_IN = {530, 534, 535, 538}
# RFC 3463 section 3.8: X.7.z is about security or policy; "relaying denied" is 5.7.1.
POLICY = re.compile(r"5\.7\.\d+")
CLOSING = 421
MEND_SECONDS = 60.0


class Smtp:
    """Email through a mail server.

    dkim  signs each message; None where the server does, which is the usual place
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

    def __init__(self, server: Server, head: Letterhead, dkim: Dkim | None = None) -> None:
        self._server, self._head, self._dkim = server, head, dkim
        self._pool = Pool(server)
        self._took_a_message = False

    def body(self, envelope: Envelope) -> bytes:
        """The message but for its Date, which is put before it as it leaves. Raises Refused."""
        return message(envelope, self._head)

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Hand the message over. Raises Unavailable, Ambiguous."""
        try:
            async with self._pool.line(envelope.not_after) as client:
                return await self._carry(client, envelope, body)
        except aiosmtplib.SMTPResponseException as error:
            # The greeting or the sign-in, as anything later is answered for in _carry.
            reason = f"smtp {error.code}: the server does not let us in"
            if error.code < 500:
                raise Unavailable(reason, trouble=Trouble.UNREACHABLE) from error
            raise Unavailable(reason, MEND_SECONDS, Trouble.CREDENTIALS) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            why = getattr(error, "verify_message", "")  # of a certificate that is not trusted
            reason = f"not connected: {type(error).__name__}{why and f': {why}'}"
            raise Unavailable(reason, trouble=Trouble.UNREACHABLE) from error

    async def look_up(self, query: AttemptQuery) -> Finding:
        """SMTP keeps no records that one could ask."""
        return Finding(FindingKind.CANNOT_TELL, evidence="SMTP has no records to ask")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """SMTP has no webhook: whatever claims to be one is not signed by it."""
        raise BadSignature("SMTP sends no receipts over HTTP")

    async def close(self) -> None:
        """Give back connections."""
        await self._pool.close()

    async def _carry(self, client: aiosmtplib.SMTP, envelope: Envelope, body: bytes) -> Outcome:
        """One message on a connection that serves more; what is raised ends the connection."""
        try:
            async with asyncio.timeout(self._server.total_seconds):
                await client.mail(self._head.sender.addr_spec)
                await client.rcpt(envelope.people[0].address)
            if envelope.not_after is not None and time.monotonic() > envelope.not_after:
                raise Unavailable("out of time before sending")
            response = await self._data(client, body)
        except aiosmtplib.SMTPResponseException as error:
            await _cleared(client, error.code)
            return self._answered(error, envelope)
        self._took_a_message = True
        return Outcome(OutcomeKind.ACCEPTED, response.code, mask(response.message))

    async def _data(self, client: aiosmtplib.SMTP, body: bytes) -> aiosmtplib.SMTPResponse:
        try:
            return await client.data(self._dated(body))
        except aiosmtplib.SMTPResponseException:
            raise
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Ambiguous(f"no answer to the data: {type(error).__name__}") from error

    def _dated(self, body: bytes) -> bytes:
        date = format_datetime(datetime.now(UTC)).encode()
        dated = b"Date: " + date + b"\r\n" + body
        return self._dkim.signed(dated) if self._dkim else dated

    def _answered(self, error: aiosmtplib.SMTPResponseException, envelope: Envelope) -> Outcome:
        """What a refusal means, and whom it is about. Its code is none of HTTP.

        Relaying denied, a sender that is not allowed: ours to mend, and everybody waits. Once
        the server has taken a message of ours, its policy is about this one person.
        """
        code, reason = error.code, f"smtp {error.code}: {mask(error.message)}"
        ours = isinstance(error, aiosmtplib.SMTPSenderRefused) or code in SIGN_IN
        policy = POLICY.match(error.message) and not self._took_a_message
        if 500 <= code < 600 and (ours or policy):
            wait, trouble = MEND_SECONDS, Trouble.CREDENTIALS
            return Outcome(OutcomeKind.RETRY, None, "", reason, wait, trouble=trouble)
        if 400 <= code < 500:
            return Outcome(OutcomeKind.RETRY, None, "", reason)
        if 500 <= code < 600:
            refs = tuple(person.ref for person in envelope.people)
            return Outcome(OutcomeKind.REFUSED, None, "", reason, None, refs)
        return Outcome(OutcomeKind.UNKNOWN, None, "", reason)


async def _cleared(client: aiosmtplib.SMTP, code: int) -> None:
    """Ready for the next message, or closed: what was answered counts either way."""
    try:
        if code == CLOSING:
            client.close()
        else:
            await client.rset(timeout=1.0)
    except (aiosmtplib.SMTPException, OSError):
        client.close()
