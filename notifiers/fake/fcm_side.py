"""FCM's side of the fake: tokens for a service account, and HTTP v1's send with its errors."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson

from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted
from notifiers.providers.fcm import MOST_BYTES, SCOPE
from notifiers.providers.google_tokens import GRANT
from notifiers.rehearsal import Fate

PATH = "/v1/projects/{project}/messages:send"
TOKEN_PATH = "/token"  # noqa: S105 no secret
LIVES_SECONDS = 3_600
MOST_TTL_SECONDS = 2_419_200
REGISTRATION = re.compile(r"[A-Za-z0-9_:-]{8,}")
CODES = {404: "UNREGISTERED", 403: "SENDER_ID_MISMATCH"}


class BadPush(Exception):
    """An error in Google's shape."""

    def __init__(self, status: int, canonical: str, code: str = "", field: str = "") -> None:
        super().__init__(canonical)
        self.status, self.told = status, error(status, canonical, code, field)


def error(status: int, canonical: str, code: str = "", field: str = "") -> dict[str, Any]:
    """An error in Google's shape, with FCM's own code where it has one."""
    details: list[dict[str, Any]] = []
    if code:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        details.append({"@type": kind, "errorCode": code})
    if field:
        violation = {"field": field, "description": "Invalid value"}
        kind = "type.googleapis.com/google.rpc.BadRequest"
        details.append({"@type": kind, "fieldViolations": [violation]})
    message = "Request contains an invalid argument." if status == 400 else canonical
    return {"error": {"code": status, "message": message, "status": canonical, "details": details}}


class Fcm:
    """Holds the access tokens that it gave; a restart forgets them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._given: dict[str, float] = {}

    def token(self, body: bytes, url: str) -> dict[str, Any]:
        """A token for a signed assertion; `url` is this endpoint's own. Raises BadPush."""
        form = dict(parse_qsl(body.decode(errors="replace")))
        if form.get("grant_type") != GRANT or not self._is_ours(form.get("assertion", ""), url):
            raise BadPush(400, "invalid_grant")
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._given[token] = time.time() + LIVES_SECONDS
        return {"access_token": token, "expires_in": LIVES_SECONDS, "token_type": "Bearer"}

    def accepted(
        self, body: bytes, project: str, authorization: str, end_of: Callable[[str], Fate]
    ) -> Accepted:
        """What a send would show. Raises BadPush."""
        bearer = authorization.removeprefix("Bearer ")
        if self._given.get(bearer, 0.0) < time.time():
            raise BadPush(401, "UNAUTHENTICATED")
        if project != self._keys.google_project:
            raise BadPush(403, "PERMISSION_DENIED")
        message = _message(body)
        refused = end_of(message["token"]).refused
        if refused:
            canonical = "NOT_FOUND" if refused == 404 else "PERMISSION_DENIED"
            raise BadPush(refused, canonical, CODES.get(refused, ""))
        data = message.get("data", {})
        name = f"projects/{project}/messages/{uuid.uuid4().hex}"
        people = [(message["token"], data.get("person", ""))]
        return Accepted(
            "fcm", name, data.get("attempt", ""), time.time(), people, {"message": message}
        )

    def _is_ours(self, assertion: str, url: str) -> bool:
        try:
            public = self._keys.google_private_key.public_key()
            claims = jwt.decode(assertion, public, algorithms=["RS256"], audience=url)
        except jwt.InvalidTokenError:
            return False
        return claims.get("iss") == self._keys.google_email and claims.get("scope") == SCOPE


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(body)["message"]
        shown = [message["notification"], message.get("data", {})]
        ttl, android = message["android"]["ttl"], message["android"]["priority"]
        headers = message["apns"]["headers"]
    except (ValueError, KeyError, TypeError):
        raise BadPush(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message") from None
    _need(REGISTRATION.fullmatch(str(message.get("token", ""))), "message.token")
    _need(all(isinstance(one, str) for some in shown for one in some.values()), "message.data")
    _need(len(orjson.dumps(shown)) <= MOST_BYTES, "message")
    _need(re.fullmatch(r"\d+s", ttl) and int(ttl[:-1]) <= MOST_TTL_SECONDS, "message.android.ttl")
    _need(android in {"NORMAL", "HIGH"}, "message.android.priority")
    _need(headers["apns-expiration"].isdigit(), "message.apns.headers")
    _need(len(headers["apns-collapse-id"]) <= 64, "message.apns.headers")
    return dict(message)


def _need(true: Any, field: str) -> None:
    if not true:
        raise BadPush(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field)
