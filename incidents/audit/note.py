"""Signed heads of the tree as C2SP notes: text that a person can read and others can check.

Sources  https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from incidents.audit import ed25519

_ED25519 = b"\x01"
_KEY_HASH_BYTES = 4


class Signer(Protocol):
    """A named Ed25519 key, as `vault.signing.SigningKey`."""

    name: str
    public_key: bytes

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""
        ...


class BadNote(ValueError):
    """A note that cannot be read, or whose signature does not hold."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a checkpoint says: whose tree, how large, with which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signs: a name and an Ed25519 key; its text form is a C2SP verifier key."""

    name: str
    key: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """From `name+hash+base64`; BadNote when it is not one."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            data = b64decode(encoded, validate=True)
            found = cls(name, data[1:])
        except ValueError:
            raise BadNote("the public key is not of the form name+hash+base64") from None
        if data[:1] != _ED25519 or len(data) != 33 or found.id != key_id:
            raise BadNote("the public key is damaged, or not an Ed25519 key")
        return found

    @property
    def id(self) -> str:
        """8 hex digits that name the key, bound to its owner's name."""
        hashed = sha256(self.name.encode() + b"\n" + _ED25519 + self.key)
        return hashed.digest()[:_KEY_HASH_BYTES].hex()

    def __str__(self) -> str:
        """The verifier key, as it is published and given to `--key`."""
        return f"{self.name}+{self.id}+{b64encode(_ED25519 + self.key).decode()}"


def public_key_of(signer: Signer) -> PublicKey:
    """The public half, as others need it."""
    return PublicKey(signer.name, signer.public_key)


def signed(head: Head, signer: Signer) -> str:
    """The note: text, empty line, signature line."""
    return signed_text(head.text, signer)


def signed_text(text: str, signer: Signer) -> str:
    """Any lines of text as a note; none of them empty."""
    key_hash = bytes.fromhex(public_key_of(signer).id)
    signature = b64encode(key_hash + signer.sign(text.encode())).decode()
    return f"{text}\n— {signer.name} {signature}\n"


def verified_text(note: str, key: PublicKey) -> str:
    """The text of a note that `key` signed; BadNote otherwise."""
    text = note.partition("\n\n")[0] + "\n"
    for name, signature in _signatures(note):
        if (name, signature[:_KEY_HASH_BYTES].hex()) == (key.name, key.id):
            if not ed25519.holds(key.key, signature[_KEY_HASH_BYTES:], text.encode()):
                raise BadNote("the signature does not hold")
            return text
    raise BadNote(f"the note is not signed by key {key.id}")


def read(note: str) -> Head:
    """The head in a note, whoever signed it; BadNote when it cannot be read."""
    text, _, _ = note.partition("\n\n")
    try:
        origin, size, root = text.split("\n")
        head = Head(origin, int(size), b64decode(root, validate=True))
    except ValueError:
        raise BadNote("the checkpoint cannot be read") from None
    if len(head.root) != 32 or f"{text}\n" != head.text:
        raise BadNote("the checkpoint cannot be read")
    return head


def signer_ids(note: str) -> list[tuple[str, str]]:
    """Name and key id of each signature under a note."""
    return [(name, signature[:_KEY_HASH_BYTES].hex()) for name, signature in _signatures(note)]


def proof_origin(name: str, campaign_id: UUID, number: int) -> str:
    """Whose tree a campaign's proof is: never to be taken for the trail's, which has the name."""
    return f"{name}/campaigns/{campaign_id}/proofs/{number}"


def origin_of(note: str, key: PublicKey) -> tuple[str, int]:
    """Campaign and number of the proof whose root a note signs; BadNote for any other note."""
    name, _, rest = read(note).origin.partition("/campaigns/")
    campaign, _, number = rest.partition("/proofs/")
    if name != key.name or not number.isdecimal():
        raise BadNote("the note is not of a campaign's proof")
    return campaign, int(number)


def exact(note: str, key: PublicKey, origin: str = "") -> Head:
    """As `verified`, of a note that holds this one signature and nothing else."""
    exact_text(note, key)
    return verified(note, key, origin)


def exact_text(note: str, key: PublicKey) -> str:
    """As `verified_text`, of a note that holds this one signature and nothing else."""
    text = verified_text(note, key)
    (name, signature), *more = _signatures(note)
    if more or note != f"{text}\n— {name} {b64encode(signature).decode()}\n":
        raise BadNote("the note is not written as we write it")
    return text


def verified(note: str, key: PublicKey, origin: str = "") -> Head:
    """The head in a note that `key` signed; BadNote otherwise.

    origin  whose tree it must be; empty: the trail's, which bears the name of the key
    """
    head = read(note)
    if head.origin != (origin or key.name):
        raise BadNote(f"the checkpoint is of {head.origin}, not of {origin or key.name}")
    verified_text(note, key)
    return head


def _signatures(note: str) -> list[tuple[str, bytes]]:
    _, _, lines = note.partition("\n\n")
    found = []
    for line in lines.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            found.append((name, b64decode(encoded, validate=True)))
        except ValueError:
            raise BadNote("a signature line cannot be read") from None
        if dash != "—" or b64encode(found[-1][1]).decode() != encoded:
            raise BadNote("a signature line cannot be read")
    return found
