"""A law as headed lists of plain lines: what `tocsin law show` and the pages of `docs/law` tell.

A heading without lines is left out. No markup: each door lays the lines out in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from incidents.rules.catalogue import Law
from incidents.rules.condition_sentences import asked, sentence
from incidents.rules.law_words import (
    beyond_the_clock,
    clock_words,
    content_words,
    hold_words,
    met_words,
    standing,
    substitute_words,
)
from incidents.rules.legal_rule import Example, Exempt, LegalRule
from incidents.rules.place_names import place_name

Lines = Mapping[str, list[str]]


def instrument_lines(law: Law) -> Lines:
    """Who is bound, by what, how we know, and what is not sure."""
    about = law.content.instrument
    return _filled(
        {
            "Who is bound": [about.bound],
            "Where": [place_name(about.jurisdiction)],
            "Source": [about.citation],
            "Checked": [f"{about.verified}; last looked at on {about.reviewed}"],
            "Confidence": [about.confidence],
            "Processors": [about.processors or ""],
            "Records": [about.records or ""],
            "Penalties": [about.penalties or ""],
            "Not in force": list(about.pending),
            "For a lawyer to look at": list(about.uncertain),
        }
    )


def rule_lines(rule: LegalRule, examples: Iterable[Example] = ()) -> Lines:
    """One duty: whom to tell, when, by when and from what, with what, how it is met, since when."""
    low = "" if rule.confidence == "high" else f"; confidence {rule.confidence}"
    return _filled(
        {
            "Tell": list(_recipients(rule)),
            "When all of this holds": asked(rule.when),
            "As meant here": list(rule.notes),
            "Unless": [_exempt(one) for one in rule.unless],
            "May wait while": [hold_words(rule)],
            "By when": [f"{clock_words(rule)}", f"This is {standing(rule)}{low}"],
            "The law's moment": [rule.trigger.reading or ""],
            "Why so": [rule.clock_basis or ""],
            "Other readings": beyond_the_clock(rule),
            "Must say": content_words(rule.required_content),
            "Must not say": content_words(rule.prohibited_content),
            "By": [", ".join(rule.channels)],
            "Met when": [met_words(rule.met_when)],
            "In force": [_days(rule)],
            "Source": [rule.source],
            "Whom, by our establishment": list(_by_establishment(rule)),
            "Worked examples": [_example(one) for one in examples],
        }
    )


def public_lines(law: Law) -> list[str]:
    """When another notice may stand in for telling each person, and how."""
    return [f"{substitute_words(rule)} ({rule.source})" for rule in law.content.substitute]


def grade_lines(law: Law) -> list[str]:
    """The Chinese grades: each number is included."""
    grades = law.content.grades
    if grades is None:
        return []
    numbers = [
        f"{name.replace('_', ' ')}: from {people:,} people or {loss:,} yuan of direct loss on"
        for name, people, loss in (
            (name, getattr(grades.people_leaked, name), getattr(grades.direct_loss_cny, name))
            for name in type(grades.people_leaked).model_fields
        )
    ]
    by_person = [f"a person judges: {text}" for text in grades.by_judgement]
    return [*numbers, *by_person, f"source: {grades.source}"]


def recipient(rule: LegalRule) -> str:
    """Whom a duty is to, in short."""
    return rule.authority.name if rule.authority else _AUDIENCES[rule.audience]


_AUDIENCES = {
    "people": "the people affected",
    "authority": "the authority",
    "media": "the media",
    "partners": "partners",
    "consumer_reporting_agencies": "the nationwide consumer reporting agencies",
    "controller": "the controller, or whoever else the data belong to",
    "register": "nobody: it is put on record",
}
_STAGES = {
    "early_warning": "an early warning",
    "initial": "the first report",
    "intermediate": "an intermediate report",
    "supplementary": "a report of what was missing",
    "final": "the final report",
    "single": "",
    "annual": "once a year",
}


def _recipients(rule: LegalRule) -> Iterator[str]:
    stage = f" ({_STAGES[rule.stage]})" if _STAGES[rule.stage] else ""
    yield f"{recipient(rule)}{stage}"
    if rule.authority is None:
        return
    if rule.authority.portal:
        yield f"portal: {rule.authority.portal}"
    if rule.authority.confidence:
        yield f"its name: confidence {rule.authority.confidence}"


def _by_establishment(rule: LegalRule) -> Iterator[str]:
    names = rule.authority.by_establishment if rule.authority else {}
    for place, named in names.items():
        portal = f", {named.portal}" if named.portal else ""
        sure = f" (confidence {named.confidence})" if named.confidence else ""
        yield f"{place_name(place)}: {named.name}{portal}{sure}"


def _exempt(exempt: Exempt) -> str:
    return f"{exempt.text} ({exempt.source}); that is, when {sentence(exempt.when)}"


def _days(rule: LegalRule) -> str:
    until = f" until {rule.effective.until}" if rule.effective.until else ""
    return f"from {rule.effective.from_}{until}, by the start of the clock"


def _example(example: Example) -> str:
    status = example.expect.status.replace("_", " ")
    due = f", due {example.expect.due_at:%Y-%m-%d %H:%M} UTC" if example.expect.due_at else ""
    return f"{example.name}: {status}{due}"


def _filled(lines: Mapping[str, list[str]]) -> dict[str, list[str]]:
    kept = {heading: [line for line in given if line] for heading, given in lines.items()}
    return {heading: given for heading, given in kept.items() if given}
