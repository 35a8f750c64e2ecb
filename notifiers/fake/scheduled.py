"""SendGrid's side of the fake for mail that is due later: batches made, cancelled, thrown away.

What waits stands in no ledger: it has not gone. A restart loses it, as no vendor would.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import web

from notifiers.fake import sendgrid_side
from notifiers.fake.answers import as_json, raw
from notifiers.fake.faults import Dice
from notifiers.fake.ledger import Accepted

MOST_CANCELLED = 10
LONGEST_SECONDS = 72 * 3600


class Scheduled:
    """The batches of the account, and the mail in them.

    write  puts what has become due into the ledger
    """

    def __init__(
        self, dice: Dice, write: Callable[[Accepted], None], answers: Counter[str]
    ) -> None:
        self._dice, self._write, self._answers = dice, write, answers
        self._made: set[str] = set()
        self._cancelled: set[str] = set()
        self._due: dict[str, float] = {}

    def make(self) -> web.Response:
        """POST /v3/mail/batch."""
        batch = uuid.uuid4().hex
        self._made.add(batch)
        return as_json({"batch_id": batch}, 201)

    def cancel(self, body: bytes) -> web.Response:
        """POST /v3/user/scheduled_sends."""
        told = orjson.loads(body)
        batch = told.get("batch_id")
        if batch not in self._made or told.get("status") not in {"cancel", "pause"}:
            return raw(sendgrid_side.errors("invalid batch id", "batch_id"), 400)
        if batch in self._cancelled or len(self._pending()) >= MOST_CANCELLED:
            return raw(sendgrid_side.errors("a status exists, or too many of them"), 400)
        due = self._due.get(batch)
        if due is not None and due - time.time() < self._dice.faults.cancel_seconds:
            return raw(sendgrid_side.errors("too late to cancel"), 400)
        self._cancelled.add(batch)
        return as_json({"batch_id": batch, "status": told["status"]}, 201)

    def status(self, batch: str) -> web.Response:
        """GET /v3/user/scheduled_sends/{batch_id}."""
        known = [{"batch_id": batch, "status": "cancel"}] if batch in self._cancelled else []
        return as_json(known)

    def take(self, accepted: Accepted, mail: dict[str, Any]) -> None:
        """Keep mail until it is due. Raises BadMail for a batch or a time that cannot be."""
        batch, send_at = mail.get("batch_id"), mail["send_at"]
        if batch is not None and batch not in self._made:
            raise sendgrid_side.BadMail("invalid batch id", "batch_id")
        if send_at - time.time() > LONGEST_SECONDS:
            raise sendgrid_side.BadMail("more than 72 hours ahead", "send_at")
        due_seconds = self._dice.faults.due_seconds
        wait = send_at - time.time() if due_seconds is None else due_seconds
        self._due[batch or accepted.id] = time.time() + wait
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, wait), self._go, accepted, batch or accepted.id)

    def _go(self, accepted: Accepted, batch: str) -> None:
        if batch in self._cancelled:
            self._answers["sendgrid:cancelled"] += 1
        else:
            self._write(replace(accepted, at=time.time()))

    def _pending(self) -> set[str]:
        """Those that are cancelled and not due yet."""
        now = time.time()
        return {batch for batch in self._cancelled if self._due.get(batch, now) >= now}
