"""A leaf of a campaign's proof: what was done to tell one person on one rung. Pure.

Its bytes are RFC 8785 in the profile of `entry`. It names nobody: the person is a keyed hash,
and their own fields (address, name) are a hash with a salt. Key and salt follow from the
campaign's proof key, which dies with the incident's keys; whoever was given the salt of a leaf
can go on showing what it says, and nobody can guess another.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from incidents.vault.keys import DataKey, derive

VERSION = 1


@dataclass(frozen=True, slots=True)
class ProofKey:
    """What hides the people of one campaign's leaves."""

    names: bytes
    salts: bytes

    @classmethod
    def of(cls, key: DataKey, campaign_id: UUID) -> ProofKey:
        """Derived from a data key of the incident; never kept."""
        return cls(
            names=derive(key.secret, "proof", "names", campaign_id.hex),
            salts=derive(key.secret, "proof", "salts", campaign_id.hex),
        )

    def name(self, recipient_id: UUID) -> str:
        """What a person is called in every leaf of the campaign."""
        return hmac.digest(self.names, recipient_id.bytes, "sha256").hex()

    def salt(self, recipient_id: UUID, rung: int) -> bytes:
        """What makes the hash of a person's fields unguessable: one salt a leaf."""
        place = recipient_id.bytes + rung.to_bytes(2, "big", signed=True)
        return hmac.digest(self.salts, place, "sha256")


def person_text(address: str, fields: Mapping[str, str]) -> bytes:
    """A person's own part of a message, as it is hashed: where it went and what was filled in."""
    return canonical({"address": address, "fields": fields})


def fields_hash(salt: bytes, text: bytes) -> str:
    """What a leaf says of a person's own part."""
    return sha256(salt + text).hexdigest()


def canonical(document: Mapping[str, Any]) -> bytes:
    """The same bytes as `entry.canonical`, many times faster; the caller keeps to the profile."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def carried(envelope: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all people of one envelope share: its words and calls, written out once."""
    return {
        **envelope,
        "attempts": orjson.Fragment(orjson.dumps(attempts, option=orjson.OPT_SORT_KEYS)),
    }


NOT_CARRIED: Mapping[str, Any] = {
    "attempts": [],
    "envelope": 0,
    "locale": "",
    "provider": "",
    "variant": "",
    "words": "",
}
