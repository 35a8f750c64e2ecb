"""The secrets of the fake: made up, and good for nothing elsewhere."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a client of the fake must present, and what the fake signs with."""

    sendgrid_api_key: str = "SG.fake"
    twilio_account_sid: str = "AC" + "0" * 32
    twilio_token: str = "fake-twilio-token"  # noqa: S105 made up
    sendgrid_private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

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


def kept_in(folder: Path) -> Keys:
    """Keys whose signing key is kept in a folder, so that a restart keeps it."""
    file = folder / "sendgrid-webhook.pem"
    if file.exists():
        key = load_pem_private_key(file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return Keys(sendgrid_private_key=key)
    keys = Keys()
    folder.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(
        keys.sendgrid_private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return keys
