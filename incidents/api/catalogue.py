"""What Tocsin knows before any incident: facts, laws; and judging facts without keeping them."""

from typing import Any
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, Shape, View, needs, router_for
from incidents.api.shapes import Facts, Moment
from incidents.rules.fact_schema import vocabulary
from incidents.rules.permissions import Permission
from incidents.services import judging

router = router_for("catalogue")


class AssessChanges(Shape):
    """What would change, and whether to explain each answer by its tree of reasons.

    A change to null forgets a fact.
    """

    changes: Facts | None = None
    explain: bool = False


class AssessFacts(AssessChanges):
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


class LeftOut(View):
    """What could not be judged, and why: a rule, or a whole file of law."""

    rule: str | None
    file: str | None = None
    field: str | None = None
    reason: str


class AnswerView(View):
    """One value that a fact may have, and the duties that it alone would settle."""

    value: Any
    owed: list[str]
    not_owed: list[str]


class NextFactView(View):
    """A fact that nobody has stated: the duties that it could settle, and which answer would."""

    fact: str
    asks: str
    unit: str
    known_without_investigation: bool
    decides: list[str]
    hard: int
    soonest: str | None
    answers: list[AnswerView]


class ThresholdView(View):
    """A number of the law near to what is known, at which a duty begins or ends."""

    rule: str
    title: str
    fact: str
    place: str
    now: float
    at: float
    before: str
    then: str
    says: str


class ChangeView(View):
    """What changed facts do to one duty: it appears, ends, moves, or is judged otherwise."""

    rule: str
    kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    gains_time: bool
    why: list[str]


class NextFactsView(View):
    """What to find out next, and the numbers of the law that are near."""

    next_facts: list[NextFactView]
    near_thresholds: list[ThresholdView]


class AssessmentView(NextFactsView):
    """What is owed, what is not, and what is not known yet; each with why."""

    at: str
    duties: list[dict[str, Any]]
    left_out: list[LeftOut]
    changes: list[ChangeView] | None = None


@router.get("/facts/vocabulary", **needs(Permission.READ_INCIDENT))
def read_vocabulary() -> dict[str, Any]:
    """Every fact there is, with its type, unit and closed list."""
    return vocabulary()


@router.get("/law/rules", **needs(Permission.READ_INCIDENT))
def list_rules(work: LookWork) -> list[RuleView]:
    """Every rule of the law that facts are judged by."""
    return [RuleView(**rule) for rule in judging.rules(work)]


@router.post("/assessments", response_model_exclude_unset=True, **needs(Permission.READ_INCIDENT))
def assess_facts(body: AssessFacts, work: LookWork) -> AssessmentView:
    """Judge facts without keeping anything: whom must we tell what by when, and why?"""
    answer = judging.judge(work, body.facts, body.at, changes=body.changes, with_trees=body.explain)
    return AssessmentView.model_validate(answer)


@router.post(
    "/incidents/{incident_id}/assessments",
    response_model_exclude_unset=True,
    **needs(Permission.READ_INCIDENT),
)
def assess_incident(incident_id: UUID, body: AssessChanges, work: LookWork) -> AssessmentView:
    """What if? Judge what is known of an incident, or that with changes; nothing is kept."""
    answer = judging.judge_incident(
        work, incident_id, changes=body.changes, with_trees=body.explain
    )
    return AssessmentView.model_validate(answer)


@router.get("/incidents/{incident_id}/next-facts", **needs(Permission.READ_INCIDENT))
def read_next_facts(incident_id: UUID, work: LookWork) -> NextFactsView:
    """What to find out next: the facts that could settle most duties, clocks of the law first."""
    return NextFactsView.model_validate(judging.next_facts(work, incident_id))
