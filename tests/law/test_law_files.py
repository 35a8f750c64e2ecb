"""A law file that is wrong is refused with its name, the field and the reason."""

from pathlib import Path

import pytest

from incidents.errors import CatalogueError, NotFound
from incidents.rules.catalogue import load, read_law
from incidents.rules.worked_examples import examples_of, of_law

GOOD = """
instrument:
  {id: xx.test, title: T, jurisdiction: XX, bound: B, citation: C, verified: V, confidence: high,
   reviewed: 2026-11-22}
rules:
  - id: xx-test-1
    title: T
    place: XX
    audience: people
    stage: single
    channels: [email]
    when: role == 'controller' and people_in('NO') > 0
    trigger: {facts: [aware_at]}
    clock: {hours: 48}
    met_when: {people_told: {share: 1.0}}
    effective: {from: 2020-01-01}
    source: S
    confidence: high
"""


@pytest.mark.parametrize(
    ("old", "new", "field", "why"),
    [
        ("aware_at]", "awere_at]", "rules[xx-test-1].trigger.facts[0]", "aware_at"),
        ("role ==", "rolle ==", "rules[xx-test-1].when", "did you mean role?"),
        ("'controller'", "'controler'", "rules[xx-test-1].when", "did you mean controller?"),
        ("people_in('NO') > 0", "risk", "rules[xx-test-1].when", "risk is a choice"),
        ("people_in('NO')", "people_in('NO'", "rules[xx-test-1].when", "not a condition"),
        ("hours: 48", "hours: 0", "rules[xx-test-1].clock.hours", "greater than"),
        ("hours: 48", "ours: 48", "rules[xx-test-1].clock.ours", "not permitted"),
        ("{people_told: {share: 1.0}}", "{}", "rules[xx-test-1].met_when", "exactly one"),
        ("people_told: {share: 1.0}", "people_told: {share: 2}", "rules[xx-test-1]", "less than"),
        ("channels: [email]", "channels: []", "rules[xx-test-1]", "names the channels"),
        ("audience: people", "audience: authority", "rules[xx-test-1]", "names the authority"),
        ("audience: people", "audience: peeple", "rules[xx-test-1].audience", "people"),
        ("source: S", "required_content: [what_hapened]", "rules[xx-test-1]", "what_happened"),
        ("    source: S\n", "", "rules[xx-test-1].source", "required"),
        ("place: XX", "place: XX\n    place: YY", "line", "twice"),
        ("rules:", "\trules:", "line", ""),
        ("instrument:", "instruments:", "instrument", "required"),
    ],
)
def test_a_wrong_file_is_refused_with_field_and_reason(
    old: str, new: str, field: str, why: str
) -> None:
    with pytest.raises(CatalogueError) as refused:
        read_law(GOOD.replace(old, new, 1).encode(), "xx/test.yaml")
    assert refused.value.file == "xx/test.yaml"
    assert refused.value.field.startswith(field)
    assert why in refused.value.why


EXAMPLES = """
---
facts: &known {people_by_place: {NO: 5}}
examples:
  xx-test-1:
    - name: one in Norway
      facts: {<<: *known}
      expect: {status: owed}
"""


def test_no_means_norway_and_not_false(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.rstrip() + EXAMPLES)
    (example,) = examples_of("a.yaml", tmp_path)["xx-test-1"]
    assert example.facts["people_by_place"] == {"NO": 5}


def test_a_new_example_pins_no_duty_anew_and_a_new_word_of_the_law_does(tmp_path: Path) -> None:
    def pinned(name: str, text: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.yaml").write_text(text)
        return load(folder).version_of("xx-test-1")

    bare = pinned("bare", GOOD.rstrip() + "\n---\n")
    assert pinned("with", GOOD.rstrip() + EXAMPLES) == bare
    assert pinned("other", GOOD.replace("hours: 48", "hours: 47").rstrip() + EXAMPLES) != bare


@pytest.mark.parametrize(
    ("old", "new", "field", "why"),
    [
        ("status: owed", "status: owd", "examples.xx-test-1[one in Norway].expect.status", "owed"),
        ("status: owed", "state: owed", "examples.xx-test-1[one in Norway].expect", "required"),
        ("examples:", "example:", "example", "not permitted"),
    ],
)
def test_wrong_examples_are_refused_with_field_and_reason(
    tmp_path: Path, old: str, new: str, field: str, why: str
) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.rstrip() + EXAMPLES.replace(old, new, 1))
    with pytest.raises(CatalogueError) as refused:
        examples_of("a.yaml", tmp_path)
    assert refused.value.field.startswith(field)
    assert why in str(refused.value).lower()


def test_examples_of_a_rule_that_the_file_has_not_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.rstrip() + EXAMPLES.replace("xx-test-1", "xx-test-2"))
    with pytest.raises(CatalogueError, match="no such rule"):
        of_law(load(tmp_path).laws[0], tmp_path)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(CatalogueError):
        read_law(b"\xff\xfe\xfa", "xx/test.yaml")


def test_an_id_stands_once_and_a_chain_leads_somewhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    with pytest.raises(CatalogueError, match=r"b.yaml: xx-test-1: the id stands in a.yaml too"):
        load(tmp_path)
    chained = GOOD.replace("facts: [aware_at]", "facts: [aware_at], or_due_of: xx-none-1")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.yaml").write_text(chained)
    with pytest.raises(CatalogueError, match="no rule xx-none-1"):
        load(other)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no law files"):
        load(tmp_path)


def test_an_unknown_rule_is_not_found() -> None:
    with pytest.raises(NotFound):
        load().rule("eu-gdpr-99")


def test_rules_share_their_conditions_so_that_each_is_read_and_asked_once() -> None:
    conditions: dict[str, set[int]] = {}
    for rule in load().rules:
        conditions.setdefault(str(rule.when), set()).add(id(rule.when))
    assert all(len(same) == 1 for same in conditions.values())


def test_every_law_says_how_it_was_checked() -> None:
    for law in load().laws:
        assert law.content.instrument.verified
        assert len(law.sha256) == 64
