"""The Ed25519 key that signs heads of the audit trail, and the name it signs under."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from incidents.vault.files import read_or_create

SIGNING_FILE = "signing.key"


class SigningKey:
    """A named Ed25519 key. The name is the origin of the trail: it says which deployment."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    @classmethod
    def load_or_create(cls, folder: Path, name: str = "") -> SigningKey:
        """The key kept in `folder`, generated at the first call.

        name  of a new key, without spaces; one is made up if empty
        """
        line = read_or_create(folder / SIGNING_FILE, lambda: _new_line(name))
        kept_name, _, seed = line.strip().partition(" ")
        return cls(kept_name, b64decode(seed))

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over `message`."""
        return self._key.sign(message)


def _new_line(name: str) -> str:
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    return f"{name or f'tocsin/{secrets.token_hex(8)}'} {b64encode(seed).decode()}\n"
