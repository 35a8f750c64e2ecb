"""Reading what a request brings: bounded, JSON, and free of what no database can keep."""

from typing import Any

import orjson
from fastapi import Request

from incidents.errors import BadRequest, InvalidInput, Problem, TooLarge, UnsupportedMedia

# Facts nest four levels; what nests far deeper means to exhaust some parser's stack.
_DEEPEST = 32


async def read_bytes(request: Request, limit: int) -> bytes:
    """The raw body; TooLarge as soon as it is too long, without reading on."""
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > limit:
            raise TooLarge(f"a request body may have {limit:,} bytes at the most")
    body = bytes(taken)
    request._body = body  # noqa: SLF001  Starlette's own cache: the route reads it from here
    return body


def take_json(request: Request, body: bytes) -> None:
    """Parse the body for the route; refuse what is not JSON, or holds what cannot be kept."""
    _check_media_type(request.headers.get("content-type", ""))
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            Problem("body", error.msg, "send UTF-8 JSON"),
        ) from None
    _check_depth(content)
    if b"\\u0000" in body:
        raise InvalidInput(
            "the body has a NUL sign, which cannot be kept",
            Problem("body", "has \\u0000", "leave it out"),
        )
    request._json = content  # noqa: SLF001  Starlette's own cache: one parser, one opinion


def _check_media_type(given: str) -> None:
    kind = given.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    raise UnsupportedMedia(
        "the body must be JSON, and say so",
        Problem("Content-Type", f"is {kind[:60] or 'missing'}", "send application/json"),
    )


def _check_depth(content: Any) -> None:
    level = [content]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise InvalidInput(
        "the body is nested too deeply",
        Problem("body", f"has more than {_DEEPEST} levels", "send it flat"),
    )


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
