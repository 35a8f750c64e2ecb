"""The secrets of the fake: made up, and good for nothing elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from notifiers.providers.vapid import base64url

Key = TypeVar("Key", ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)


def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=1)  # slow to make, and one a process is enough
def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client of the fake must present, and what the fake signs and reads with."""

    sendgrid_api_key: str = "SG.fake"
    resend_api_key: str = "re_fake"
    resend_webhook_secret: str = "whsec_" + base64.b64encode(b"a fake secret of Resend").decode()
    twilio_account_sid: str = "AC" + "0" * 32
    twilio_token: str = "fake-twilio-token"  # noqa: S105 made up
    sendgrid_private_key: ec.EllipticCurvePrivateKey = field(default_factory=_ec, repr=False)
    google_project: str = "fake-project"
    google_email: str = "tocsin@fake-project.example.com"
    google_private_key: rsa.RSAPrivateKey = field(default_factory=_rsa, repr=False)
    browser_private_key: ec.EllipticCurvePrivateKey = field(default_factory=_ec, repr=False)
    browser_auth: bytes = field(default=b"fake browser key", repr=False)

    @property
    def sendgrid_public_key(self) -> str:
        """The webhook's verification key, in the form of SendGrid's settings page."""
        public = self.sendgrid_private_key.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def sign(self, signed: bytes) -> str:
        """ECDSA with SHA-256, in base64."""
        signature = self.sendgrid_private_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signature).decode()

    def service_account(self, url: str) -> dict[str, str]:
        """The JSON key file of the service account that FCM's side of a fake there knows."""
        return {
            "type": "service_account",
            "project_id": self.google_project,
            "private_key_id": "fake",
            "private_key": _pem(self.google_private_key).decode(),
            "client_email": self.google_email,
            "token_uri": f"{url}/token",
        }

    @property
    def browser_keys(self) -> dict[str, str]:
        """The keys in each subscription of the browsers behind the fake."""
        public = self.browser_private_key.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": base64url(point), "auth": base64url(self.browser_auth)}


def kept_in(folder: Path) -> Keys:
    """Keys whose private ones are kept in a folder, so that a restart keeps them."""
    folder.mkdir(parents=True, exist_ok=True)
    return Keys(
        sendgrid_private_key=_kept(folder / "sendgrid-webhook.pem", _ec),
        google_private_key=_kept(folder / "google-account.pem", _rsa),
        browser_private_key=_kept(folder / "browser.pem", _ec),
    )


def _kept(file: Path, make: Callable[[], Key]) -> Key:
    if file.exists():
        kept: Any = load_pem_private_key(file.read_bytes(), None)
        return kept  # type: ignore[no-any-return]  # of the kind that was written
    key = make()
    file.touch(mode=0o600)
    file.write_bytes(_pem(key))
    return key


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
