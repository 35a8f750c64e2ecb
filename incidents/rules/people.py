"""One line of a list of affected people: what of it can be used, and what is wrong with it.

A person with one bad address is kept, without that address. A person without any usable
address is kept too: they are affected, are counted, and are told by an announcement.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
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
    "not_a_token": "is not a push token; a browser's subscription is written without spaces",
    "not_a_postal_address": "is too short for a postal address",
    "nobody": "nothing on this line says who is meant",
    "not_utf8": "the line is not in the encoding of the list; save it as UTF-8",
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
_PUSH_TOKEN = re.compile(r"[!-~]{8,}")
_SHORTEST_POSTAL_ADDRESS = 5


class Flaw(NamedTuple):
    """What is wrong, and in which column; an empty column means the whole line."""

    column: str
    reason: str


Flaws = dict[int, list[Flaw]]


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
        self._known = [column for column in _IN_ORDER if column in columns]
        self._own = [column for column in columns if column not in COLUMNS]

    def read(self, lines: Sequence[Sequence[str]]) -> tuple[list[Person | None], Flaws]:
        """The persons of some lines, and what of which line could not be used.

        Column by column: the same is done with many values, which takes half of the time.
        Returns  None for a line that names nobody; flaws by the position of the line
        """
        flaws: Flaws = defaultdict(list)
        if not lines:
            return [], flaws
        texts = {
            column: _without_harm(column, values, flaws)
            for column, values in zip(self._columns, zip(*lines, strict=True), strict=True)
        }
        nothing = [""] * len(lines)
        known = dict.fromkeys(COLUMNS, nothing)
        for column in self._known:
            known[column] = _read_column(column, texts[column], known["place"], flaws)
        people = list(map(Person, *known.values(), self._own_fields(texts, len(lines))))
        return [_somebody(at, person, flaws) for at, person in enumerate(people)], flaws

    def _own_fields(
        self, texts: Mapping[str, Sequence[str]], count: int
    ) -> Iterable[dict[str, str]]:
        if not self._own:
            return repeat({}, count)
        rows = zip(*(texts[name] for name in self._own), strict=True)
        return (
            {name: text for name, text in zip(self._own, row, strict=True) if text} for row in rows
        )


def _without_harm(column: str, values: Sequence[str], flaws: Flaws) -> list[str]:
    """The values of a column, those left empty that are too long or hold what cannot be shown."""
    texts = [value.strip() for value in values]
    together, most = "".join(texts), COLUMNS.get(column, LONGEST_OWN_FIELD)
    if together.isprintable() and "\ufffd" not in together and max(map(len, texts)) <= most:
        return texts  # nearly always; looking at each value would take its time
    for at, text in enumerate(texts):
        if harm := _harm(column, text):
            flaws[at].append(Flaw(column, harm))
            texts[at] = ""
    return texts


def _read_column(
    column: str, texts: Sequence[str], places: Sequence[str], flaws: Flaws
) -> list[str]:
    read, values = _READERS[column], list(texts)
    for at, text in enumerate(texts):
        if text:
            try:
                values[at] = read(text, places[at])
            except Unusable as unusable:
                flaws[at].append(Flaw(column, unusable.reason))
                values[at] = ""
    return values


def _somebody(at: int, person: Person, flaws: Flaws) -> Person | None:
    """The person, if their line says who is meant."""
    if person.ref or person.name or any(getattr(person, column) for column in ADDRESSES):
        return person
    flaws[at].append(Flaw("", "nobody"))
    return None


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


def _harm(column: str, text: str) -> str:
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
# The place first: it tells which country's a national phone number is.
_IN_ORDER = sorted(COLUMNS, key=lambda column: column != "place")
