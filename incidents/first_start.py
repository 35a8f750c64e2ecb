"""The first start on an empty data folder: a few people to begin with, and their tokens.

One person with every role could approve their own words; so there are four, each with the
least that a trial of the whole loop needs. A production makes its own with `tocsin user create`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from incidents.kept_tokens import TOKENS_FILE, known_people, write_tokens
from incidents.rules.permissions import Role
from incidents.services import users
from incidents.settings import Settings
from incidents.work import Actor, Office

# Whoever has the database and its keys at hand may keep users: the command on that machine.
CONSOLE = Actor.with_roles(UUID(int=1), "console of the server", Role.ADMINISTRATOR)

PEOPLE: Mapping[str, tuple[Role, ...]] = {
    "ada-responder": (Role.RESPONDER, Role.COMMANDER, Role.PRIVACY_OFFICER),
    "bo-approver": (Role.APPROVER,),
    "eve-auditor": (Role.AUDITOR,),
    "admin": (Role.ADMINISTRATOR,),
}


def first_people(office: Office, url: str) -> Path | None:
    """Make the first people and keep their tokens, if there is nobody yet.

    url      where this server will answer
    Returns  the file of the tokens (0600); None when there was somebody already
    """
    with office.work(CONSOLE) as work:
        if users.everybody(work):
            return None
        tokens = {
            name: users.create_token(
                work, users.create(work, name, roles).id, label="made at the first start"
            )[1]
            for name, roles in PEOPLE.items()
        }
    return write_tokens(office.settings.data_folder, url, tokens)


def remember_url(settings: Settings, url: str) -> None:
    """Let the kept tokens say where this server answers now."""
    if (settings.data_folder / TOKENS_FILE).exists():
        before, tokens = known_people(settings.data_folder)
        if before != url:
            write_tokens(settings.data_folder, url, tokens)
