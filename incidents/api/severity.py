"""Severity over HTTP: the methods there are, how it stands by each, and a person's judgement."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Shape, View, needs, router_for
from incidents.api.shapes import Name, Reason
from incidents.rules.permissions import Permission
from incidents.rules.severity.judgement import Judged, Judgement
from incidents.rules.severity.table import Table
from incidents.services import review, severity

router = router_for("severity")

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$")]


class JudgeFactor(Shape):
    """A factor as the assessor sees it."""

    value: Code = Field(description="A code of the factor's scale.")
    why: Annotated[Reason, Field(min_length=1)]


class JudgeSeverity(Shape):
    """What is held against the proposal. With neither factors nor level, it stands again."""

    factors: Annotated[dict[Name, JudgeFactor], Field(max_length=40)] = {}
    level: Code | None = Field(
        default=None, description="The level as a whole, whatever the factors come to."
    )
    reason: Reason = Field(default="", description="Why; needed for a level, and for going back.")


class ChoiceView(View):
    """One value of a scale."""

    code: str
    meaning: str
    points: float
    examples: list[str]


class FactorView(View):
    """One question of a method; its scale goes from the mildest value to the gravest."""

    name: str
    question: str
    source: str
    scale: list[ChoiceView]


class MethodView(View):
    """A method: all that a form needs to ask, and where it comes from."""

    name: str
    title: str
    about: str
    source: str
    verified: str
    levels: dict[str, str]
    factors: list[FactorView]

    @classmethod
    def of(cls, table: Table) -> "MethodView":
        """The view of a table."""
        return cls.model_validate(_as_lists(table))


def _as_lists(table: Table) -> dict[str, Any]:
    data = table.model_dump()
    for factor in data["factors"]:
        factor["scale"] = [{"code": code, **choice} for code, choice in factor["scale"].items()]
    return data


class OfferedView(View):
    """What the facts propose for a factor."""

    value: str | None
    why: str


class AnswerView(View):
    """One factor of an assessment: its value, why, and by whom."""

    name: str
    value: str | None
    why: str
    by: Literal["facts", "person"]
    proposed: OfferedView


class ProposalView(View):
    """What the facts come to as they are known now."""

    level: str | None
    at_least: str
    at_most: str
    score: float | None
    reasons: list[str]
    open_factors: list[str]
    missing: list[str]
    flags: list[str]


class JudgementView(View):
    """What a person held against the proposal as a whole."""

    level: str | None
    reason: str


class SeverityView(View):
    """How it stands by one method.

    `status` is judged (a person did), stated (the fact on record says it) or proposed. While
    `level` is empty it is not decided: between `at_least` and `at_most`. `applies` is null where
    nobody said what we are.
    """

    method: str
    title: str
    applies: bool | None
    status: Literal["judged", "stated", "proposed"]
    level: str
    at_least: str
    at_most: str
    score: float | None
    factors: list[AnswerView]
    judgement: JudgementView | None
    reasons: list[str]
    open_factors: list[str]
    missing: list[str]
    flags: list[str]
    proposal: ProposalView
    fact: str
    source: str
    assessed_at: datetime | None = None
    assessed_by: UUID | None = None


class KeptView(View):
    """One assessment as it was kept."""

    id: UUID
    method: str
    level: str
    score: float | None
    factors: dict[str, Any]
    assessed_at: datetime
    assessed_by: UUID


@router.get("/severity/methods", **needs(Permission.READ_INCIDENT))
def list_methods(work: LookWork) -> list[MethodView]:
    """The methods, each with its factors, scales and sources, so that a form can be drawn."""
    return [MethodView.of(table) for table in severity.every_method(work)]


@router.get("/incidents/{incident_id}/severity", **needs(Permission.READ_INCIDENT))
def read_history(incident_id: UUID, work: LookWork) -> list[KeptView]:
    """Every assessment of severity that was kept, newest first, each with its reasons."""
    return [KeptView.model_validate(row) for row in severity.history(work, incident_id)]


@router.get("/incidents/{incident_id}/severity/{method}", **needs(Permission.READ_INCIDENT))
def read_severity(incident_id: UUID, method: Name, work: LookWork) -> SeverityView:
    """How it stands by one method: judged or proposed, factor by factor, and what is open."""
    return SeverityView.model_validate(severity.read(work, incident_id, method))


@router.put("/incidents/{incident_id}/severity/{method}", **needs(Permission.ASSESS_SEVERITY))
def judge_severity(
    incident_id: UUID, method: Name, body: JudgeSeverity, work: OpenWork
) -> SeverityView:
    """Judge by a method, factor by factor or as a whole, each with why.

    It stands until it is judged anew, and records the fact that the law asks for. An empty
    judgement with a reason goes back to the proposal.
    """
    judged = {name: Judged(one.value, one.why) for name, one in body.factors.items()}
    judgement = Judgement(judged, body.level, body.reason)
    severity.judge(work, incident_id, method, judgement)
    review.review(work, incident_id, reason=body.reason)
    return SeverityView.model_validate(severity.read(work, incident_id, method))
