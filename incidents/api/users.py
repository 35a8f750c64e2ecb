"""Users and tokens over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Shape, View, needs, router_for
from incidents.rules.permissions import Permission, Role
from incidents.services import users

router = router_for("users")

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class CreateUser(Shape):
    """A new user."""

    name: Name
    roles: list[Role] = Field(min_length=1, max_length=len(Role))


class CreateToken(Shape):
    """A new token: for what, how long, and whether for drills only."""

    label: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    scopes: list[Permission] = Field(default=[], max_length=len(Permission))
    drills_only: bool = False
    days: Annotated[int, Field(ge=1, le=90)] = 90


class UserView(View):
    """A user."""

    id: UUID
    name: str
    roles: list[Role]
    created_at: datetime
    disabled_at: datetime | None


class TokenView(View):
    """A token, by its first letters; its secret is shown once, when it is made."""

    id: UUID
    prefix: str
    label: str
    scopes: list[str]
    drills_only: bool
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewTokenView(TokenView):
    """A new token with its secret: keep it now, it is shown this once."""

    secret: str


@router.post("/users", status_code=201, **needs(Permission.MANAGE_USERS))
def create_user(body: CreateUser, work: OpenWork) -> UserView:
    """Add somebody to the team."""
    return UserView.model_validate(users.create(work, body.name, body.roles))


@router.get("/users", **needs(Permission.MANAGE_USERS))
def list_users(work: LookWork) -> list[UserView]:
    """Everybody."""
    return [UserView.model_validate(user) for user in users.everybody(work)]


@router.delete("/users/{user_id}", **needs(Permission.MANAGE_USERS))
def disable_user(user_id: UUID, work: OpenWork) -> UserView:
    """Shut somebody out at once; their deeds stay on record."""
    return UserView.model_validate(users.disable(work, user_id))


@router.post("/users/{user_id}/tokens", status_code=201, **needs(Permission.MANAGE_USERS))
def create_token(user_id: UUID, body: CreateToken, work: OpenWork) -> NewTokenView:
    """Make an API token; the reply shows its secret this once."""
    token, secret = users.create_token(
        work,
        user_id,
        label=body.label,
        scopes=body.scopes,
        drills_only=body.drills_only,
        days=body.days,
    )
    return NewTokenView(**TokenView.model_validate(token).model_dump(), secret=secret)


@router.get("/users/{user_id}/tokens", **needs(Permission.MANAGE_USERS))
def list_tokens(user_id: UUID, work: LookWork) -> list[TokenView]:
    """The tokens of a user, newest first."""
    return [TokenView.model_validate(token) for token in users.tokens(work, user_id)]


@router.delete("/tokens/{token_id}", **needs(Permission.MANAGE_USERS))
def revoke_token(token_id: UUID, work: OpenWork) -> TokenView:
    """End a token at once."""
    return TokenView.model_validate(users.revoke_token(work, token_id))
