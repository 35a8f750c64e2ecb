"""What the fake accepted: one line of JSON a request, appended before it is answered.

The file is the truth that tests count. In memory there are only totals, where each attempt's
line begins, and the numbers that SMS and calls went to, so a million people cost little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

By = Literal["ref", "address"]

LISTED_BY_NUMBER = {"twilio", "twilio_voice"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """One request that was taken. people: (address, ref) pairs; at: seconds since 1970."""

    provider: str
    id: str
    attempt: str
    at: float
    people: list[tuple[str, str]]
    more: dict[str, Any]


class Ledger:
    """Appends to a file, and finds what it holds again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.requests: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self._attempts: dict[str, list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        self._numbers: dict[tuple[str, str], list[int]] = {}
        self._end = 0
        # Unbuffered: what was accepted outlives a kill of this process.
        self._file = path.open("ab", buffering=0)
        for accepted, size in _lines(path):
            self._index(accepted, size)
        self._file.truncate(self._end)
        self._reader: BinaryIO = path.open("rb")

    def add(self, accepted: Accepted) -> int:
        """Write one down; gives where its line begins."""
        line = orjson.dumps(accepted, option=orjson.OPT_APPEND_NEWLINE)
        self._file.write(line)
        return self._index(accepted, len(line))

    def at(self, place: int) -> Accepted:
        """The line that begins there."""
        self._reader.seek(place)
        return _accepted(self._reader.readline())

    def of_attempt(self, attempt: str) -> list[Accepted]:
        """All that was accepted under an attempt id."""
        return [self.at(place) for place in self._attempts.get(attempt, ())]

    def of_key(self, key: str) -> list[Accepted]:
        """All that was accepted under an idempotency key, oldest first."""
        return [self.at(place) for place in self._keys.get(key, ())]

    def of_number(self, provider: str, number: str) -> list[Accepted]:
        """What a provider accepted for a number, newest first."""
        return [self.at(place) for place in reversed(self._numbers.get((provider, number), ()))]

    def summary(self) -> dict[str, dict[str, int]]:
        """Requests and people, by provider."""
        return {
            provider: {"requests": count, "people": self.people[provider]}
            for provider, count in self.requests.items()
        }

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._reader.close()

    def _index(self, accepted: Accepted, size: int) -> int:
        place, self._end = self._end, self._end + size
        self.requests[accepted.provider] += 1
        self.people[accepted.provider] += len(accepted.people)
        self._attempts.setdefault(accepted.attempt, []).append(place)
        if key := accepted.more.get("key"):
            self._keys.setdefault(key, []).append(place)
        if accepted.provider in LISTED_BY_NUMBER:
            line = (accepted.provider, accepted.people[0][0])
            self._numbers.setdefault(line, []).append(place)
        return place


def read(path: Path) -> Iterator[Accepted]:
    """Every line of a ledger, oldest first."""
    for accepted, _ in _lines(path):
        yield accepted


def times_told(path: Path, by: By = "ref", provider: str = "") -> Counter[str]:
    """How often each person was accepted. By ref: a family's address may stand for many."""
    told: Counter[str] = Counter()
    column = 1 if by == "ref" else 0
    for accepted in read(path):
        if not provider or accepted.provider == provider:
            told.update(person[column] for person in accepted.people)
    return told


def _lines(path: Path) -> Iterator[tuple[Accepted, int]]:
    """Each whole line and its size in bytes; the last one may be half written."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield _accepted(line), len(line)


def _accepted(line: bytes) -> Accepted:
    return Accepted(**orjson.loads(line))
