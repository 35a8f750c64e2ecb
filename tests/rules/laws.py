"""Small laws for tests: one instrument with the rules that a test writes."""

from __future__ import annotations

from textwrap import indent

from incidents.rules.catalogue import Catalogue, Law, read_law

HEAD = """
instrument:
  {id: xx.test, title: T, jurisdiction: XX, bound: B, citation: C, verified: V, confidence: high,
   reviewed: 2026-11-22}
rules:
"""
RULE = """
- id: ID
  title: T
  place: XX
  audience: authority
  stage: single
  authority: {name: A}
  met_when: {report_filed: {}}
  effective: {from: 2020-01-01}
  source: S
  confidence: high
"""


def rule(name: str, **parts: str) -> str:
    """One rule; `when`, `trigger` and `clock` as YAML, with plain ones where none is given."""
    plain = {
        "when": "role == 'controller'",
        "trigger": "{facts: [aware_at]}",
        "clock": "{hours: 72}",
    }
    lines = [f"  {key}: {value}" for key, value in {**plain, **parts}.items()]
    place = parts.pop("place", None)
    text = RULE.replace("ID", name) + "\n".join(line for line in lines if "  place:" not in line)
    return text.replace("place: XX", f"place: {place}") if place else text


def laws(*rules: str) -> Catalogue:
    """A catalogue of one law with these rules."""
    raw = HEAD + indent("\n".join(rules), "  ")
    return Catalogue((Law("test.yaml", "0" * 64, read_law(raw.encode(), "test.yaml")),))
