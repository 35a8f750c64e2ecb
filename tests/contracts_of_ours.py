"""Contracts of ours for tests: a customer's clause of some hours, whose clock a hold pauses."""

from __future__ import annotations

from pathlib import Path

_CONTRACT = """\
instrument:
  id: contract.{name}
  title: Master services agreement with {name}
  jurisdiction: DE
  bound: us, as the processor of {name}
  citation: MSA, section 9.2
  verified: the signed agreement
  confidence: high
  reviewed: 2026-03-01
rules:
  - id: contract-{name}-notice
    title: Tell {name} as the contract says
    place: DE
    audience: controller
    stage: single
    authority: {{name: "{name}, privacy office"}}
    when: role == 'processor' and kind('confidentiality', 'integrity', 'availability')
    hold:
      when: law_enforcement_hold
      text: a written request of the police pauses the clock
      source: MSA 9.4
      pauses: true
      oral_days: 2
    trigger: {{facts: [aware_at], fallback: [detected_at]}}
    clock: {{hours: {hours}}}
    met_when: {{report_filed: {{}}}}
    effective: {{from: {since}}}
    source: MSA 9.2
    confidence: high
"""


def write_contract(
    folder: Path, name: str = "acme", hours: int = 24, since: str = "2020-01-01"
) -> Path:
    """A contract with somebody, in a folder of contracts; the same name replaces it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(_CONTRACT.format(name=name, hours=hours, since=since), encoding="utf-8")
    return path


def rule_of(name: str = "acme") -> str:
    """The id of its rule."""
    return f"contract-{name}-notice"
