"""Signatures of Standard Webhooks, which Svix writes too: of id, time and the raw body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac


def sign(secret: str, webhook_id: str, timestamp: int | str, body: bytes) -> str:
    """The signature of a request: `v1,` and the base64 of HMAC-SHA-256.

    secret  `whsec_` and base64, or any text. Raises ValueError for what is no base64
    """
    key = secret.removeprefix("whsec_").encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def fits(offered: str, expected: str) -> bool:
    """Whether one of the signatures offered, parted by spaces, is the expected one.

    There are several while a secret is being changed.
    """
    return any(hmac.compare_digest(expected, one) for one in offered.split(" ") if one.isascii())
