"""What is due, as it is read in a terminal."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from incidents.cli.deadlines import listed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def row(hours: float, **changes):
    return {
        "kind": "duty",
        "id": f"{hours}-{changes}",
        "incident": "INC-2026-0001",
        "mode": "live",
        "title": "Tell the people",
        "name": "xx-law-1",
        "place": "XX",
        "audience": "people",
        "who": "",
        "standing": "owed",
        "is_target": False,
        "due_at": (NOW + timedelta(hours=hours)).isoformat(),
    } | changes


def read(*rows) -> list[str]:
    console = Console(width=160, no_color=True)
    with console.capture() as captured:
        console.print(listed(list(rows), NOW))
    return [line.strip() for line in captured.get().splitlines() if line.strip()]


def test_deadlines_stand_under_headings_from_overdue_to_later():
    lines = read(*(row(hours) for hours in (-2, 0, 5.9, 6, 23.9, 100, 200)))
    headings = [line for line in lines if "INC-" not in line and "law" not in line]
    assert headings[2:] == ["Overdue", "Within 6 hours", "Within a day", "Within a week", "Later"]
    assert lines[3].startswith("2 h 00 min late")


@pytest.mark.parametrize(
    ("hours", "colour"), [(-1, "bold red"), (5, "red"), (20, "yellow"), (30, "")]
)
def test_the_time_that_is_left_has_the_colour_of_its_urgency(hours, colour):
    (cell,) = [
        cell
        for cell in listed([row(hours)], NOW).columns[0].cells
        if "late" in str(cell) or str(cell).startswith("in ")
    ]
    assert cell.style == colour


def test_many_open_questions_of_one_incident_take_one_line():
    questions = [row(5, standing="unknown", place=f"X{n}", id=str(n)) for n in range(30)]
    lines = read(row(4), *questions)
    assert any("and 25 more, not known yet, in X" in line for line in lines)
    assert len(lines) < 20


def test_a_drill_a_task_and_a_target_are_told_from_a_clock_of_the_law():
    text = "\n".join(
        read(
            row(1, mode="drill"),
            row(2, kind="task", name="stop_the_leak", who="responder", is_target=True),
            row(3, is_target=True),
        )
    )
    assert "INC-2026-0001 DRILL" in text
    assert "task stop_the_leak, for the responder" in text
    assert text.count("¹") == 2
    assert "our own target" in text


def test_the_command_lists_what_is_due_and_makes_an_address(as_lead):
    opened = as_lead(
        *("incident", "open", "personal_data_leak", "Answers were readable", "--aware", "-80h"),
        *("-f", "role=controller", "-f", "establishment=DE", "-f", "people_by_place.DE=12"),
        *("-f", "breach_kinds=confidentiality", "-f", "data_categories=contact"),
    )
    assert opened.code == 0, opened.err
    said = as_lead("deadlines")
    assert said.code == 0, said.err
    assert "Overdue" in said.out
    assert "8 h 00 min late" in said.out
    rows = json.loads(as_lead("deadlines", "--within", "1", "--place", "EEA", "--json").out)
    assert {one["place"] for one in rows} == {"EEA"}
    assert as_lead("deadlines", "--incident", "INC-1999-0001").code == 1
    address = as_lead("deadlines", "feed").out.strip()
    assert "/calendar/" in address
    assert address.endswith(".ics")
    assert as_lead("deadlines", "feed", "--revoke").code == 0
    assert as_lead("deadlines", "feed", "--show").code == 1
