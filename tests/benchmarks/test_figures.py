"""Tables, pages and drawings of what was measured say what was measured."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.figures import Figures, Value, add, keep, kept_in, number, table
from benchmarks.growth_drawing import apart, decades, drawn, short
from benchmarks.pacing import share
from benchmarks.page import NOT_YET, aims_of, page
from benchmarks.subjects import SUBJECTS

SVG = "{http://www.w3.org/2000/svg}"


def figures(*values: tuple[str, str, float]) -> Figures:
    found: Figures = {}
    for value in values:
        add(found, Value(*value))
    return found


def point(people: int, **changes: float) -> dict[str, float]:
    same = {"import_mebibytes": 130, "worker_mebibytes": 120}
    return {
        "people": people,
        "import_seconds": people / 50_000,
        "telling_seconds": people / 20_000,
    } | (same | changes)


def test_a_table_holds_the_median_of_the_rounds_and_leaves_out_what_was_not_measured():
    found = figures(("rate", "A", 1), ("rate", "A", 300), ("rate", "A", 2_000), ("ms", "B", 0.5))
    assert table(found).splitlines()[2:] == ["| rate | 300 |  |", "| ms |  | 0.50 |"]


def test_what_was_asked_for_stands_beside_it_where_something_was():
    found = figures(("rate", "A", 1), ("ms", "A", 2))
    assert table(found, {"rate": "5"}).splitlines() == [
        "|  | A | asked for |",
        "|---|---:|---:|",
        "| rate | 1 | 5 |",
        "| ms | 2 |  |",
    ]
    assert "asked for" not in table(found, {"other": "5"})


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.456, "0.46"), (45.61, "45.6"), (456.7, "457"), (1_234_567.8, "1,234,568")],
)
def test_a_figure_shows_the_digits_that_count(value, told):
    assert number(value) == told


def test_a_run_of_one_subject_leaves_the_figures_of_the_others(tmp_path: Path):
    path = tmp_path / "build" / "bench.json"
    for rate in (1, 2):
        keep(path, "telling", {"rounds": rate}, figures(("rate", "A", rate)))
        keep(path, f"other {rate}", {}, figures(("rate", "A", 9)))
    kept = kept_in(path)
    assert kept["telling"]["values"] == {"rate": {"A": [2]}}
    assert set(kept) == {"telling", "other 1", "other 2"}


def test_the_page_tells_what_was_measured_and_what_was_not(tmp_path: Path):
    path = tmp_path / "bench.json"
    asked = {"people": 10, "rounds": 3}
    keep(path, "machine", asked, figures(("SHA-256/s", "here", 7)))
    keep(path, "pacing", asked, figures(("429 caused", "PostgreSQL", 0)))
    told = page(kept_in(path), [point(10_000)])
    shown = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", told, re.MULTILINE | re.DOTALL))
    assert "| 429 caused | 0 | 0 |" in shown["Pacing"]
    assert [name for name, part in shown.items() if NOT_YET not in part] == [
        "Pacing",
        "Machine",
        "Growth",
    ]
    assert "| 10,000 | 0.20 | 0.50 | 130 | 120 |" in told


def test_the_most_exact_name_says_what_was_asked_for():
    names = ["e-mails/s", "e-mails/s, each answer after 100 ms", "CPU of the workers for 1,000, ms"]
    assert aims_of(names) == {names[0]: "50,000", names[1]: "40,000"}


def test_each_subject_says_how_it_is_measured():
    assert all(subject.__doc__ for subject in SUBJECTS.values())


def test_lines_rise_with_what_they_show_and_flat_ones_are_flat():
    root = ElementTree.fromstring(drawn([point(10_000), point(100_000), point(1_000_000)]))
    lines = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("class") in {"a", "b"}]
    heights = [[float(spot.split()[1]) for spot in line[1:].split("L")] for line in lines if line]
    assert all(before > after for line in heights[:2] for before, after in pairwise(line))
    assert all(len(set(line)) == 1 for line in heights[2:])


def test_a_drawing_can_be_read_without_seeing_it():
    root = ElementTree.fromstring(drawn([point(1_000_000)]))
    assert root.findtext(f"{SVG}title") == (
        "Time and memory against the number of people; at 1,000,000 people: Seconds of import 20,"
        " Seconds of telling 50, Peak memory, MiB of import 130, Peak memory, MiB of worker 120"
    )


def test_axes_hold_all_values():
    assert decades([10_000, 1_000_000]) == (4, 6)
    assert decades([130, 120]) == (2, 3)
    assert decades([100]) == (2, 3)
    assert [short(power) for power in (-1, 0, 4, 6)] == ["0.1", "1", "10 k", "1 M"]


@pytest.mark.parametrize("heights", [(50.0, 50.0), (50.0, 52.0), (52.0, 50.0), (10.0, 90.0)])
def test_labels_keep_their_order_and_do_not_cover_each_other(heights):
    moved = apart(*heights)
    assert abs(moved[0] - moved[1]) >= 15
    assert (moved[0] <= moved[1]) == (heights[0] <= heights[1])


def test_a_pace_that_was_kept_is_one():
    assert share([10.0, 10.5, 11.0], per_second=2) == pytest.approx(1)
