"""`tocsin law check` says of each mistake in a law file where it is and why it is one."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from incidents.cli.main import app
from incidents.rules.law_check import check
from tests.law.test_law_files import GOOD

TODAY = date(2026, 11, 22)
EXAMPLES = """
---
facts: &known {role: controller, people_by_place: {NO: 5}, aware_at: 2026-03-02T00:00:00Z}
examples:
  xx-test-1:
    - name: one in Norway
      facts: {<<: *known}
      expect: {status: owed, due_at: 2026-03-04T00:00:00Z}
    - name: nobody in Norway
      facts: {<<: *known, people_by_place: {DE: 5}}
      expect: {status: not_owed}
"""
WHOLE = GOOD.rstrip() + EXAMPLES


def found(folder: Path, text: str, today: date = TODAY) -> list[tuple[str, str]]:
    (folder / "a.yaml").write_text(text)
    return [(one.severity, f"{one.field}: {one.why}") for one in check(today, folder).findings]


def test_every_law_that_ships_is_sound() -> None:
    report = check(TODAY)
    assert report.findings == ()
    assert report.rules == sum(report.by_confidence.values()) > 450
    assert (report.instruments, report.places) >= (130, 38)


def test_a_sound_file_gives_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, WHOLE) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "says"),
    [
        ("role ==", "rolle ==", "error", "rules[xx-test-1].when: no fact rolle"),
        ("due_at: 2026-03-04", "due_at: 2026-03-05", "error", "due_at is 2026-03-04"),
        ("status: not_owed", "status: owed", "error", "no example in which it is not owed"),
        ("status: owed, due", "status: unknown, due", "error", "it may be out of reach"),
        ("{NO: 5}", "{NO: -5}", "error", "facts.people_by_place"),
        ("  xx-test-1:", "  xx-test-2:", "error", "examples.xx-test-2: the file has no such rule"),
        ("from: 2020-01-01", "from: 2026-02-01, until: 2026-04-01", "warning", "nothing follows"),
        ("from: 2020-01-01", "from: 2020-01-01, until: 2019-01-01", "error", "before it begins"),
        ("reviewed: 2026-11-22", "reviewed: 2026-08-21", "warning", "instrument.reviewed"),
        ("people_in('NO') > 0", "people_in('NO') >= 5", "error", "people in NO is 4"),
        ("people_in('NO') > 0", "people_in('NO') > 4", "error", "people in NO is 4"),
        ("people_in('NO') > 0", "people_count > 4", "error", "people count is 4"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, severity: str, says: str) -> None:
    findings = found(tmp_path, WHOLE.replace(old, new, 1))
    assert any(one[0] == severity and says in one[1] for one in findings), findings


def test_a_law_looked_at_within_a_quarter_is_fresh(tmp_path: Path) -> None:
    assert found(tmp_path, WHOLE.replace("reviewed: 2026-11-22", "reviewed: 2026-08-22")) == []


def test_an_example_on_either_side_of_a_number_is_enough(tmp_path: Path) -> None:
    text = WHOLE.replace("people_in('NO') > 0", "people_in('NO') >= 5")
    text = text.replace("people_by_place: {DE: 5}", "people_by_place: {NO: 4}")
    assert found(tmp_path, text) == []


def test_two_rules_that_ask_the_same_are_named(tmp_path: Path) -> None:
    rule = GOOD[GOOD.index("  - id:") :].rstrip()
    again = EXAMPLES.replace("&known", "&known ") + EXAMPLES[
        EXAMPLES.index("  xx-test-1:") :
    ].replace("xx-test-1", "xx-test-2")
    text = GOOD.rstrip() + "\n" + rule.replace("xx-test-1", "xx-test-2") + again
    assert any("asks the same as xx-test-1" in one[1] for one in found(tmp_path, text))


def test_versions_that_overlap_are_named(tmp_path: Path) -> None:
    rule = GOOD[GOOD.index("  - id:") :].rstrip().replace("xx-test-1", "xx-test-1-before-2021")
    older = rule.replace("from: 2020-01-01", "from: 2018-01-01, until: 2020-01-01")
    text = GOOD.rstrip() + "\n" + older + EXAMPLES
    assert any("overlaps xx-test-1-before-2021" in one[1] for one in found(tmp_path, text))


def test_all_files_are_read_though_the_first_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(WHOLE.replace("xx-test-1", "XX"))
    (tmp_path / "c.yaml").write_text("rules: [")
    found(tmp_path, WHOLE)
    assert [one.file for one in check(TODAY, tmp_path).findings] == ["b.yaml", "c.yaml"]


def test_the_command_exits_with_1_and_names_file_field_and_reason(tmp_path: Path) -> None:
    found(tmp_path, WHOLE.replace("role ==", "rolle ==", 1))
    said = CliRunner().invoke(app, ["law", "check", "--folder", str(tmp_path), "--json"])
    assert said.exit_code == 1
    (finding,) = json.loads(said.stdout)["findings"]
    assert (finding["file"], finding["field"]) == ("a.yaml", "rules[xx-test-1].when")
    assert "did you mean role?" in finding["why"]
