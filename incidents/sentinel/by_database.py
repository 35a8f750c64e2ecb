"""While the database answers: ring what is due, tell it what rang without it, copy what comes."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

import structlog

from incidents.clock import SystemClock
from incidents.database.engine import open_engine
from incidents.sentinel import kept as copies
from incidents.sentinel.blind import PagersOf
from incidents.sentinel.journal import Journal
from incidents.sentinel.kept import Kept, KeptAlarm, KeptPerson, KeptTurn
from incidents.services import alarms, blind_alarms, deadlines, rota
from incidents.services.blind_alarms import BlindPage
from incidents.settings import Settings
from incidents.vault.keys import KeyRing
from incidents.work import TOCSIN, Office, Work

log = structlog.get_logger(__name__)

AHEAD = timedelta(days=14)
_COPY_EVERY = timedelta(minutes=1)
_ANSWER_SECONDS = 5.0  # of the database, to one connection or statement


class ByDatabase:
    """One process's looks at the database.

    good_at      when the last look came to its end, by the monotonic clock; None: none did
    lag_seconds  for how long an alarm was due and did not ring, at that look
    kept         the last copy that was made here
    """

    def __init__(
        self, settings: Settings, keyring: KeyRing, pagers_of: PagersOf, journal: Journal
    ) -> None:
        self._settings, self._keyring = settings, keyring
        self._pagers_of, self._journal = pagers_of, journal
        self.good_at: float | None = None
        self.lag_seconds = 0.0
        self.kept: Kept | None = None

    @cached_property
    def _office(self) -> Office:
        url = self._settings.database
        engine = open_engine(url, pool_size=2, answer_seconds=_ANSWER_SECONDS)
        return Office(self._settings, engine, self._keyring, SystemClock())

    def look(self) -> None:
        """One look at the database. Whatever is raised here, the copy rings instead."""
        self._must_be_there()
        self._tell()
        rang = alarms.ring_due(self._office, self._pagers_of)
        self._copy(at_once=rang > 0)
        with self._office.look(TOCSIN) as work:
            self.lag_seconds = alarms.lag(work)
        self.good_at = time.monotonic()

    def _must_be_there(self) -> None:
        # SQLite would make an empty file, and Tocsin would start anew on it.
        url = self._settings.database
        if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
            raise FileNotFoundError(url)

    def _tell(self) -> None:
        rang = self._journal.read()
        if not rang:
            return
        pages = [
            BlindPage(UUID(one.id), one.at, one.incident, one.level, one.outcomes) for one in rang
        ]
        with self._office.work(TOCSIN) as work:
            news = blind_alarms.record(work, pages)
        log.info("told the database what rang without it", pages=news)
        self._journal.forget({one.id for one in rang})

    def _copy(self, *, at_once: bool) -> None:
        with self._office.look(TOCSIN) as work:
            fresh = self.kept is not None and work.now < self.kept.made_at + _COPY_EVERY
            if fresh and not at_once:
                return
            kept = copy_of(work)
        try:
            copies.write(copies.path_of(self._settings), self._keyring, kept)
        except OSError:  # the database rings all the same; the old copy grows stale, and is told
            log.exception("the copy could not be written")
            return
        # Who and when is remembered; the words stay on the disk.
        self.kept = replace(kept, alarms=())


def copy_of(work: Work) -> Kept:
    """What will ring in the next fourteen days if nobody does anything, and whom it wakes."""
    until = work.now + AHEAD
    return Kept(
        made_at=work.now,
        alarms=tuple(
            KeptAlarm(
                id=one.id,
                at=one.at,
                incident=one.incident_number,
                mode=one.mode,
                subject=one.subject,
                text=one.text,
                short=one.short,
                is_loud=one.is_loud,
            )
            for one in alarms.upcoming(work, until)
        ),
        turns=tuple(
            KeptTurn(turn.start, turn.until, tuple(_person(one) for one in turn.on_duty))
            for turn in rota.turns_between(work, work.now, until)
        ),
        hard_dues=tuple(deadlines.hard_clocks(work)),
    )


def _person(one: rota.OnDuty) -> KeptPerson:
    return KeptPerson(str(one.user_id), one.name, one.level, one.contact)
