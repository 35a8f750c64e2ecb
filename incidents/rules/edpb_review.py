"""What stands in for the unknown in the EDPB's template, and the list of it for review."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from incidents.rules.edpb_codes import TITLES
from incidents.rules.report_forms import Frozen

NOT_KNOWN = "Not known yet"

Why = Literal["to_be_determined", "assumed", "left_out"]


class StandIn(Frozen):
    """A value of the document that nobody has established.

    value  what stands there; None when the field is left out
    why    to_be_determined: the template's own words for it; assumed: it has no such words, and a
           cautious value stands there; left_out: asked in this case, and nothing can stand in
    needs  the facts that would answer it; none: a person has to
    """

    field: str
    title: str
    value: str | int | None
    why: Why
    needs: tuple[str, ...]


class Open(NamedTuple):
    """A value that only stands in."""

    value: Any
    needs: tuple[str, ...] = ()
    why: Why = "to_be_determined"


def value_of(answer: Any) -> Any:
    """What stands in the document for an answer."""
    return answer.value if isinstance(answer, Open) else answer


def stand_ins(answers: Mapping[str, Any]) -> Iterator[StandIn]:
    """The answers, by field, that a person must look at."""
    for name, given in answers.items():
        answer = Open(NOT_KNOWN) if given == NOT_KNOWN else given
        if isinstance(answer, Open):
            yield StandIn(
                field=name,
                title=TITLES[name],
                value=answer.value,
                why=answer.why,
                needs=answer.needs,
            )
