"""A list sent as CSV: what a route declares that takes one, and how one of any size is streamed.

A stream goes through a thread of its own, and is never kept whole anywhere.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import Request

from incidents.api.door import needs
from incidents.api.problems import ProblemView
from incidents.errors import IncidentsError, UnsupportedMedia
from incidents.rules.encodings import as_utf8
from incidents.rules.permissions import Permission

T = TypeVar("T")

# An upload may pause so long, and no longer.
_IDLE_SECONDS = 60
# How long the rest of a refused upload is read, so that the sender gets to hear why.
_HEAR_OUT_SECONDS = 30
# Long uploads have threads of their own and leave those of the other routes alone.
_threads = CapacityLimiter(8)


def needs_csv(
    permission: Permission, described: str, example: str, *, streamed: bool = True
) -> dict[str, Any]:
    """What a route declares that takes a CSV: its permission, and what the list looks like."""
    unsupported = {"model": ProblemView, "content": {"application/problem+json": {}}}
    declared = needs(permission, **{"415": unsupported})
    body = {"schema": {"type": "string"}, "example": example}
    declared["openapi_extra"] |= {
        "x-streamed": streamed,
        "requestBody": {
            "required": True,
            "description": f"{described} In UTF-8, or in the charset that its type names.",
            "content": {"text/csv": body},
        },
    }
    return declared


async def stream_csv(request: Request, take: Callable[[Iterator[bytes]], T]) -> T:
    """What `take` makes of the pieces of the list, in UTF-8, as they come."""
    charset = check_csv(request)
    stream = request.stream()

    async def following() -> bytes:
        with anyio.fail_after(_IDLE_SECONDS):
            return await anext(stream, b"")

    def chunks() -> Iterator[bytes]:
        # The thread asks for each piece: while it is busy the sender waits, and no piece
        # of the list is kept anywhere.
        while chunk := from_thread.run(following):
            yield chunk

    try:
        return await to_thread.run_sync(lambda: take(as_utf8(chunks(), charset)), limiter=_threads)
    except IncidentsError:
        with anyio.move_on_after(_HEAR_OUT_SECONDS):
            async for _ in stream:
                pass
        raise


def check_csv(request: Request) -> str:
    """The encoding that a CSV says it is in, '' if it does not; refuse what is no CSV."""
    media, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if media.strip() != "text/csv":
        raise UnsupportedMedia("send the list as Content-Type: text/csv")
    return parameters.partition("charset=")[2].partition(";")[0].strip(' "')
