"""From lines to rows: a batch of people read, known by their keys, and sealed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

import orjson

from incidents.database.base import uuid7_bytes
from incidents.database.new_people import NewInvented, NewPerson
from incidents.database.population import CONTACT_FIELDS
from incidents.rules.mail_hosts import host_of, number_of
from incidents.rules.people import (
    COLUMNS,
    REASONS,
    Flaw,
    Person,
    PersonReader,
    identity,
    postal_key,
)
from incidents.rules.people_csv import BadLine, Record
from incidents.vault.blind_index import indexer
from incidents.vault.keys import DataKey
from incidents.vault.sealed import seal_many

Row = TypeVar("Row", NewPerson, NewInvented)
# Rows are made from as many people together: few enough that they stay in the processor's cache.
_AT_ONCE = 250
MOST_LISTED = 10_000
_MOST_DOMAINS = 10_000  # some 1.5 MB
_MOST_KINDS = 1_000  # more pairs of a locale and a place no real list has; they are written often


@dataclass
class Tally:
    """What came of some lines, and what of it is to be listed."""

    read_count: int = 0
    added_count: int = 0
    duplicate_count: int = 0
    rejected_count: int = 0
    flawed_count: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    by_place: Counter[str] = field(default_factory=Counter)
    kinds: set[tuple[str, str]] = field(default_factory=set)
    to_list: list[dict[str, object]] = field(default_factory=list)

    def note(self, line: int, flaws: Iterable[Flaw], *, whole_line: bool) -> None:
        """Count what is wrong with a line; the first ones are also listed."""
        for flaw in flaws:
            column = flaw.column if flaw.column in COLUMNS else "own"
            self.by_reason[f"{column if flaw.column else 'line'}.{flaw.reason}"] += 1
            if len(self.to_list) < MOST_LISTED:
                self.to_list.append(
                    {
                        "line": line,
                        "column": flaw.column,
                        "reason": REASONS[flaw.reason],
                        "whole_line": whole_line,
                    }
                )

    def reject(self, line: int, flaws: Iterable[Flaw]) -> None:
        """Count a line of which no person could be made."""
        self.rejected_count += 1
        self.note(line, flaws, whole_line=True)

    def add(self, other: "Tally") -> None:
        """Count another tally's lines too; what it lists is not kept."""
        self.read_count += other.read_count
        self.added_count += other.added_count
        self.duplicate_count += other.duplicate_count
        self.rejected_count += other.rejected_count
        self.flawed_count += other.flawed_count
        self.by_reason += other.by_reason
        self.by_place += other.by_place
        if len(self.kinds) <= _MOST_KINDS:
            self.kinds |= other.kinds

    def counts(self) -> dict[str, object]:
        """The counts, named as in the row of an import."""
        return {
            "read_count": self.read_count,
            "added_count": self.added_count,
            "duplicate_count": self.duplicate_count,
            "rejected_count": self.rejected_count,
            "flawed_count": self.flawed_count,
            "by_reason": dict(self.by_reason),
            "by_place": dict(self.by_place),
            "kinds": sorted(self.kinds) if len(self.kinds) <= _MOST_KINDS else None,
        }


class Batch(Generic[Row]):
    """Rows of people by person key, each person once, and which of them came flawed."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.rows: dict[bytes, Row] = {}
        self.flawed: set[bytes] = set()
        self.people_count = 0

    def fresh(self, there: set[bytes]) -> list[Row]:
        """The rows of those who are not `there` yet; the tally counts them."""
        fresh = [row for person_key, row in self.rows.items() if person_key not in there]
        self.tally.added_count = len(fresh)
        self.tally.duplicate_count = self.people_count - len(fresh)
        self.tally.flawed_count = len(self.flawed - there)
        self.tally.by_place = Counter(row.place for row in fresh)
        self.tally.kinds = {(row.locale, row.place) for row in fresh}
        return fresh


def read_batch(
    lines: Iterator[Record | BadLine],
    most: int,
    reader: PersonReader,
    key: DataKey,
    make_rows: Callable[[Mapping[bytes, Person]], Sequence[Row]],
) -> Batch[Row]:
    """Read so many lines at the most and make rows of their people."""
    batch: Batch[Row] = Batch()
    person_key = indexer(key, "person")
    while most > 0 and (some := list(islice(lines, min(most, _AT_ONCE)))):
        most -= len(some)
        new: dict[bytes, Person] = {}
        for person, who, is_flawed in _people(some, reader, batch.tally):
            batch.people_count += 1
            if (known_as := person_key(who)) not in batch.rows:
                new.setdefault(known_as, person)
                if is_flawed:
                    batch.flawed.add(known_as)
        batch.rows.update(zip(new, make_rows(new), strict=True))
    return batch


def _people(
    lines: Sequence[Record | BadLine], reader: PersonReader, tally: Tally
) -> Iterator[tuple[Person, str, bool]]:
    """The people of some lines, who they are, and whether something of their line is left out."""
    tally.read_count += len(lines)
    records = [item for item in lines if isinstance(item, Record)]
    for bad in lines if len(records) < len(lines) else ():
        if isinstance(bad, BadLine):
            tally.reject(bad.line, [bad.flaw])
    people, flaws = reader.read([record.values for record in records])
    for at, (record, person) in enumerate(zip(records, people, strict=True)):
        if person is None:
            tally.reject(record.line, flaws[at])
            continue
        if at in flaws:
            tally.note(record.line, flaws[at], whole_line=False)
        yield person, identity(person, record.values), at in flaws


Indexes = tuple[bytes | None, bytes | None, bytes | None, bytes | None, int]


def address_indexer(key: DataKey) -> Callable[[Person], Indexes]:
    """Gives the blind indexes of a person's email, phone, push and post; None: no such address.

    Last the number of their mail host.
    """
    email, phone = indexer(key, "email"), indexer(key, "phone")
    push, post = indexer(key, "push"), indexer(key, "post")
    hosts = _HostNumbers(key)

    def indexes(person: Person) -> Indexes:
        return (
            email(person.email.lower()) if person.email else None,
            phone(person.phone) if person.phone else None,
            push(person.push_token) if person.push_token else None,
            post(postal_key(person.postal_address)) if person.postal_address else None,
            hosts[person.email.rpartition("@")[2]] if person.email else 0,
        )

    return indexes


class _HostNumbers(dict[str, int]):
    """Domain -> number of its mail host. Most people's domains are few: those are kept."""

    def __init__(self, key: DataKey) -> None:
        self._index = indexer(key, "mail_host")

    def __missing__(self, domain: str) -> int:
        if len(self) >= _MOST_DOMAINS:
            self.clear()
        number = self[domain] = number_of(self._index(host_of(domain)))
        return number


def sealer(key: DataKey) -> Callable[[Mapping[bytes, Person]], list[NewPerson]]:
    """Makes rows of a live incident: contact data sealed, addresses as blind indexes."""
    indexes = address_indexer(key)

    def rows(people: Mapping[bytes, Person]) -> list[NewPerson]:
        ids = [uuid7_bytes() for _ in people]
        blobs = seal_many(
            key,
            table="recipient",
            field="sealed",
            incident_id=key.incident_id,
            rows=zip(ids, map(_contact, people.values()), strict=True),
        )
        return [
            NewPerson(row_id, person_key, person.locale, person.place, blob, *indexes(person))
            for row_id, blob, (person_key, person) in zip(ids, blobs, people.items(), strict=True)
        ]

    return rows


def _contact(person: Person) -> bytes:
    # What is not known is left out: a third less to seal, to keep and to read again.
    return orjson.dumps(
        {name: value for name in CONTACT_FIELDS if (value := getattr(person, name))}
    )
