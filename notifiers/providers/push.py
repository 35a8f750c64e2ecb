"""Push messages to apps and browsers alike: the form of a person's token says which.

A browser's subscription is a JSON object, a token of FCM never is. So the planner need not
know, and no list has to say.
"""

from __future__ import annotations

from notifiers.envelope import Channel, Envelope, Outcome
from notifiers.providers.fcm import Fcm
from notifiers.providers.pushed import Pushed, only_person
from notifiers.providers.web_push import WebPush


class Push(Pushed):
    """FCM for apps, Web Push for browsers; it declares what both can do."""

    name = "push"
    channel = Channel.PUSH

    def __init__(self, fcm: Fcm, web_push: WebPush) -> None:
        self._fcm, self._web_push = fcm, web_push

    def body(self, envelope: Envelope) -> bytes:
        """That of the one whose token it is. Raises Refused."""
        return self._of(envelope).body(envelope)

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Hand it to the one whose token it is."""
        return await self._of(envelope).send(envelope, body)

    async def close(self) -> None:
        """Give back the connections of both."""
        await self._fcm.close()
        await self._web_push.close()

    def _of(self, envelope: Envelope) -> Fcm | WebPush:
        browser = only_person(envelope).address.startswith("{")
        return self._web_push if browser else self._fcm
