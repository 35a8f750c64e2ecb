"""Pages that ring: a call by Twilio, whose words are said twice and whose key acknowledges.

What is known of it, and where from:
- Calls takes the words as TwiML of at most 4,000 characters, so that nothing needs to be fetched
  from us while we may be down: https://www.twilio.com/docs/voice/api/call-resource#twiml
- `Gather` posts the pressed key to its action, signed as every callback is, and says what that
  answers: https://www.twilio.com/docs/voice/twiml/gather
- Calls has no idempotency key; a 5xx may ring all the same
"""

from __future__ import annotations

from functools import partial
from typing import Any

from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

from notifiers.envelope import Outcome
from notifiers.paging import Contact, Page, Paged
from notifiers.paging.calm import paged
from notifiers.paging.written import MOST_SHORT
from notifiers.providers.twilio_account import TwilioAccount, classify, form_of
from notifiers.providers.twilio_voice import CODES
from notifiers.transport import Transport

ACKNOWLEDGE = "1"  # the key that acknowledges; an answering machine presses none
RING_SECONDS = 45


class CallPager:
    """Telephone calls through Twilio's Calls resource.

    sender  a number of ours, E.164: a messaging service cannot call
    """

    channel = "call"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        base_url: str = "https://api.twilio.com",
        connect_seconds: float = 5.0,
        total_seconds: float = 10.0,
    ) -> None:
        self._account = partial(
            TwilioAccount, account_sid=account_sid, auth_token=auth_token, base_url=base_url
        )
        self._sender = sender
        self._connect_seconds, self._total_seconds = connect_seconds, total_seconds

    def page(self, to: Contact, page: Page) -> Paged:
        """Let one telephone ring."""
        body = form_of(call_form(to.phone, self._sender, page))

        async def ask() -> Outcome:
            return await self._asked(body)

        return paged(self.channel, to, page, to.phone, ask, self._total_seconds + 1)

    async def _asked(self, body: bytes) -> Outcome:
        # Anew for each page, as its loop is.
        transport = Transport(
            connect_seconds=self._connect_seconds, total_seconds=self._total_seconds
        )
        account = self._account(transport)
        try:
            return classify(await account.post("Calls", body), (), CODES)
        finally:
            await account.close()


def call_form(to: str, sender: str, page: Page) -> dict[str, Any]:
    """What Twilio is asked for."""
    ring = str(RING_SECONDS)
    return {"To": to, "From": sender, "Twiml": spoken(page), "Timeout": ring}


def spoken(page: Page) -> str:
    """The TwiML of a page: said twice; a key acknowledges where the page says where to."""
    short = f"{(page.short or page.subject)[:MOST_SHORT]} "
    response = VoiceResponse()
    action = page.digits_url or page.link
    if not action:
        return str(_twice(response, short))
    told = f"{short} Press {ACKNOWLEDGE} to take care of it."
    gather = Gather(action=action, method="POST", num_digits=1, timeout=8)
    response.append(_twice(gather, told))
    response.say("No key was pressed. Goodbye.", language="en-US")
    return str(response)


def answered(text: str) -> str:
    """The TwiML to answer a pressed key with: one sentence, then the call ends."""
    response = VoiceResponse()
    response.say(text, language="en-US")
    response.hangup()
    return str(response)


def _twice(verb: VoiceResponse, text: str) -> VoiceResponse:
    verb.say(text, language="en-US")
    verb.pause(length=1)
    verb.say(text, language="en-US")
    return verb
