"""Clocks that hang on one another: early warning → notification → final report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from incidents.rules.legal_rule import LegalRule


class BrokenChain(ValueError):
    """Clocks that cannot be counted: `rule` hangs on a rule that is not there, or on itself."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule, self.why = rule, why


def chain_of(rule: str, rules: Mapping[str, LegalRule]) -> Iterator[str]:
    """The rule, then what its clock hangs on, what that hangs on, to the first."""
    seen: set[str] = set()
    link = rule
    while link in rules and link not in seen:
        seen.add(link)
        yield link
        link = rules[link].trigger.or_due_of or ""


def in_order(rules: Mapping[str, LegalRule]) -> tuple[str, ...]:
    """Every rule after the one that its clock hangs on.

    Raises  BrokenChain  where clocks hang on one another in a circle
    """
    hung = {rule: {before} & rules.keys() for rule, before in _hung(rules)}
    try:
        return tuple(TopologicalSorter({rule: hung.get(rule, ()) for rule in rules}).static_order())
    except CycleError as error:
        circle = error.args[1]
        why = f"these clocks hang on one another in a circle: {' → '.join(circle)}"
        raise BrokenChain(circle[0], why) from None


def check(rules: Mapping[str, LegalRule]) -> None:
    """Refuse a clock that hangs on a rule that is not there, and circles.

    Raises  BrokenChain  naming the rule, and every rule of the circle
    """
    for rule, before in _hung(rules):
        if before not in rules:
            raise BrokenChain(rule, f"no rule {before}")
    in_order(rules)


def _hung(rules: Mapping[str, LegalRule]) -> Iterator[tuple[str, str]]:
    for rule, content in rules.items():
        if content.trigger.or_due_of:
            yield rule, content.trigger.or_due_of
