"""What Tocsin knows before any incident: facts, laws; and judging facts without keeping them."""

from typing import Any

from pydantic import Field

from incidents.api.door import LookWork, Shape, View, needs, router_for
from incidents.api.shapes import Facts, Moment
from incidents.rules.facts import vocabulary
from incidents.rules.permissions import Permission
from incidents.services import judging

router = router_for("catalogue")


class AssessFacts(Shape):
    """Facts to judge, at a moment (now, if not given)."""

    facts: Facts = Field(default={})
    at: Moment | None = None


class RuleView(View):
    """One rule of the law, in short."""

    id: str
    title: str
    place: str
    audience: str
    stage: str
    instrument: str
    source: str
    confidence: str


class AssessmentView(View):
    """What is owed, what is not, and what is not known yet; each with why."""

    duties: list[dict[str, Any]]


@router.get("/facts/vocabulary", **needs(Permission.READ_INCIDENT))
def read_vocabulary() -> dict[str, Any]:
    """Every fact there is, with its type, unit and closed list."""
    return vocabulary()


@router.get("/law/rules", **needs(Permission.READ_INCIDENT))
def list_rules(work: LookWork) -> list[RuleView]:
    """Every rule of the law that facts are judged by."""
    return [RuleView(**rule) for rule in judging.rules(work)]


@router.post("/assessments", **needs(Permission.READ_INCIDENT))
def assess_facts(body: AssessFacts, work: LookWork) -> AssessmentView:
    """Judge facts without keeping anything: whom must we tell what by when, and why?"""
    return AssessmentView(duties=judging.judge(work, body.facts, body.at))
