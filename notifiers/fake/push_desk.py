"""FCM and push services over HTTP, as `fcm_side` and `browser_side` know them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from aiohttp import web

from notifiers.fake import browser_side, fcm_side
from notifiers.fake.answers import as_json
from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted
from notifiers.rehearsal import Fate


class PushDesk:
    """Takes push messages, and gives access tokens for them.

    write  puts what was accepted into the ledger
    """

    def __init__(
        self,
        keys: Keys,
        end_of: Callable[[str], Fate],
        write: Callable[[Accepted], None],
        answers: Counter[str],
    ) -> None:
        self._keys, self._end_of, self._write, self._answers = keys, end_of, write, answers
        self._fcm = fcm_side.Fcm(keys)

    async def google_token(self, request: web.Request) -> web.Response:
        """Google's token endpoint."""
        try:
            answer = as_json(self._fcm.token(await request.read(), str(request.url)))
        except fcm_side.BadPush as bad:
            answer = as_json({"error": str(bad)}, bad.status)
        self._answers[f"google:{answer.status}"] += 1
        return answer

    def take_fcm(self, request: web.Request, body: bytes) -> web.Response:
        """A send of FCM."""
        project, bearer = request.match_info["project"], request.headers.get("Authorization", "")
        try:
            accepted = self._fcm.accepted(body, project, bearer, self._end_of)
        except fcm_side.BadPush as bad:
            return as_json(bad.told, bad.status)
        self._write(accepted)
        return as_json({"name": accepted.id})

    def take_push(self, request: web.Request, body: bytes) -> web.Response:
        """A message to a subscription."""
        endpoint, end_of = str(request.url), self._end_of
        try:
            accepted = browser_side.accepted(self._keys, endpoint, request.headers, body, end_of)
        except browser_side.BadPush as bad:
            return web.Response(status=bad.status, text=bad.why)
        self._write(accepted)
        location = f"{request.url.origin()}/m/{accepted.id}"
        return web.Response(status=201, headers={"Location": location})
