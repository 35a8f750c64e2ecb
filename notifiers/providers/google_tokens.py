"""Access tokens of a Google service account: a signed assertion for a token of one hour.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest
PyJWT signs it; google-auth would bring its own HTTP clients, which retry, for these lines.
A token is never logged, and never part of a reason.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import jwt
import orjson
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifiers.errors import Ambiguous, Refused, Unavailable
from notifiers.transport import Answer, Transport

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASSERTION_SECONDS = 3_600  # Google takes no longer one
EARLY_SECONDS = 300  # renewed this long before its end
# Between two asks: a hundred messages that wait for a token do not ask one by one.
PAUSE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """What the JSON key file of a service account holds, as far as we need it."""

    project: str
    email: str
    token_url: str
    key_id: str
    private_key: str = field(repr=False)

    @classmethod
    def read(cls, file: Mapping[str, str]) -> ServiceAccount:
        """From the JSON key file. Raises KeyError, ValueError for one that is none."""
        load_pem_private_key(file["private_key"].encode(), None)
        return cls(
            project=file["project_id"],
            email=file["client_email"],
            token_url=file["token_uri"],
            key_id=file["private_key_id"],
            private_key=file["private_key"],
        )


class GoogleTokens:
    """One token for all who ask, fetched by the first of them.

    clock  seconds since 1970
    """

    def __init__(
        self,
        transport: Transport,
        account: ServiceAccount,
        scope: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport, self._account, self._scope = transport, account, scope
        self._clock = clock
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._token, self._until = "", 0.0
        self._ask_after = 0.0

    async def token(self, not_after: float | None = None) -> str:
        """A token that lives for some minutes yet. Raises Unavailable: no message has left."""
        async with self._locked():
            if self._clock() >= self._until - EARLY_SECONDS:
                await self._renew(not_after)
            return self._token

    def forget(self, token: str) -> None:
        """This token was not taken: the next one who asks fetches another."""
        if token == self._token:
            self._until = 0.0

    def _locked(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # after a fork
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    async def _renew(self, not_after: float | None) -> None:
        try:
            told = await self._ask(not_after)
        except Unavailable:
            if self._clock() >= self._until:
                raise
            return  # the old one lives yet
        self._token = str(told["access_token"])
        self._until = self._clock() + float(str(told.get("expires_in", 0)))

    async def _ask(self, not_after: float | None) -> Mapping[str, object]:
        if self._clock() < self._ask_after:
            raise Unavailable("no access token a moment ago")
        try:
            return _told(await self._fetch(not_after))
        except (Ambiguous, Refused) as error:
            # A token that was given and got lost does no harm.
            raise Unavailable(f"no access token: {error}", 60.0) from error
        finally:
            self._ask_after = self._clock() + PAUSE_SECONDS

    async def _fetch(self, not_after: float | None) -> Answer:
        form = urlencode({"grant_type": GRANT, "assertion": self._assertion()})
        url = self._account.token_url
        return await self._transport.request(
            "POST", url, headers=FORM, body=form.encode(), not_after=not_after
        )

    def _assertion(self) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._account.email,
            "scope": self._scope,
            "aud": self._account.token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        headers = {"kid": self._account.key_id}
        return jwt.encode(claims, self._account.private_key, algorithm="RS256", headers=headers)


def _told(answer: Answer) -> Mapping[str, object]:
    """The answer of the token endpoint. Raises Unavailable if it holds no token."""
    try:
        told = orjson.loads(answer.body)
    except ValueError:
        told = None
    if answer.status == 200 and isinstance(told, dict) and told.get("access_token"):
        return told
    # invalid_grant and its like: our key or clock, not this person.
    raise Unavailable(f"google {answer.status}: no access token for our service account", 60.0)
