"""Every worked example of every law file is true, and every rule has examples both ways."""

from datetime import UTC, datetime

import pytest

from incidents.rules.catalogue import load
from incidents.rules.duties import assess
from incidents.rules.facts import check_together, parse_facts
from incidents.rules.legal_rule import Example, LegalRule

RULES = load().rules
EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}: {example.name}")
    for rule in RULES
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_worked_example_gives_what_it_says(rule: LegalRule, example: Example) -> None:
    facts = parse_facts({k: v for k, v in example.facts.items() if v is not None})
    check_together(facts)
    duties = assess(facts, load(), example.now or datetime(2026, 6, 1, tzinfo=UTC))
    found = next((duty for duty in duties if duty.rule == rule.id), None)
    assert found is not None, "the rule is not in force for these facts"
    expected = example.expect.model_dump(exclude_unset=True)
    given = {name: getattr(found, name) for name in expected}
    assert {**given, **_lists(given)} == expected, found


def _lists(given: dict[str, object]) -> dict[str, object]:
    return {name: list(value) for name, value in given.items() if isinstance(value, tuple)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_examples_both_ways(rule: LegalRule) -> None:
    statuses = {example.expect.status for example in rule.examples}
    assert "not_owed" in statuses
    assert statuses & {"owed", "recommended"}
