"""What a detail of an audit entry may be: closed types only, so no free text can get in.

A type is a function from a value to what stands in the entry; a value that is not of the
type raises `Unfit`. Names, contact data, message text and reasons never fit: what the
trail needs of them goes to `private` (see `log.record`), where it can be erased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TypeAlias
from uuid import UUID

Value: TypeAlias = int | bool | str | list[str] | dict[str, int]
Type: TypeAlias = Callable[[object], Value]

LARGEST_INT = 2**53 - 1  # RFC 8785: beyond it, JSON numbers of other languages lose digits


class Unfit(ValueError):
    """A detail that its kind does not declare, or that is not of the declared type."""


def whole(value: object) -> int:
    """A whole number that every JSON reader keeps exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INT:
        raise Unfit(f"needs a whole number below 2^53, not a {type(value).__name__}")
    return value


def yes_or_no(value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise Unfit(f"needs True or False, not a {type(value).__name__}")
    return value


def uuid(value: object) -> str:
    """An id of a row."""
    if not isinstance(value, UUID):
        raise Unfit(f"needs a UUID, not a {type(value).__name__}")
    return str(value)


def moment(value: object) -> str:
    """An aware moment, in UTC with microseconds: `2026-11-24T08:30:00.000000Z`."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit(f"needs an aware datetime, not a {type(value).__name__}")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def counts(value: object) -> dict[str, int]:
    """How many of each: names of ours (places, states, channels) to whole numbers."""
    if not isinstance(value, Mapping):
        raise Unfit(f"needs a mapping of counts, not a {type(value).__name__}")
    return {str(_count_name(name)): whole(count) for name, count in value.items()}


def one_of(*choices: str | type[Enum]) -> Type:
    """One word of a closed list; an `Enum` class stands for its values."""
    allowed = frozenset(
        str(word.value) if isinstance(word, Enum) else word
        for choice in choices
        for word in ([choice] if isinstance(choice, str) else choice)
    )

    def word(value: object) -> str:
        plain = value.value if isinstance(value, Enum) else value
        if not isinstance(plain, str) or plain not in allowed:
            raise Unfit(f"needs one of {', '.join(sorted(allowed))}")
        return plain

    return word


def list_of(single: Type) -> Type:
    """Several values of a type whose entries are words; their order is kept."""

    def words(value: object) -> list[str]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Collection):
            raise Unfit(f"needs a list, not a {type(value).__name__}")
        return [str(single(item)) for item in value]

    return words


def _pattern(expression: str, meaning: str) -> Type:
    matches = re.compile(expression).fullmatch

    def word(value: object) -> str:
        plain = value.value if isinstance(value, Enum) else value
        if not isinstance(plain, str) or not matches(plain):
            raise Unfit(f"needs {meaning}")  # never the value: it may be what must stay out
        return plain

    return word


sha256_hex = _pattern(r"[0-9a-f]{64}", "a SHA-256 in hex")
# For names of our catalogues (rules, steps, facts, forms), never for what a person typed.
code = _pattern(
    r"(?=.{1,80}\Z)[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*", "a name from a catalogue: lower-case words"
)
# ISO 3166-1 or -2, or the group that a law speaks for.
place = _pattern(r"EU|EEA|[A-Z]{2}(?:-[A-Z0-9]{1,3})?", "a place such as DE or US-CA")
version = _pattern(
    r"\d{4}-\d{2}-\d{2}|v?\d{1,3}(?:\.\d{1,3}){0,2}|[0-9a-f]{32,64}",
    "a version: a date, numbers with dots, or a hash",
)
key_id = _pattern(r"[0-9a-f]{8}", "the id of a key: 8 hex digits")

_count_name = _pattern(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", "names such as DE or delivered to count by")
