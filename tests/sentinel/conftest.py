"""What a sentinel has at hand: a copy, a journal, pagers that keep what they were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from incidents.sentinel.journal import Journal
from incidents.sentinel.kept import Kept, KeptAlarm, KeptPerson, KeptTurn
from notifiers.paging import Contact, Page, Paged

MADE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)
FIRST = KeptPerson("u1", "Ada", 0, Contact("Ada", email="ada@example.com", phone="+12025550101"))
SECOND = KeptPerson("u2", "Bo", 1, Contact("Bo", email="bo@example.com"))


def alarm(minutes: float, incident: str = "INC-2026-0001", mode: str = "live") -> KeptAlarm:
    at = MADE + timedelta(minutes=minutes)
    words = f"{incident} of {minutes}"
    return KeptAlarm(f"{incident}@{minutes}", at, incident, mode, words, words, words)


def kept(*alarms: KeptAlarm, people=(FIRST, SECOND)) -> Kept:
    turn = KeptTurn(MADE - timedelta(days=1), MADE + timedelta(days=7), tuple(people))
    return Kept(MADE, tuple(alarms), (turn,), (MADE + timedelta(hours=1),))


def after(minutes: float) -> datetime:
    return MADE + timedelta(minutes=minutes)


@dataclass
class KeepingPager:
    """Answers as it is told, and keeps what it was given."""

    channel: str = "email"
    answers: str = "accepted"
    pages: list[tuple[str, Page]] = field(default_factory=list)

    def page(self, to: Contact, page: Page) -> Paged:
        if self.answers == "raise":
            raise RuntimeError("broken")
        self.pages.append((to.name, page))
        return Paged(self.channel, self.answers, "")

    @property
    def woke(self) -> list[tuple[str, str]]:
        return sorted((name, page.text.splitlines()[-1]) for name, page in self.pages)


@pytest.fixture
def journal(tmp_path) -> Journal:
    return Journal(tmp_path / "sentinel" / "journal.jsonl")


@pytest.fixture
def pager() -> KeepingPager:
    return KeepingPager()
