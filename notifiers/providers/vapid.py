"""Who we are to push services (RFC 8292): a signed token for each of them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOUR = 3_600
LIVES = 12 * HOUR  # RFC 8292 section 2: no longer than 24 hours


class Vapid:
    """Signs for us; one token serves a push service for hours.

    private_key  the 32 bytes in base64url, as `tocsin push-key`, `web-push` and `vapid` print it
    subject      mailto: or https: of whom a push service may ask
    clock        seconds since 1970
    """

    def __init__(
        self, private_key: str, subject: str, clock: Callable[[], float] = time.time
    ) -> None:
        raw = unbase64(private_key)
        if len(raw) != 32:
            raise ValueError("a VAPID private key is 32 bytes in base64url")
        self._key = ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())
        self._subject, self._clock = subject, clock
        self.public_key = base64url(
            self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        )
        self._kept: dict[str, tuple[float, str]] = {}

    def authorization(self, service: str) -> str:
        """The header for a push service, named by scheme, host and port."""
        until, header = self._kept.get(service, (0.0, ""))
        now = self._clock()
        if now > until - HOUR:
            header = self._signed(service, now + LIVES)
            self._kept[service] = (now + LIVES, header)
        return header

    def _signed(self, service: str, until: float) -> str:
        claims = {"aud": service, "exp": int(until), "sub": self._subject}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def new_private_key() -> str:
    """A fresh key in the form that the setting takes."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64url(number.to_bytes(32))


def base64url(raw: bytes) -> str:
    """Without padding, as all of web push has it."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unbase64(text: str) -> bytes:
    """Bytes from base64 of either alphabet, padded or not. Raises ValueError."""
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
