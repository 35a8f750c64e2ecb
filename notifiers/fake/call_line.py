"""What happens on one line of the fake: words fetched, keys pressed, the end told; as Twilio does.

Every post goes to a callback that came with the call, signed by whoever does the posting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from xml.etree import ElementTree

from notifiers.envelope import ReceiptKind
from notifiers.fake.ledger import Accepted
from notifiers.fake.voice_side import end_of_call, is_twiml
from notifiers.rehearsal import Fate

Post = Callable[[str, dict[str, str]], Awaitable[bytes]]


class Line:
    """One accepted call. post: posts a form to a URL, and gives what was answered."""

    def __init__(self, accepted: Accepted, end: Fate, account: str, post: Post) -> None:
        self._accepted, self._end, self._account, self._post = accepted, end, account, post

    async def ring(self, end_first: bool) -> None:
        """Tell all of it; `end_first`: in disorder."""
        if end_first:
            await self._tell_end()
        if self._end.heard == (ReceiptKind.DELIVERED,):
            await self._press(self._end.code)
        if not end_first:
            await self._tell_end()

    async def _press(self, keys: str) -> None:
        """Press one key after the other, each where the words that play then say."""
        words = self._accepted.more["twiml"] or await self._fetched()
        for key in keys:
            action = gather_action(words)
            if not action:
                return
            words = (await self._post(action, self._form("in-progress", Digits=key))).decode()

    async def _fetched(self) -> str:
        form = self._form("in-progress", AnsweredBy="human")
        return (await self._post(self._accepted.more["url"], form)).decode()

    async def _tell_end(self) -> None:
        status, more = end_of_call(self._end)
        if status:
            await self._post(self._accepted.more["callback"], self._form(status, **more))

    def _form(self, status: str, **more: str) -> dict[str, str]:
        return {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "CallSid": self._accepted.id,
            "CallStatus": status,
            "Direction": "outbound-api",
            "From": self._accepted.more["from"],
            "To": self._accepted.people[0][0],
            **more,
        }


def gather_action(words: str) -> str:
    """Where a key is posted to while these words play; '' if none is awaited."""
    if not is_twiml(words):
        return ""
    gather = ElementTree.fromstring(words).find("Gather")  # noqa: S314 our own tests' words
    return "" if gather is None else gather.get("action", "")
