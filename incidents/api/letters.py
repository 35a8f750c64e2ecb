"""Letters over HTTP: what became of them, told by whoever opens returned mail."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Request

from incidents.api.door import OpenWork, needs, router_for
from incidents.api.problems import FieldProblem, ProblemView
from incidents.api.shapes import View
from incidents.errors import BadRequest, UnsupportedMedia
from incidents.rules.letter_statuses import STATUSES
from incidents.rules.permissions import Permission
from incidents.services import letters

router = router_for("letters")

_EXAMPLE = (
    "piece,status,at,reason\r\nAGLWYBWPPNYJXFRU3YQSGVWXTU-0007,returned,2026-03-09,moved away\r\n"
)


class StatusesView(View):
    """What came of a list: lines that told something new, known ones, and those of no use.

    problems  why lines were of no use, up to the first hundred
    """

    new: int
    known: int
    unusable: int
    problems: list[FieldProblem]


async def _text(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise UnsupportedMedia("send the list as Content-Type: text/csv")
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("the list is not UTF-8; save it as UTF-8") from None


def _csv() -> dict[str, Any]:
    unsupported = {"model": ProblemView, "content": {"application/problem+json": {}}}
    declared = needs(Permission.RUN_CAMPAIGN, **{"415": unsupported})
    body = {"schema": {"type": "string"}, "example": _EXAMPLE}
    declared["openapi_extra"] |= {
        "requestBody": {
            "required": True,
            "description": f"A CSV in UTF-8: piece, status ({', '.join(STATUSES)}), at, reason.",
            "content": {"text/csv": body},
        },
    }
    return declared


@router.post("/letters/statuses", **_csv())
def take_statuses(work: OpenWork, text: Annotated[str, Depends(_text)]) -> StatusesView:
    """Say what became of letters; people whose letter came back go on to the next rung."""
    came = letters.take_statuses(work, _lines(text))
    problems = [FieldProblem(**asdict(one)) for one in came.problems]
    return StatusesView(new=came.new, known=came.known, unusable=came.unusable, problems=problems)


def _lines(text: str) -> Iterator[str]:
    yield from text.splitlines(keepends=True)
