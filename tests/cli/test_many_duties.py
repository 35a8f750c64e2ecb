"""Hundreds of laws leave many questions open; a look that is brief stays brief."""

from rich.console import Console

from incidents.cli import duty

DUE = "2026-03-05T08:00:00Z"


def some(count: int, standing: str = "unknown", status: str = "open") -> list[dict]:
    return [
        {
            "id": f"{standing}-{status}-{n}",
            "rule": f"x{n:02}-law-1",
            "title": "Tell the people",
            "place": f"X{chr(65 + n)}",
            "standing": standing,
            "status": status,
            "status_reason": "",
            "missing": ["people_by_place"] if standing == "unknown" else [],
            "due_at": DUE,
        }
        for n in range(count)
    ]


def said(look: object) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(look)
    return capture.get()


def test_what_is_owed_is_never_left_out_and_what_is_not_known_is_counted():
    shown = said(duty.brief([*some(20, "owed"), *some(15)]))
    assert all(f"x{n:02}-law-1" in shown for n in range(20))
    assert "and 7 more, not known yet, in XI, XJ" in shown
    assert "most need people_by_place (7)" in shown


def test_a_few_are_all_shown():
    shown = said(duty.brief(some(8)))
    assert "more" not in shown


def test_many_that_end_at_once_are_one_line_with_their_rules():
    before = some(12)
    after = [one | {"status": "no_longer_owed", "status_reason": "nobody there"} for one in before]
    shown = said(duty.difference(duty.changed(before, after)))
    assert "12 duties in XA, XB" in shown
    assert "x11-law-1" in shown
    few = said(duty.difference(duty.changed(before[:3], after[:3])))
    assert few.count("nobody there") == 3
