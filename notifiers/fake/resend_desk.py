"""Batches over HTTP as Resend takes them: a key that is known is answered, not taken again.

What is known of keys stands in the ledger, so that it outlives a restart.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from aiohttp import web

from notifiers.fake import resend_side
from notifiers.fake.answers import as_json
from notifiers.fake.faults import Dice
from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.fake.resend_side import BadBatch
from notifiers.providers.resend import KEY


class ResendDesk:
    """Takes batches. write: puts what was accepted into the ledger."""

    def __init__(
        self, keys: Keys, dice: Dice, ledger: Ledger, write: Callable[[Accepted], None]
    ) -> None:
        self._bearer, self._dice = f"Bearer {keys.resend_api_key}", dice
        self._ledger, self._write = ledger, write

    def take(self, request: web.Request, body: bytes) -> web.Response:
        """A batch."""
        try:
            self._check(request)
            key = request.headers.get(KEY, "")
            known = self._known(key, resend_side.sha256(body)) if key else None
            taken = known or resend_side.accepted(body, key)
        except BadBatch as bad:
            return as_json(bad.told, bad.status)
        if known is None:
            self._write(taken)
        return as_json(resend_side.answer(taken))

    def _check(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not request.headers.get("User-Agent"):
            raise BadBatch(403, "1010", "a User-Agent is missing")
        if not given:
            raise BadBatch(401, "missing_api_key", "Missing API Key")
        if not hmac.compare_digest(given.encode(), self._bearer.encode()):
            raise BadBatch(401, "validation_error", "API key is invalid")
        if len(request.headers.get(KEY, "")) > 256:
            raise BadBatch(400, "invalid_idempotency_key")

    def _known(self, key: str, sha256: str) -> Accepted | None:
        """What was taken under this key, as long as it is remembered. Raises BadBatch."""
        now, faults = time.time(), self._dice.faults
        for one in self._ledger.of_key(key):
            if one.at > now - faults.key_seconds:
                if one.more["sha256"] != sha256:
                    raise BadBatch(409, "invalid_idempotent_request")
                if one.at > now - faults.key_busy_seconds:
                    raise BadBatch(409, "concurrent_idempotent_requests")
                return one
        return None
