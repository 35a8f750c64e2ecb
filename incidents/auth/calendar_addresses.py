"""Secret addresses of calendars: a calendar program sends no token, so the address is one."""

import secrets

from sqlalchemy.orm import Session

from incidents.auth.tokens import hash_of
from incidents.database.calendar_feeds import CalendarFeed, feed_and_user
from incidents.errors import NotFound
from incidents.rules.permissions import Permission, Role, permissions_of
from incidents.work import Actor

_RANDOM_BYTES = 32


def new_secret() -> tuple[str, bytes]:
    """A new secret, as it is shown once, and the hash of it that is kept."""
    secret = secrets.token_urlsafe(_RANDOM_BYTES)
    return secret, hash_of(secret)


def reader_behind(session: Session, secret: str) -> tuple[Actor, CalendarFeed]:
    """Whoever reads at a secret address: may read incidents, as its owner may, and no more.

    Raises  NotFound alike for an address that never was, was revoked, or whose owner is gone
            or reads no incidents any more
    """
    found = feed_and_user(session, hash_of(secret))
    if found is None:
        raise nothing_here()
    feed, user = found
    granted = permissions_of(frozenset(Role(role) for role in user.roles))
    if user.disabled_at is not None or Permission.READ_INCIDENT not in granted:
        raise nothing_here()
    return Actor(user.id, user.name, frozenset({Permission.READ_INCIDENT})), feed


def nothing_here() -> NotFound:
    """The one answer to every address that opens nothing."""
    return NotFound("there is no such calendar")
