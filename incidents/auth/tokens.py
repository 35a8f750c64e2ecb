"""API tokens: how they look, how they are checked, and that only their hash is kept.

`toc_live_` or `toc_test_`, 32 random base-62 signs (190 bits), and six more that are a
checksum, so that a scanner can tell a real leaked token from a look-alike.
"""

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from incidents.database.users import token_and_user
from incidents.errors import Unauthenticated
from incidents.rules.permissions import Permission, Role, permissions_of
from incidents.work import Actor

LIVE_PREFIX, TEST_PREFIX = "toc_live_", "toc_test_"
_SIGNS = string.digits + string.ascii_letters
_RANDOM_SIGNS, _CHECK_SIGNS = 32, 6


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it is shown once: `secret` is told to its owner and kept nowhere."""

    secret: str
    prefix: str
    sha256: bytes


def mint(*, drills_only: bool) -> NewToken:
    """A new random token; one that only opens drills says so in its first letters."""
    start = TEST_PREFIX if drills_only else LIVE_PREFIX
    body = start + "".join(secrets.choice(_SIGNS) for _ in range(_RANDOM_SIGNS))
    secret = body + _checksum(body)
    return NewToken(secret, secret[: len(start) + 4], hash_of(secret))


def looks_like_token(secret: str) -> bool:
    """Whether `secret` has the shape and the checksum of a token of ours."""
    body, check = secret[:-_CHECK_SIGNS], secret[-_CHECK_SIGNS:]
    return body.startswith((LIVE_PREFIX, TEST_PREFIX)) and check == _checksum(body)


def hash_of(secret: str) -> bytes:
    """What is kept. Plain SHA-256 is enough: the token itself is 190 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def actor_behind(session: Session, authorization: str, now: datetime) -> Actor:
    """The actor of an `Authorization: Bearer …` header; else Unauthenticated.

    Every failure answers alike: nobody learns whether a token exists.
    """
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not looks_like_token(secret.strip()):
        raise _unknown()
    found = token_and_user(session, hash_of(secret.strip()))
    if found is None:
        raise _unknown()
    token, user = found
    if token.revoked_at or user.disabled_at or token.expires_at <= now:
        raise _unknown()
    granted = permissions_of(frozenset(Role(role) for role in user.roles))
    if token.scopes:
        granted &= {Permission(scope) for scope in token.scopes} | {Permission.READ_SELF}
    return Actor(user.id, user.name, granted, drills_only=token.drills_only)


def _checksum(body: str) -> str:
    number, signs = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_SIGNS):
        number, digit = divmod(number, len(_SIGNS))
        signs = _SIGNS[digit] + signs
    return signs


def _unknown() -> Unauthenticated:
    return Unauthenticated(
        "send `Authorization: Bearer toc_…` with a token that is valid;"
        " `tocsin token create NAME` makes one"
    )
