"""The lists of a Twilio account, read by the official SDK over our own transport.

Imported when something is first looked up: the SDK takes 14 MB. Its own clients have no timeout by
default.
"""

from __future__ import annotations

from typing import Any

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from notifiers.errors import NotifierError
from notifiers.providers.twilio_account import basic
from notifiers.transport import Transport

# What may go wrong when a list is read.
ERRORS = (NotifierError, TwilioException, ValueError, KeyError)


def client(account_sid: str, auth_token: str, transport: Transport, base_url: str) -> Client:
    """The SDK's client of an account."""
    made = Client(account_sid, auth_token, http_client=_Pooled(transport))
    made.api.base_url = base_url
    return made


class _Pooled(AsyncHttpClient):  # type: ignore[misc]
    """What the SDK asks, over our transport: its timeouts, no retry."""

    def __init__(self, transport: Transport) -> None:
        self.is_async = True
        self._transport = transport

    async def request(self, method: str, uri: str, **asked: Any) -> Response:
        headers = dict(asked.get("headers") or {})
        if asked.get("auth"):
            headers["Authorization"] = basic(*asked["auth"])
        params = {name: str(value) for name, value in (asked.get("params") or {}).items()}
        answer = await self._transport.request(method, uri, headers=headers, params=params)
        return Response(answer.status, answer.body.decode(), answer.headers)
