"""The people of the sample breach, as a list that a survey company might really have.

Nobody in it exists, and nothing in it reaches anybody: every mailbox lies at example.com, .org or
.net (RFC 2606), every telephone number in a range that a regulator keeps for fiction. Mainland
China and Singapore keep no such range, so nobody there has a number; the mobile ranges of Ofcom
(07700 900) and of Arcep (06 39 98) are refused by the `phonenumbers` library, so people there have
landlines. The list has the flaws of real lists: doubles, shared mailboxes, numbers that are none,
spreadsheet formulas, line breaks in names, lines cut short.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, chain
from pathlib import Path
from random import Random
from typing import NamedTuple

from playbooks.names import naming_for

COLUMNS = (
    "ref", "name", "email", "phone", "locale", "place", "push_token", "postal_address",
    "survey_id", "points",
)  # fmt: skip
DEFAULT_SEED = 20260301

Row = dict[str, str]


class _Home(NamedTuple):
    """Where people live: their share of all, their locales, how many gave a number, a street."""

    place: str
    share: float
    locales: tuple[str, ...]
    phone_share: float
    address: str


_HOMES = (
    _Home("CN", 0.40, ("zh-CN",), 0, "示例市样本区虚构路{}号"),
    _Home("DE", 0.16, ("de", "de", "de", "en-GB"), 0.5, "Beispielweg {}, 00000 Musterstadt"),
    _Home("FR", 0.13, ("fr",), 0.4, "{} rue de l’Exemple, 00000 Exempleville"),
    _Home("GB", 0.11, ("en-GB",), 0.5, "{} Example Road, Sampleton, ZZ99 9ZZ"),
    _Home("US-CA", 0.12, ("en-US", "en-US", "zh-CN"), 0.7, "{} Sample Ave, Exampleville, CA 00000"),
    _Home("SG", 0.08, ("en-SG", "en-SG", "zh-SG"), 0, "Blk {} Example Street, Singapore 000000"),
)
_DOMAINS = ("post.example.com", "mail.example.org", "inbox.example.net", "letters.example.com")

# Kept for fiction. DE: Bundesnetzagentur, Mitteilung 148/2021. FR: Arcep, numbering plan 2.5.12.
# GB: Ofcom, numbers for drama. US: 555-0100 to 555-0199 in each area code.
_NUMBERS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "DE": (
        ("+49 171 39200{:02d}", 100),
        ("+49 30 23125{:03d}", 1000),
        ("+49 69 90009{:03d}", 1000),
        ("+49 40 66969{:03d}", 1000),
        ("+49 89 99998{:03d}", 1000),
    ),
    "FR": tuple(
        (f"+33 {area} {{:04d}}", 10_000)
        for area in ("1 9900", "2 6191", "3 5301", "4 6571", "5 3649")
    ),
    "GB": (
        ("+44 20 7946 0{:03d}", 1000),
        *((f"+44 {area} 496 0{{:03d}}", 1000) for area in (113, 121, 131, 141, 151, 161)),
    ),
    "US-CA": tuple(
        (f"+1 {area} 555 01{{:02d}}", 100)
        for area in (415, 213, 310, 323, 408, 424, 510, 530, 559, 619, 650, 707, 714, 805, 916, 925)
    ),
}
_TRUNK = {"DE": ("+49 ", "0"), "FR": ("+33 ", "0"), "GB": ("+44 ", "0"), "US-CA": ("+1 ", "")}


def write_csv(path: Path, count: int = 10_000, seed: int = DEFAULT_SEED) -> None:
    """Write `count` lines of people as UTF-8 CSV with a header; the same bytes for a seed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(count, seed))


def rows(count: int = 10_000, seed: int = DEFAULT_SEED) -> Iterator[list[str]]:
    """The lines of the list without its header, one at a time; some are cut short."""
    rng = Random(seed)  # noqa: S311 a sample that is the same each day, no secret
    recent: deque[Row] = deque(maxlen=300)
    phones = {home.place: _phones(home.place) for home in _HOMES}
    home_shares = tuple(accumulate(home.share for home in _HOMES))
    flaw_shares = tuple(accumulate(share for share, _ in _FLAWS))
    for number in range(1, count + 1):
        home = rng.choices(_HOMES, cum_weights=home_shares)[0]
        row = _person(number, home, rng, phones[home.place])
        _, spoil = rng.choices(_FLAWS, cum_weights=flaw_shares)[0]
        yield spoil(row, recent, rng)
        if spoil is _as_is:
            recent.append(row)


def _person(number: int, home: _Home, rng: Random, phones: Iterator[str]) -> Row:
    """Somebody without a flaw; one in fifty has a mailbox that bounces."""
    locale = rng.choice(home.locales)
    name = naming_for(locale).invent(rng)
    steering = rng.choices(("", "bounce.", "dropped."), (0.976, 0.02, 0.004))[0]
    return {
        "ref": f"P-{number:07d}",
        "name": name.shown,
        "email": f"{steering}{name.ascii}{number}@{rng.choice(_DOMAINS)}",
        "phone": next(phones, "") if rng.random() < home.phone_share else "",
        "locale": locale,
        "place": home.place,
        "push_token": f"sample-{rng.getrandbits(64):016x}" if rng.random() < 0.25 else "",
        "postal_address": home.address.format(rng.randint(1, 240)) if rng.random() < 0.4 else "",
        "survey_id": f"LS-{rng.randint(2023, 2026)}-{rng.randint(1, 60):02d}",
        "points": str(rng.randint(0, 5000)),
    }


def _phones(place: str) -> Iterator[str]:
    """Each number of a place once; every third as people there write it, without country code."""
    numbers = chain.from_iterable(
        (pattern.format(line) for line in range(size)) for pattern, size in _NUMBERS.get(place, ())
    )
    country, trunk = _TRUNK.get(place, ("", ""))
    for index, number in enumerate(numbers):
        yield number if index % 3 else number.replace(country, trunk, 1)


# ---- the flaws: each turns a good row, or a recent one, into a line ----

_Spoil = Callable[[Row, deque[Row], Random], list[str]]


def _as_is(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    return list(row.values())


def _again(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """A line that stands in the list already, letter for letter."""
    return list((rng.choice(recent) if recent else row).values())


def _shouted(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """Somebody of the list again, signed up anew with capitals in the address."""
    known = rng.choice(recent) if recent else row
    return list({**known, "ref": row["ref"], "email": known["email"].upper()}.values())


def _family(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """Another person at the mailbox of somebody of the list: no double."""
    return list({**row, "email": (rng.choice(recent) if recent else row)["email"]}.values())


def _bad_phone(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    wrong = rng.choice(("12345", "n/a", "+49 171", "call after six", "0000000000", "+999 555 0100"))
    return list({**row, "phone": wrong}.values())


def _no_address(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    return list({**row, "email": "", "phone": "", "push_token": "", "postal_address": ""}.values())


def _no_email(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """No mailbox; whoever gave a number keeps it."""
    return list({**row, "email": ""}.values())


def _broken_email(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    local, _, domain = row["email"].partition("@")
    wrong = (f"{local} at {domain}", f"{local}@@{domain}", f"{local}@", local, f"{local}@.{domain}")
    return list({**row, "email": rng.choice(wrong)}.values())


def _formula(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """What a spreadsheet would run."""
    name = '=HYPERLINK("https://example.com/claim","Claim your points")'
    return list({**row, **rng.choice(({"name": name}, {"points": "=1+1"}))}.values())


def _line_break(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    """A name that would add a header to a careless mail."""
    return list({**row, "name": f"{row['name']}\r\nBcc: everybody@example.com"}.values())


def _spaces(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    padded = {key: f" {row[key]}  " for key in ("name", "email", "locale", "place")}
    return list({**row, **padded}.values())


def _cut_short(row: Row, recent: deque[Row], rng: Random) -> list[str]:
    return list(row.values())[: rng.randint(1, 4)]


# Share of all lines, and what it does to one. `family` and `no_email` are common, not wrong.
_FLAWS: tuple[tuple[float, _Spoil], ...] = (
    (0.957, _as_is),
    (0.005, _again),
    (0.005, _shouted),
    (0.006, _family),
    (0.005, _bad_phone),
    (0.003, _no_address),
    (0.007, _no_email),
    (0.005, _broken_email),
    (0.001, _formula),
    (0.001, _line_break),
    (0.004, _spaces),
    (0.001, _cut_short),
)
