"""A push service and the browser behind it: checks RFC 8030 and 8292, and decrypts RFC 8291."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import http_ece
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted
from notifiers.providers.vapid import unbase64
from notifiers.rehearsal import Fate

PATH = "/push/{device}"
MOST_BYTES = 4_096  # RFC 8030 section 7.2
DAY = 86_400
TOPIC = re.compile(r"[A-Za-z0-9_-]{0,32}")
URGENCIES = {"very-low", "low", "normal", "high"}
VAPID = re.compile(r"vapid t=(?P<token>[^,\s]+),\s*k=(?P<key>[A-Za-z0-9_-]+)")


class BadPush(Exception):
    """A status of RFC 8030, with why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def accepted(
    keys: Keys,
    endpoint: str,
    headers: Mapping[str, str],
    body: bytes,
    end_of: Callable[[str], Fate],
) -> Accepted:
    """What the browser would show. Raises BadPush."""
    _check_sender(endpoint, headers.get("Authorization", ""))
    _check_headers(headers)
    _need(len(body) <= MOST_BYTES, 413, "too large")
    refused = end_of(endpoint).refused
    _need(not refused, 410 if refused == 404 else refused, "not for this subscription")
    shown = _decrypted(keys, body)
    data = shown.get("notification", {}).get("data", {})
    more = {"shown": shown, "ttl": headers["TTL"], "topic": headers.get("Topic", "")}
    people = [(endpoint, data.get("person", ""))]
    return Accepted(
        "web_push", uuid.uuid4().hex, data.get("attempt", ""), time.time(), people, more
    )


def _check_sender(endpoint: str, authorization: str) -> None:
    """RFC 8292: signed with the key that it names, for this service, for a day at the most."""
    found = VAPID.fullmatch(authorization)
    if found is None:
        raise BadPush(401, "no vapid")
    service = "/".join(endpoint.split("/")[:3])
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64(found["key"]))
        claims = jwt.decode(found["token"], key, algorithms=["ES256"], audience=service)
    except (ValueError, jwt.InvalidTokenError):
        raise BadPush(403, "vapid does not verify") from None
    _need(claims.get("exp", 0) <= time.time() + DAY, 403, "vapid lives too long")
    _need(str(claims.get("sub", "")).startswith(("mailto:", "https:")), 403, "nobody to ask")


def _check_headers(headers: Mapping[str, str]) -> None:
    _need(headers.get("Content-Encoding") == "aes128gcm", 400, "not RFC 8291")
    _need(headers.get("TTL", "").isdigit(), 400, "no TTL")
    _need(headers.get("Urgency", "normal") in URGENCIES, 400, "no such urgency")
    _need(TOPIC.fullmatch(headers.get("Topic", "")), 400, "not a topic")


def _decrypted(keys: Keys, body: bytes) -> dict[str, Any]:
    try:
        plain = http_ece.decrypt(
            body, private_key=keys.browser_private_key, auth_secret=keys.browser_auth
        )
        return dict(orjson.loads(plain))
    except (http_ece.ECEException, ValueError, TypeError):
        raise BadPush(400, "the browser cannot read it") from None


def _need(true: Any, status: int, why: str) -> None:
    if not true:
        raise BadPush(status, why)
