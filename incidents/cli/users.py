"""`tocsin user` and `tocsin token`: who may come in, kept right on the configured database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from incidents.cli.looks import moment, table
from incidents.cli.noun import NoSuchThing, say_json
from incidents.cli.screen import out

if TYPE_CHECKING:
    from incidents.database.users import User
    from incidents.work import Work

user = typer.Typer(help="Who may come in; right on the database.", no_args_is_help=True)
token = typer.Typer(help="Tokens for the API; right on the database.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name.")]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="reporter, responder, commander, privacy_officer, approver, auditor, administrator.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@user.command("create")
def create_user(name: Name, role: Roles = None) -> None:
    """Add somebody to the team; `tocsin token create` lets them in."""
    with _console() as work:
        made = _create(work, name, role or [])
        out().print(f"{made.name}: {', '.join(made.roles)}")


@user.command("list")
def list_users(as_json: Json = False) -> None:
    """Everybody."""
    from incidents.services import users

    with _console() as work:
        rows: list[dict[str, Any]] = [
            {"name": one.name, "roles": one.roles, "disabled": one.disabled_at is not None}
            for one in users.everybody(work)
        ]
    if as_json:
        say_json(rows)
        return
    made = table("name", "roles", "")
    for row in rows:
        made.add_row(row["name"], ", ".join(row["roles"]), "disabled" if row["disabled"] else "")
    out().print(made)


@user.command("disable")
def disable_user(name: Name) -> None:
    """Shut somebody out at once; their deeds stay on record."""
    from incidents.services import users

    with _console() as work:
        users.disable(work, _user(work, name).id)
        out().print(f"{name} is shut out.")


@token.command("create")
def create_token(
    name: Name,
    role: Roles = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it lives.")] = 90,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    drills_only: Annotated[bool, typer.Option("--drills-only", help="Opens drills only.")] = False,
) -> None:
    """Make a token; its secret is shown this once. With --role the user is made too, if new."""
    from incidents.services import users

    with _console() as work:
        known = [one for one in users.everybody(work) if one.name == name]
        whom = known[0] if known else _create(work, name, role or [])
        if known and role and set(role) != set(whom.roles):
            raise typer.BadParameter(f"{name} is {', '.join(whom.roles)} already; leave --role out")
        _, secret = users.create_token(
            work, whom.id, label=label, drills_only=drills_only, days=days
        )
    typer.echo(secret)


@token.command("show")
def show_token(
    name: Annotated[str, typer.Argument(help="In tokens.json, or how it begins.")] = "",
) -> None:
    """Print a token that the first start of `tocsin serve` kept here, for curl and scripts."""
    from incidents.kept_tokens import kept_token

    typer.echo(kept_token(name))


@token.command("list")
def list_tokens(name: Name) -> None:
    """Somebody's tokens, newest first; never their secrets."""
    from incidents.services import users

    made = table("begins with", "label", "expires", "")
    with _console() as work:
        for one in users.tokens(work, _user(work, name).id):
            state = "revoked" if one.revoked_at else "drills only" if one.drills_only else ""
            made.add_row(one.prefix, one.label, moment(one.expires_at), state)
    out().print(made)


@token.command("revoke")
def revoke_token(
    name: Name, prefix: Annotated[str, typer.Argument(help="How it begins, as `list` shows it.")]
) -> None:
    """End a token at once."""
    from incidents.services import users

    with _console() as work:
        fitting = [one for one in users.tokens(work, _user(work, name).id) if prefix == one.prefix]
        if not fitting:
            raise NoSuchThing(f"{name} has no token that begins with {prefix}")
        for one in fitting:
            users.revoke_token(work, one.id)
    out().print(f"{prefix}… is revoked.")


@contextmanager
def _console() -> Iterator[Work]:
    from incidents.first_start import CONSOLE
    from incidents.office import open_office
    from incidents.settings import Settings

    with open_office(Settings()).work(CONSOLE) as work:
        yield work


def _create(work: Work, name: str, roles: list[str]) -> User:
    from incidents.rules.permissions import Role
    from incidents.services import users

    unknown = sorted(set(roles) - {role.value for role in Role})
    if unknown or not roles:
        what = f"there is no role {unknown[0]}" if unknown else "give at least one --role"
        raise typer.BadParameter(f"{what}; roles: {', '.join(Role)}", param_hint="--role")
    return users.create(work, name, [Role(role) for role in roles])


def _user(work: Work, name: str) -> Any:
    from incidents.services import users

    for one in users.everybody(work):
        if one.name == name:
            return one
    raise NoSuchThing(f"there is no user {name}")
