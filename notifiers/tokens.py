"""A person's fields in rendered words: found, filled in, escaped for where they stand."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from notifiers.envelope import Person, Words, one_line
from notifiers.errors import Refused

# Any token, whatever its notice.
TOKEN = re.compile(r"%%[A-Za-z0-9]+\.[A-Za-z0-9_]+\.[th]%%")


def token(nonce: str, field: str, kind: str) -> str:
    """The token of a field: kind `t` for plain text, `h` for HTML."""
    return f"%%{nonce}.{field}.{kind}%%"


@lru_cache(maxsize=256)
def tokens_used(words: Words, nonce: str) -> tuple[tuple[str, str, str], ...]:
    """Each (token, field, kind) that stands in the words, sorted."""
    pattern = re.compile(rf"%%{re.escape(nonce)}\.([A-Za-z0-9_]+)\.([th])%%")
    found: set[tuple[str, str]] = set()
    for part in (words.subject, words.text, words.html):
        found.update(pattern.findall(part))
    return tuple((token(nonce, field, kind), field, kind) for field, kind in sorted(found))


def values(words: Words, nonce: str, person: Person) -> dict[str, str]:
    """Token -> this person's value, escaped. Raises Refused if the person lacks a field."""
    return filled(tokens_used(words, nonce), person)


def filled(tokens: Iterable[tuple[str, str, str]], person: Person) -> dict[str, str]:
    """The same for many people, given the tokens that the words use."""
    fields = person.fields
    try:
        return {mark: escaped(fields[field], kind) for mark, field, kind in tokens}
    except KeyError as missing:
        raise Refused(f"person {person.ref} has no field {missing}") from None


def personal(words: Words, nonce: str, person: Person) -> Words:
    """The words as this one person gets them."""
    mine = values(words, nonce, person)
    return Words(fill(words.subject, mine), fill(words.text, mine), fill(words.html, mine))


def fill(text: str, mine: Mapping[str, str]) -> str:
    """Text with each token replaced; a value that looks like a token stays as it is."""
    if not mine:
        return text
    pattern = re.compile("|".join(re.escape(key) for key in mine))
    return pattern.sub(lambda found: mine[found.group()], text)


def escaped(value: str, kind: str) -> str:
    """A value as it may stand in plain text (`t`) or in HTML (`h`), always on one line."""
    plain = value if value.isprintable() else one_line(value)
    if kind != "h" or plain.replace(" ", "").isalnum():  # as most names are: nothing to escape
        return plain
    return html.escape(plain)
