"""SendGrid's batches: what is to go later under an id of theirs can be cancelled until then.

What is known of them, and where from (https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends):
- an id is made first (POST /v3/mail/batch), and rides in mail/send beside `send_at`
- a batch can be cancelled until 10 minutes before it is due, at most 10 of them at one time
- a cancelled batch stays in the queue, and is thrown away when it is due. So a cancellation is
  never taken back here: what came in late under the same id would go out after all
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from notifiers.envelope import Finding, FindingKind
from notifiers.errors import NotifierError, Unavailable
from notifiers.transport import Answer, Transport

_MAKE, _CANCELLED = "/v3/mail/batch", "/v3/user/scheduled_sends"


class Batches:
    """The batches of one account."""

    def __init__(self, transport: Transport, base_url: str, headers: Mapping[str, str]) -> None:
        self._transport, self._base_url, self._headers = transport, base_url, headers

    async def new(self) -> str:
        """The id of a new one. Raises NotifierError: nothing has left in any case."""
        answer = await self._ask("POST", _MAKE, b"{}")
        batch = _read(answer).get("batch_id") if answer.status == 201 else None
        if not batch:
            raise Unavailable(f"sendgrid {answer.status}: no batch id was given")
        return str(batch)

    async def cancel(self, batch: str) -> Finding:
        """Have it thrown away when it is due; CANCELLED only where SendGrid says so."""
        body = orjson.dumps({"batch_id": batch, "status": "cancel"})
        try:
            answer = await self._ask("POST", _CANCELLED, body)
            if answer.status in {200, 201} or await self._is_cancelled(batch):
                return Finding(FindingKind.CANCELLED, evidence="its batch was cancelled in time")
        except NotifierError as error:
            return Finding(FindingKind.CANNOT_TELL, evidence=str(error))
        evidence = f"sendgrid {answer.status}: the batch could not be cancelled"
        return Finding(FindingKind.CANNOT_TELL, evidence=evidence)

    async def _is_cancelled(self, batch: str) -> bool:
        """Whether an earlier call, whose answer was lost, did it: a second one is refused."""
        answer = await self._ask("GET", f"{_CANCELLED}/{batch}")
        told = {"batch_id": batch, "status": "cancel"}
        return answer.status == 200 and told.items() <= _read(answer).items()

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        url = f"{self._base_url}{path}"
        return await self._transport.request(method, url, headers=self._headers, body=body)


def _read(answer: Answer) -> dict[str, Any]:
    """The object that was answered, or the only one of a list."""
    try:
        told = orjson.loads(answer.body)
    except ValueError:
        return {}
    (only,) = told if isinstance(told, list) and len(told) == 1 else (told,)
    return only if isinstance(only, dict) else {}
