"""Letters laid out as PDF with their fonts in it, a whole notice each; processor time of one core.

One by one, and 200 in a batch; the words are those of the sample breach, in English and Chinese.
Nobody gets two letters: typst remembers what it has laid out once.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.figures import Value
from incidents.rendering import draft, render
from incidents.rules.vocabulary import TEMPLATES
from notifiers.letters.press import Letter, Press
from notifiers.tokens import token
from playbooks.sample.story import learned_later, opening_body

KIND = "personal_data_leak"
NONCE = "bench"
BATCH, BATCHES = 200, 5
# Fonts are read once; and for ten calls typst keeps what it remembers of letters before.
WARM = 12
PEOPLE = {
    "en": ("Ada Example", "1 Sample Street", "10115 Berlin"),
    "zh-Hans": ("李示例", "示例路12号", "上海 200000"),
}


def measure(asked: Namespace) -> Iterator[Value]:
    """Letters a second of one core's time, by language."""
    for locale, address in PEOPLE.items():
        letters = [_letter(number, address) for number in range(BATCH * (BATCHES + 1))]
        batches = [letters[at : at + BATCH] for at in range(0, len(letters), BATCH)]
        printer = _Printer(locale)
        for number in range(WARM):
            printer.print([_letter(len(letters) + number, address)])
        single = printer.rate([[one] for one in batches[0]])
        yield Value("letters one by one/s", locale, single)
        yield Value(f"letters in batches of {BATCH}/s", locale, printer.rate(batches[1:]))


class _Printer:
    """A press with the words of one language."""

    def __init__(self, locale: str) -> None:
        words = draft(KIND, locale, _facts(), datetime.now(UTC).date())
        made = render(KIND, locale, "letter", words, "N-BENCH", "https://example.com/n", NONCE)
        self._html = made.html or ""
        self._press = Press(TEMPLATES)
        language, _, script = locale.partition("-")
        self._head = {
            "title": made.subject or "",
            "organisation": words.organisation,
            "sender": words.organisation,
            "lang": {"language": language, "script": script.lower() or "latn"},
        }

    def print(self, letters: Sequence[Letter]) -> None:
        """One batch."""
        self._press.print(self._head, self._html, letters)

    def rate(self, batches: Sequence[Sequence[Letter]]) -> float:
        """Letters for each second of processor time, whatever thread spent it."""
        began = time.process_time()
        for batch in batches:
            self.print(batch)
        return sum(map(len, batches)) / (time.process_time() - began)


def _facts() -> dict[str, Any]:
    now = datetime.now(UTC)
    facts: dict[str, Any] = opening_body(now)["facts"]
    for part in learned_later(now):
        facts |= part["facts"]
    return facts


def _letter(number: int, address: tuple[str, ...]) -> Letter:
    name = f"{address[0]} {number}"
    return Letter(f"BENCH-{number:04}", (name, *address[1:]), {token(NONCE, "name", "h"): name})
