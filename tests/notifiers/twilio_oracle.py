"""The official SDK as the judge of the forms that we write ourselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client


def sdk_posts(create: Callable[[Client], Awaitable[Any]]) -> dict[str, str]:
    """The form that the SDK posts for a create."""
    seen: list[dict[str, Any]] = []

    class Recording(AsyncHttpClient):  # type: ignore[misc]
        async def request(self, method: str, uri: str, **asked: Any) -> Response:
            seen.append(asked["data"])
            return Response(201, "{}")

    async def ask() -> None:
        await create(Client("AC" + "1" * 32, "a-token", http_client=Recording(None, True)))

    asyncio.run(ask())
    (form,) = seen
    return {name: str(value) for name, value in form.items()}
