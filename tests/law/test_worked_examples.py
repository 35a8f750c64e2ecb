"""Every worked example of every law file is true, and every rule has examples both ways."""

import pytest

from incidents.rules.catalogue import load
from incidents.rules.legal_rule import Example
from incidents.rules.worked_examples import differs, judge, of_law

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule}: {example.name}")
    for law in load().laws
    for rule, examples in of_law(law).items()
    for example in examples
]
BY_RULE = [
    (rule.id, of_law(law).get(rule.id, ())) for law in load().laws for rule in law.content.rules
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_worked_example_gives_what_it_says(rule: str, example: Example) -> None:
    found = judge(example, rule, load().around(rule))
    assert differs(example, found) == "", found


@pytest.mark.parametrize(("rule", "examples"), BY_RULE, ids=[rule for rule, _ in BY_RULE])
def test_every_rule_has_examples_both_ways(rule: str, examples: tuple[Example, ...]) -> None:
    statuses = {example.expect.status for example in examples}
    assert "not_owed" in statuses
    assert statuses & {"owed", "recommended"}
