"""One piece of work: who does it, when, in which transaction, and whom to tell after.

`Office` is what a process has at hand (database, keys, clock, bell); `Work` is one
transaction of one actor. The door opens it and commits it, once; services only use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from incidents.clock import Clock, SystemClock
from incidents.database.engine import asking, end_reading, reading
from incidents.errors import NotPermitted
from incidents.rules.permissions import Permission, Role, permissions_of, refusal
from incidents.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    from incidents.vault.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a token of theirs, or Tocsin itself.

    drills_only  a test token: may touch drills and nothing else
    """

    id: UUID
    name: str
    permissions: frozenset[Permission]
    drills_only: bool = False

    @classmethod
    def with_roles(cls, actor_id: UUID, name: str, *roles: Role) -> Actor:
        """An actor who may do what these roles may."""
        return cls(actor_id, name, permissions_of(frozenset(roles)))


# Tocsin itself, when nobody asked: sweeps, receipts, playbooks. May do everything but
# what takes a human decision: it can never approve words.
_HUMAN_ONLY = {Permission.APPROVE_NOTICE, Permission.APPROVE_ANNOUNCEMENT, Permission.MANAGE_USERS}
TOCSIN = Actor(UUID(int=0), "tocsin", frozenset(Permission) - _HUMAN_ONLY)


# A stranger from the street: may do nothing that asks for a permission.
NOBODY = Actor(UUID(int=1), "nobody", frozenset())


def require(actor: Actor, permission: Permission) -> None:
    """Refuse unless `actor` holds `permission`; every service function begins with this."""
    if permission not in actor.permissions:
        raise refusal(permission)


def require_no_drill_token(actor: Actor) -> None:
    """Refuse a token for drills: what is asked for reaches beyond them."""
    if actor.drills_only:
        raise NotPermitted("this token is for drills: it reaches nothing beyond them")


class Bell(Protocol):
    """Tells whoever may be listening that there is something to look at; never fails."""

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Say «look at `name`», for one subject or for all."""
        ...


class SilentBell:
    """Nobody listens: the sweep will find it."""

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Office:
    """What one process has at hand.

    routes  mode ("live", "drill") -> channel -> who carries it: `smtp`, or several with weights,
            `sendgrid:3,smtp:1`; drills only ever have the sandbox
    """

    settings: Settings
    engine: Engine
    keyring: KeyRing
    clock: Clock = field(default_factory=SystemClock)
    bell: Bell = field(default_factory=SilentBell)
    routes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    _reader: Engine = field(init=False, repr=False)
    _asker: Engine = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reader", reading(self.engine))
        object.__setattr__(self, "_asker", asking(self.engine))

    def work(self, actor: Actor) -> Work:
        """A piece of work that may write."""
        return Work(self, actor, self.engine)

    def look(self, actor: Actor) -> Work:
        """A piece of work that only reads: takes no write lock, and writes nothing."""
        return Work(self, actor, self._reader, writes=False)

    def ask(self) -> Connection:
        """A connection to ask one thing again and again, without a transaction; a context."""
        return self._asker.connect()


class Work:
    """One transaction of one actor; used as a context, it commits when nothing was raised."""

    def __init__(
        self, office: Office, actor: Actor, engine: Engine, *, writes: bool = True
    ) -> None:
        self.office = office
        self.actor = actor
        self.writes = writes
        self.session = Session(engine, expire_on_commit=False)
        self.now: datetime = office.clock.now()
        self._bells: dict[tuple[str, UUID | None], None] = {}

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        return self.office.settings

    @property
    def keyring(self) -> KeyRing:
        """The keys of this process."""
        return self.office.keyring

    def ring(self, name: str, subject_id: UUID | None = None) -> None:
        """Ring a bell once the work is committed; equal bells ring once."""
        self._bells[name, subject_id] = None

    def commit(self) -> None:
        """Make it so, then ring. A bell that nobody hears changes nothing: the sweep looks too.

        A look only ends.
        """
        if not self.writes:
            end_reading(self.session)
            return
        self.session.commit()
        bells, self._bells = self._bells, {}
        for name, subject_id in bells:
            self.office.bell.ring(name, subject_id)

    def close(self) -> None:
        """Give the connection back; what was not committed never was."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()
