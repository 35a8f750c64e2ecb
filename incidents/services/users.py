"""Users and their tokens: made, read, revoked. An administrator keeps them and sees no incident."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from incidents.audit import log as audit
from incidents.auth.tokens import mint
from incidents.database import users as rows
from incidents.database.rota import drop_contact
from incidents.database.users import ApiToken, User
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.permissions import Permission, Role
from incidents.work import Work, require, require_no_drill_token

LONGEST_TOKEN_LIFE = timedelta(days=90)


def create(work: Work, name: str, roles: Sequence[Role]) -> User:
    """A new user with these roles."""
    _require_management(work)
    if rows.user_by_name(work.session, name):
        raise Conflict(f"there is a user {name!r} already", Problem("name", "is taken"))
    user = User(name=name, roles=sorted(set(roles)), created_at=work.now)
    work.session.add(user)
    work.session.flush()
    audit.record(
        work,
        "user.create",
        subject_type="user",
        subject_id=user.id,
        roles=sorted(set(roles)),
        active=True,
    )
    return user


def disable(work: Work, user_id: UUID) -> User:
    """Shut a user out at once, with all their tokens."""
    _require_management(work)
    user = _user(work, user_id)
    user.disabled_at = user.disabled_at or work.now
    drop_contact(work.session, user.id)
    audit.record(
        work,
        "user.update",
        subject_type="user",
        subject_id=user.id,
        active=False,
        changed=["active"],
    )
    return user


def everybody(work: Work) -> Sequence[User]:
    """All users, by name."""
    _require_management(work)
    return rows.all_users(work.session)


def create_token(
    work: Work,
    user_id: UUID,
    *,
    label: str = "",
    scopes: Sequence[Permission] = (),
    drills_only: bool = False,
    days: int = 90,
) -> tuple[ApiToken, str]:
    """A new token of a user. Returns the row, and the secret that is shown this once.

    scopes  the permissions it is narrowed to; none: all that its user has
    days    how long it lives, 1 to 90
    """
    _require_management(work)
    if not 1 <= days <= LONGEST_TOKEN_LIFE.days:
        raise InvalidInput(
            "a token lives 1 to 90 days", Problem("days", "is out of range", "give 1 to 90")
        )
    user = _user(work, user_id)
    if user.disabled_at is not None:
        raise Conflict(f"{user.name} is shut out: a token would open nothing")
    fresh = mint(drills_only=drills_only)
    token = ApiToken(
        user_id=user.id,
        prefix=fresh.prefix,
        sha256=fresh.sha256,
        label=label,
        scopes=[str(scope) for scope in scopes],
        drills_only=drills_only,
        created_at=work.now,
        expires_at=work.now + timedelta(days=days),
    )
    work.session.add(token)
    work.session.flush()
    audit.record(
        work,
        "token.create",
        subject_type="token",
        subject_id=token.id,
        user_id=user.id,
        scopes=[str(scope) for scope in scopes] or None,
        drills_only=drills_only,
        expires_at=token.expires_at,
    )
    return token, fresh.secret


def revoke_token(work: Work, token_id: UUID) -> ApiToken:
    """End a token; the next request with it is refused."""
    _require_management(work)
    token = work.session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("there is no such token")
    if token.revoked_at is None:
        token.revoked_at = work.now
        audit.record(
            work,
            "token.revoke",
            subject_type="token",
            subject_id=token.id,
            user_id=token.user_id,
        )
    return token


def tokens(work: Work, user_id: UUID) -> Sequence[ApiToken]:
    """The tokens of a user, newest first; never their secrets."""
    _require_management(work)
    return rows.tokens_of(work.session, _user(work, user_id).id)


def _require_management(work: Work) -> None:
    require(work.actor, Permission.MANAGE_USERS)
    require_no_drill_token(work.actor)  # it could make itself a live one


def _user(work: Work, user_id: UUID) -> User:
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user
