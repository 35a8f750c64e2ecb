"""One line of a list of affected people: what of it can be used, and what is wrong with it.

A person with one bad address is kept, without that address. A person without any usable
address is kept too: they are affected, are counted, and are told by an announcement.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from incidents.rules.addresses import (
    FORMULA,
    Unusable,
    read_email,
    read_locale,
    read_phone,
    read_place,
)

# The columns that we know, with the most characters that one may hold; any other is the
# list's own field.
COLUMNS: Mapping[str, int] = {
    "ref": 200,
    "name": 200,
    "email": 254,
    "phone": 60,
    "locale": 40,
    "place": 80,
    "push_token": 4096,
    "postal_address": 500,
}
ADDRESSES = ("email", "phone", "push_token", "postal_address")
LONGEST_OWN_FIELD = 1000

REASONS: Mapping[str, str] = {
    "too_long": "is too long",
    "control_characters": "holds a line break or another character that cannot be shown",
    "formula": "starts with a sign that makes a spreadsheet take it for a formula",
    "not_an_email": "is not an e-mail address; write one bare address such as name@example.com",
    "email_not_ascii": "has letters before the @ that most mail servers refuse",
    "not_a_number": "is not a valid phone number; write it as +44 7700 900123",
    "no_country_code": "is a phone number without country code, and the line has no usable place",
    "not_a_locale": "is not a language tag such as en or zh-Hans",
    "not_a_place": "is not a place; write an ISO 3166 code such as DE or US-CA",
    "not_a_token": "is not a push token",
    "not_a_postal_address": "is too short for a postal address",
    "nobody": "nothing on this line says who is meant",
    "not_utf8": "the line is not UTF-8; save the list as UTF-8",
    "nul": "the line holds a NUL character",
    "line_too_long": "the line is too long",
    "open_quote": "a quote is opened and never closed",
    "broken_quote": "a quote stands inside a quoted value; write it twice",
    "line_break": "a line break stands outside of quotes",
    "too_few_fields": "has fewer values than the header has columns",
    "too_many_fields": "has more values than the header has columns; quote what holds a separator",
}

# Steers instead of being read: controls, breaks, text direction; U+FFFD marks text that was
# damaged before it came here.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffd]")
_SURELY_SHORT = 200  # characters of a line: no value of it is longer than it may be
_PUSH_TOKEN = re.compile(r"[!-~]{8,}")
_SHORTEST_POSTAL_ADDRESS = 5


class Flaw(NamedTuple):
    """What is wrong, and in which column; an empty column means the whole line."""

    column: str
    reason: str


class Person(NamedTuple):
    """One affected person; what is not known is empty."""

    ref: str
    name: str
    email: str
    phone: str
    locale: str
    place: str
    push_token: str
    postal_address: str
    fields: dict[str, str]


class PersonReader:
    """Reads the persons of a list with these columns."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._known = [
            (columns.index(column), slot, column, _READERS[column])
            for column, slot in _IN_ORDER
            if column in columns
        ]
        self._own = [(at, name) for at, name in enumerate(columns) if name not in COLUMNS]

    def read(self, values: Sequence[str]) -> tuple[Person | None, list[Flaw]]:
        """The person of one line, and what of the line could not be used.

        Returns  None for a line that names nobody
        """
        values, flaws = self._without_harm(values)
        known = [""] * len(COLUMNS)
        for at, slot, column, read in self._known:
            if text := values[at].strip():
                try:
                    known[slot] = read(text, known[_PLACE])
                except Unusable as unusable:
                    flaws.append(Flaw(column, unusable.reason))
        own = {name: text for at, name in self._own if (text := values[at].strip())}
        person = Person._make([*known, own])
        if person.ref or person.name or any(getattr(person, column) for column in ADDRESSES):
            return person, flaws
        return None, [*flaws, Flaw("", "nobody")]

    def _without_harm(self, values: Sequence[str]) -> tuple[Sequence[str], list[Flaw]]:
        """The values, those left empty that are too long or hold what cannot be shown."""
        line = "".join(values)
        if len(line) <= _SURELY_SHORT and line.isprintable() and "\ufffd" not in line:
            return values, []  # nearly all lines; looking at each value would take its time
        harms = [_harm(*item) for item in zip(self._columns, values, strict=True)]
        flaws = [Flaw(*item) for item in zip(self._columns, harms, strict=True) if item[1]]
        return ["" if harm else value for value, harm in zip(values, harms, strict=True)], flaws


def identity(person: Person, values: Sequence[str]) -> str:
    """What makes two lines the same person: the ref, else name and address, else the whole line.

    Two people who share a mailbox have two names, and stay two.
    """
    if person.ref:
        return f"ref\0{person.ref}"
    if person.name:
        name = " ".join(person.name.split()).casefold()
        if person.email:
            return f"email\0{name}\0{person.email.lower()}"
        if person.phone:
            return f"phone\0{name}\0{person.phone}"
        if person.postal_address:
            return f"post\0{name}\0{postal_key(person.postal_address)}"
    return "line\0" + "\0".join(values)


def postal_key(address: str) -> str:
    """A postal address as it is compared: without case, commas and extra spaces."""
    return " ".join(address.replace(",", " ").split()).casefold()


def _harm(column: str, value: str) -> str:
    text = value.strip()
    if len(text) > COLUMNS.get(column, LONGEST_OWN_FIELD):
        return "too_long"
    if column == "postal_address":
        text = text.replace("\r\n", "").replace("\n", "")
    return "control_characters" if _HARMFUL.search(text) else ""


def _name(text: str, _place: str) -> str:
    if text.startswith(FORMULA):
        raise Unusable("formula")
    return unicodedata.normalize("NFC", text)


def read_push_token(text: str) -> str:
    """A push token as it is kept."""
    if not _PUSH_TOKEN.fullmatch(text):
        raise Unusable("not_a_token")
    return text


def read_postal_address(text: str) -> str:
    """A postal address as it is kept."""
    if len(text) < _SHORTEST_POSTAL_ADDRESS:
        raise Unusable("not_a_postal_address")
    return text.replace("\r\n", "\n")


def _as_given(text: str, _place: str) -> str:
    return text


_READERS: Mapping[str, Callable[[str, str], str]] = {
    "ref": _as_given,
    "name": _name,
    "email": lambda text, _place: read_email(text),
    "phone": read_phone,
    "locale": lambda text, _place: read_locale(text),
    "place": lambda text, _place: read_place(text),
    "push_token": lambda text, _place: read_push_token(text),
    "postal_address": lambda text, _place: read_postal_address(text),
}
_PLACE = list(COLUMNS).index("place")
# The place first: it tells which country's a national phone number is.
_IN_ORDER = sorted(
    ((column, slot) for slot, column in enumerate(COLUMNS)), key=lambda item: item[1] != _PLACE
)
