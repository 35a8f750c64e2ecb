"""The sentinel: a small process that rings what is due, with the database or without it.

One thread looks at the database every few seconds. The main thread only looks at the clock: when
no look has come to its end for too long, whatever the reason, it rings from the copy.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog

from incidents.clock import SystemClock
from incidents.sentinel import kept as copies
from incidents.sentinel.blind import Blind
from incidents.sentinel.by_database import AHEAD, ByDatabase
from incidents.sentinel.dead_man import DeadMan
from incidents.sentinel.journal import Journal
from incidents.sentinel.kept import Kept, NoCopy
from incidents.settings import Settings
from incidents.sweep import Part, Sweep
from incidents.vault.keys import KEK_FILE, KeyRing
from incidents.wiring import pagers_for
from notifiers.paging import Pager

log = structlog.get_logger(__name__)

_LATE_SECONDS = 60.0  # an alarm later than that did not ring, whatever the reason
_STALE = timedelta(minutes=5)
_STOP_SECONDS = 15.0


class Sentinel:
    """One process that rings. Any number of them at once is safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._keyring = KeyRing.load(settings.key_folder / KEK_FILE)
        self._pagers: dict[str, Sequence[Pager]] = {}
        journal = Journal.of(settings)
        self._by_database = ByDatabase(settings, self._keyring, self.pagers_of, journal)
        step = timedelta(minutes=settings.alarm_step_minutes)
        self._blind = Blind(self.pagers_of, journal, step)
        self._dead_man = DeadMan(settings.dead_man_url.get_secret_value())
        self._started = time.monotonic()
        self._is_blind = False
        self._trouble = ""

    def pagers_of(self, mode: str) -> Sequence[Pager]:
        """The pagers of a mode, "live" or "drill"; made once."""
        if mode not in self._pagers:
            self._pagers[mode] = pagers_for(self._settings, mode)
        return self._pagers[mode]

    def run(self) -> None:
        """Ring what is due, until SIGTERM or Ctrl-C."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        every = self._settings.sentinel_seconds
        looks = Sweep("database", {"ring": Part(self._by_database.look)}, every)
        looks.start()
        while not stop.wait(every):
            self._tick_calmly()
        looks.stop()
        looks.join(_STOP_SECONDS)

    def once(self) -> bool:
        """Ring what is due now, and end: for cron. Whether alarms can ring."""
        look = threading.Thread(target=self._look, daemon=True)
        look.start()
        look.join(self._settings.sentinel_patience_seconds)
        heard = self._by_database.good_at is not None
        can_ring = self._can_ring() if heard else self._ring_blind()
        self._dead_man.wait()
        return can_ring

    def tick(self) -> None:
        """Is the database heard? If it was silent for too long, ring without it."""
        silent = time.monotonic() - (self._by_database.good_at or self._started)
        if silent > self._settings.sentinel_patience_seconds:
            self._ring_blind()
        elif self._by_database.good_at is not None:
            self._can_ring()

    def _tick_calmly(self) -> None:
        try:
            self.tick()
        except Exception:  # a full disk, say: the next tick must come all the same
            log.exception("the sentinel stumbled")

    def _look(self) -> None:
        try:
            self._by_database.look()
        except Exception:
            log.exception("the database was not reached")

    def _can_ring(self) -> bool:
        """Whether alarms ring through the database; the dead-man's switch is told if they do."""
        if self._is_blind:
            self._is_blind = False
            self._blind.forget()
            log.warning("the database answers again")
        kept, late = self._by_database.kept, self._by_database.lag_seconds
        if kept is None or late > _LATE_SECONDS:
            return self._fails(f"an alarm is {late:.0f} s late" if kept else "no copy was made")
        if self._clock.now() - kept.made_at > _STALE:
            return self._fails("the copy cannot be renewed")
        if not self._reaches(kept):
            return self._fails("nobody on duty has an address on any channel that is set")
        self._trouble = ""
        self._ping(kept, "the database answers")
        return True

    def _fails(self, why: str) -> bool:
        """Say once, and not at every look, why the dead-man's switch hears nothing."""
        if not self._trouble:
            log.error("alarms cannot ring", why=why)
        self._trouble = why
        return False

    def _ring_blind(self) -> bool:
        """Ring from the copy; whether everybody who had to be woken was reached."""
        now = self._clock.now()
        try:
            kept = copies.read(copies.path_of(self._settings), self._keyring)
        except NoCopy as error:
            return self._fails(f"no database, and {error.detail}")
        self._say_blind(kept)
        reached, missed = self._blind.ring(kept, now)
        if reached or missed:
            log.warning("rang from the copy", reached=reached, missed=missed)
        if now >= kept.made_at + AHEAD:
            return self._fails("no database, and the copy is older than what it foretells")
        if self._blind.is_stuck or not self._reaches(kept):
            return self._fails("no database, and pages reach nobody on duty")
        self._trouble = ""
        self._ping(kept, f"the database is unreachable, copy of {kept.made_at:%Y-%m-%dT%H:%MZ}")
        return True

    def _say_blind(self, kept: Kept) -> None:
        if not self._is_blind:
            self._is_blind = True
            log.error("the database is unreachable: ringing from the copy", made_at=kept.made_at)

    def _reaches(self, kept: Kept) -> bool:
        """Whether anybody on duty can be woken at all."""
        channels = {pager.channel for pager in self.pagers_of("live")}
        house = bool(self._settings.alarm_chat_urls.get_secret_value())
        people = [one.contact for one in kept.on_duty(self._clock.now())]
        return house or any(
            ("email" in channels and one.email)
            or ("sms" in channels and one.phone)
            or ("chat" in channels and one.chat)
            for one in people
        )

    def _ping(self, kept: Kept, how: str) -> None:
        self._dead_man.ping(f"overdue={kept.overdue(self._clock.now())}; {how}")
