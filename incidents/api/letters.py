"""Letters over HTTP: what became of them, told by whoever opens returned mail."""

from dataclasses import asdict
from io import StringIO
from typing import Annotated

from fastapi import Depends, Request

from incidents.api.door import OpenWork, router_for
from incidents.api.problems import FieldProblem
from incidents.api.shapes import View
from incidents.api.uploads import check_csv, needs_csv
from incidents.errors import BadRequest
from incidents.rules.encodings import as_utf8
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
    recoded = as_utf8((await request.body(),), check_csv(request))
    try:
        return b"".join(recoded).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("the list is not UTF-8; save it as UTF-8") from None


@router.post(
    "/letters/statuses",
    **needs_csv(
        Permission.RUN_CAMPAIGN,
        f"A CSV: piece, status ({', '.join(STATUSES)}), at, reason.",
        _EXAMPLE,
        streamed=False,
    ),
)
def take_statuses(work: OpenWork, text: Annotated[str, Depends(_text)]) -> StatusesView:
    """Say what became of letters; people whose letter came back go on to the next rung."""
    came = letters.take_statuses(work, StringIO(text, newline=""))
    problems = [FieldProblem(**asdict(one)) for one in came.problems]
    return StatusesView(new=came.new, known=came.known, unusable=came.unusable, problems=problems)
