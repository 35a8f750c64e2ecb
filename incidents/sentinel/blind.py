"""Ringing without the database: what the copy says is due, to whom, and that it was done.

Nobody can acknowledge while the database is gone, so each alarm climbs level by level until
everybody on duty has heard it once. Rather twice than not at all: what is not in the journal
rings, and a page that nobody took is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from incidents.sentinel.journal import Journal, Rang
from incidents.sentinel.kept import Kept, KeptAlarm, KeptPerson
from notifiers.paging import Page, Paged, Pager

log = structlog.get_logger(__name__)

PagersOf = Callable[[str], Sequence[Pager]]
MARK = "Database unreachable"
_AT_ONCE = 8
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=20), timedelta(minutes=10)
_WRITTEN = {"email", "chat", "sandbox"}
_REACHED = {"accepted", "unknown"}


@dataclass(frozen=True, slots=True)
class Due:
    """One person is to be paged for one incident.

    alarm    the latest that is due; its words stand for the earlier ones
    ids      of all alarms that the page stands for
    is_loud  one of them wakes people; else they are written to, unless that reaches nobody
    """

    alarm: KeptAlarm
    person: KeptPerson
    ids: tuple[str, ...]
    is_loud: bool


def due_pages(kept: Kept, rang: Sequence[Rang], now: datetime, step: timedelta) -> Iterator[Due]:
    """Whom to page for what: by the copy, without what the journal holds already.

    step  how long an alarm waits before it wakes the next level
    """
    done = {(alarm, one.user_id) for one in rang for alarm in one.alarms}
    people = kept.on_duty(now)
    come = sorted(
        (one for one in kept.alarms if one.at <= now), key=lambda one: (one.incident, one.at)
    )
    for _, alarms in groupby(come, key=lambda one: one.incident):
        of_incident = list(alarms)
        for person in people:
            waiting = [
                one
                for one in of_incident
                if now >= one.at + person.level * step and (one.id, person.user_id) not in done
            ]
            if waiting:
                ids = tuple(one.id for one in waiting)
                yield Due(of_incident[-1], person, ids, any(one.is_loud for one in waiting))


class Blind:
    """Rings from the copy; remembers what nobody took, so as not to hammer a broken provider."""

    def __init__(self, pagers_of: PagersOf, journal: Journal, step: timedelta) -> None:
        self._pagers_of, self._journal, self._step = pagers_of, journal, step
        self._pauses: dict[tuple[str, str], tuple[datetime, timedelta]] = {}
        self._rang: list[Rang] = []  # by this process, should the journal fail

    @property
    def is_stuck(self) -> bool:
        """Whether somebody waits to be paged whom no provider took a page for."""
        return bool(self._pauses)

    def forget(self) -> None:
        """Begin anew: the database rings again."""
        self._pauses.clear()
        self._rang.clear()

    def ring(self, kept: Kept, now: datetime) -> tuple[int, int]:
        """Page whoever is to be paged now; how many were reached, and how many were not."""
        due = [
            one
            for one in due_pages(kept, [*self._read(), *self._rang], now, self._step)
            if self._pauses.get(_key(one), (now, _FIRST_PAUSE))[0] <= now
        ]
        if not due:
            return 0, 0
        with ThreadPoolExecutor(min(len(due), _AT_ONCE), thread_name_prefix="blind") as pool:
            reached = list(pool.map(lambda one: self._page(one, kept, now), due))
        return sum(reached), len(reached) - sum(reached)

    def _page(self, due: Due, kept: Kept, now: datetime) -> bool:
        page = words(due.alarm, kept.made_at)
        pagers = self._pagers_of(due.alarm.mode)
        written = [one for one in pagers if due.is_loud or one.channel in _WRITTEN]
        results = _page_all(written, due.person, page)
        if not (reached := _reached(results, due)):
            results += _page_all([one for one in pagers if one not in written], due.person, page)
            reached = _reached(results, due)
        if reached:
            self._pauses.pop(_key(due), None)
            self._keep(_rang(due, results, now))
        else:
            self._try_later(due, now)
        return reached

    def _read(self) -> list[Rang]:
        try:
            return self._journal.read()
        except OSError:
            log.exception("the journal cannot be read: what rang before may ring again")
            return []

    def _keep(self, rang: Rang) -> None:
        self._rang.append(rang)
        try:
            self._journal.write(rang)
        except OSError:
            log.exception("the journal cannot be written: a restart may ring this again")

    def _try_later(self, due: Due, now: datetime) -> None:
        _, pause = self._pauses.get(_key(due), (now, _FIRST_PAUSE))
        self._pauses[_key(due)] = (now + pause, min(pause * 2, _LONGEST_PAUSE))
        log.error("a page was taken by nobody", incident=due.alarm.incident, level=due.person.level)


def words(alarm: KeptAlarm, made_at: datetime) -> Page:
    """The words of an alarm, marked: what they say was true when the copy was made."""
    as_of = f"{made_at:%Y-%m-%d %H:%M} UTC"
    about = (
        f"{MARK}. Tocsin's sentinel rings from its own copy of {as_of}: what follows may have been"
        " settled since. Nobody can acknowledge until the database answers again, so everybody on"
        " duty is woken in turn. See to the database too."
    )
    return Page(
        subject=f"[{MARK}] {alarm.subject}",
        text=f"{about}\n\n{alarm.text}",
        short=f"{MARK}, as of {as_of}: {alarm.short}",
        link="",
        code="",
        drill=alarm.mode == "drill",
    )


def _page_all(pagers: Sequence[Pager], person: KeptPerson, page: Page) -> list[Paged]:
    """One person on several channels side by side: none waits for one that hangs."""
    if not pagers:
        return []
    with ThreadPoolExecutor(len(pagers), thread_name_prefix="pages") as pool:
        return list(pool.map(lambda pager: _calmly(pager, person, page), pagers))


def _calmly(pager: Pager, person: KeptPerson, page: Page) -> Paged:
    try:
        return pager.page(person.contact, page)
    except Exception as error:  # the other channels must ring all the same
        log.exception("a pager failed", channel=pager.channel)
        return Paged(pager.channel, "refused", type(error).__name__)


def _reached(results: Sequence[Paged], due: Due) -> bool:
    """Whether anybody may have been woken: the sandbox takes every page, and reaches nobody."""
    return any(
        one.outcome in _REACHED and (one.channel != "sandbox" or due.alarm.mode == "drill")
        for one in results
    )


def _rang(due: Due, results: Sequence[Paged], now: datetime) -> Rang:
    return Rang(
        at=now,
        incident=due.alarm.incident,
        mode=due.alarm.mode,
        user_id=due.person.user_id,
        level=due.person.level,
        alarms=due.ids,
        outcomes={one.channel: one.outcome for one in results},
    )


def _key(due: Due) -> tuple[str, str]:
    return due.alarm.incident, due.person.user_id
