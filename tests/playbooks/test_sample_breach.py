"""The sample breach: the same on any day, on anybody's machine, with every flaw of a real list."""

import csv
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers
import pytest

from incidents.rules.facts import check_together, parse_facts
from playbooks.sample.people import COLUMNS, rows, write_csv
from playbooks.sample.story import learned_later, opening_body

COUNT = 10_000
WHOLE = [dict(zip(COLUMNS, row, strict=True)) for row in rows(COUNT) if len(row) == len(COLUMNS)]
# Ranges kept for fiction: see the docstring of the sample.
FICTION = re.compile(
    r"\+49(17139200\d\d|(3023125|6990009|4066969|8999998)\d{3})"
    r"|\+33(19900|26191|35301|46571|53649)\d{4}"
    r"|\+44(2079460\d{3}|(113|121|131|141|151|161)4960\d{3})"
    r"|\+1[2-9]\d\d55501\d\d"
)


def test_the_list_is_the_same_every_time(tmp_path: Path) -> None:
    write_csv(tmp_path / "one.csv", 500)
    write_csv(tmp_path / "two.csv", 500)
    write_csv(tmp_path / "other.csv", 500, seed=1)
    one, two, other = ((tmp_path / f"{name}.csv").read_bytes() for name in ("one", "two", "other"))

    assert one == two != other
    with (tmp_path / "one.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file))
    assert tuple(read[0]) == COLUMNS
    assert read[1:] == list(rows(500))


def test_every_flaw_of_a_real_list_is_there() -> None:
    emails = [row["email"].strip() for row in WHOLE]
    people = Counter(tuple(row.values()) for row in WHOLE)
    in_small = Counter(email.lower() for email in emails if email)
    names_at: dict[str, set[str]] = {}
    for row in WHOLE:
        names_at.setdefault(row["email"].strip().lower(), set()).add(row["name"].strip())
    found = {
        "exact doubles": sum(count > 1 for count in people.values()),
        "other letter case": sum(email.isupper() for email in emails),
        "shared mailboxes": sum(len(names_at[mail]) > 1 for mail in in_small),
        "no address": sum(not (r["email"] or r["phone"] or r["push_token"]) for r in WHOLE),
        "phone only": sum(bool(r["phone"]) and not r["email"] for r in WHOLE),
        "broken emails": sum(
            bool(e) and not re.fullmatch(r"[^@\s]+@[^@\s.][^@\s]+", e) for e in emails
        ),
        "formulas": sum(any(cell.startswith("=") for cell in row.values()) for row in WHOLE),
        "line breaks": sum("\r\n" in row["name"] for row in WHOLE),
        "spaces": sum(row["email"] != row["email"].strip() for row in WHOLE),
        "cut short": COUNT - len(WHOLE),
        "bounces": sum(email.startswith("bounce") for email in emails),
        "dropped": sum(email.startswith("dropped") for email in emails),
    }

    assert {flaw: count for flaw, count in found.items() if count < 3} == {}
    assert 150 < found["bounces"] < 250
    assert {row["locale"].strip() for row in WHOLE} == {
        "zh-CN", "de", "fr", "en-GB", "en-US", "en-SG", "zh-SG",
    }  # fmt: skip


def test_no_address_of_the_list_can_reach_anybody() -> None:
    for row in WHOLE:
        assert re.search(r"\.example\.(com|org|net)$|^[^@]*@?$", row["email"].strip().lower())
        assert row["push_token"].startswith("sample-") or not row["push_token"]


def test_every_number_is_valid_and_kept_for_fiction_or_no_number_at_all() -> None:
    wrong = 0
    for row in WHOLE:
        if not row["phone"]:
            continue
        try:
            number = phonenumbers.parse(row["phone"], row["place"].strip()[:2])
        except phonenumbers.NumberParseException:
            wrong += 1
            continue
        if phonenumbers.is_valid_number(number):
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            assert FICTION.fullmatch(written), written
        else:
            wrong += 1
    assert 20 < wrong < 100
    bad = ("12345", "n/a", "+49 171", "call after six", "0000000000", "+999 555 0100")
    assert not any(
        row["phone"] for row in WHOLE if row["place"] in ("CN", "SG") and row["phone"] not in bad
    )


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 1, tzinfo=UTC), datetime(2031, 12, 31, 23, tzinfo=UTC)]
)
def test_the_story_can_be_played_on_any_day(day: datetime) -> None:
    body = opening_body(day)
    facts = parse_facts(body["facts"])
    check_together(facts, day)

    assert facts["aware_at"] < day.isoformat()
    for part in learned_later(day):
        facts |= parse_facts(part["facts"])
        check_together(facts, day)
        assert part["source"]
    for element in ("cause", "possible_effects", "measures_taken", "advice", "help_offered"):
        assert set(facts[element]) == {"en", "zh-Hans", "de", "fr"}


def test_the_places_of_the_story_are_those_of_the_list() -> None:
    told = parse_facts(learned_later(datetime(2026, 3, 1, tzinfo=UTC))[0]["facts"])[
        "people_by_place"
    ]
    listed = Counter(row["place"].strip() for row in WHOLE)

    assert set(told) == set(listed)
    assert all(abs(told[place] - listed[place]) < 0.1 * told[place] for place in told)
