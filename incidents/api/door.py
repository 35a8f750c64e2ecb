"""The door of the API: who asks, may they, was it asked before; one commit after the reply.

A route is a plain function. Around each one, here and nowhere else: the token is checked,
the declared permission is required, a repeated `Idempotency-Key` is answered from what was
kept, the `Work` is opened, and it is committed once the reply has been built.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from incidents.api.problems import ProblemView
from incidents.auth.tokens import actor_behind
from incidents.errors import (
    BadRequest,
    InvalidInput,
    PreconditionRequired,
    Problem,
    TooLarge,
)
from incidents.rules.permissions import Permission
from incidents.services import idempotency
from incidents.work import TOCSIN, Actor, Office, Work, require

T = TypeVar("T")
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Shape(BaseModel):
    """The base of every request body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """The base of every reply: read straight from the row."""

    model_config = ConfigDict(from_attributes=True)


def needs(permission: Permission, **documented: Any) -> dict[str, Any]:
    """What a route declares: the permission it needs, and the errors it can answer with."""
    problem = {"model": ProblemView, "content": {"application/problem+json": {}}}
    answers = (400, 401, 403, 404, 409, 412, 413, 422, 428, 503)
    return {
        "openapi_extra": {"x-permission": permission.value},
        "responses": dict.fromkeys(answers, problem) | documented,
    }


class GuardedRoute(APIRoute):
    """A route behind a token and a permission; commits the work that the route opened."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with everything around it that each route needs."""
        inner = super().get_route_handler()
        declared = (self.openapi_extra or {}).get("x-permission")
        if not declared:
            raise TypeError(f"{self.path}: declare its permission with needs(Permission.…)")
        permission = Permission(declared)
        streamed = bool((self.openapi_extra or {}).get("x-streamed"))

        async def handler(request: Request) -> Response:
            body = b"" if streamed else await read_body(request, self)
            kept = await run_in_threadpool(_enter, request, permission, body)
            if kept is not None:
                return kept
            return await _run(inner, request)

        return handler


class OpenRoute(APIRoute):
    """A route without a token (a signed webhook): commits the work that the route opened."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with the commit around it."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            request.state.actor = TOCSIN
            request.state.key = None
            return await _run(inner, request)

        return handler


def router_for(tag: str, *, guarded: bool = True) -> APIRouter:
    """A router whose routes all go through this door."""
    if not guarded:
        return APIRouter(tags=[tag], route_class=OpenRoute)
    bearer = Depends(HTTPBearer(auto_error=False, description="An API token: toc_live_…"))
    return APIRouter(tags=[tag], route_class=GuardedRoute, dependencies=[bearer])


def office_of(request: Request) -> Office:
    """The office of this process."""
    office: Office = request.app.state.office
    return office


async def read_body(request: Request, route: APIRoute) -> bytes:
    """The body, bounded, and free of what no database can keep."""
    if request.method not in WRITES:
        return b""
    limit = office_of(request).settings.max_json_bytes
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > limit:
            raise TooLarge(f"a request body may have {limit:,} bytes at the most")
    body = bytes(taken)
    request._body = body  # noqa: SLF001  Starlette's own cache: the route reads it from here
    if route.body_field is not None and body:
        _check_json(body)
    return body


def _check_json(body: bytes) -> None:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            Problem("body", error.msg, "send UTF-8 JSON"),
        ) from None
    if b"\\u0000" in body:
        raise InvalidInput(
            "the body has a NUL sign, which cannot be kept",
            Problem("body", "has \\u0000", "leave it out"),
        )


def _enter(request: Request, permission: Permission, body: bytes) -> Response | None:
    """Who is it, may they, and was it asked before? Gives the kept answer, if there is one."""
    office = office_of(request)
    with office.look(TOCSIN) as work:
        header = request.headers.get("authorization", "")
        actor = actor_behind(work.session, header, work.now)
    require(actor, permission)
    request.state.actor = actor
    request.state.key = None
    key = request.headers.get("idempotency-key")
    if key is None or request.method not in WRITES:
        return None
    asked = idempotency.Asked(
        actor.id, key, request.method, request.url.path, request.url.query, body
    )
    kept = idempotency.claim(office, asked)
    request.state.key = asked
    if kept is None:
        return None
    request.state.key = None
    media = "application/json" if kept.body else None
    headers = {"Idempotency-Replayed": "true", **kept.headers}
    return Response(kept.body, kept.status, headers, media_type=media)


async def _run(inner: Callable[..., Coroutine[Any, Any, Response]], request: Request) -> Response:
    """Run the route, keep its answer, commit; or leave no trace of it."""
    request.state.work = None
    try:
        response = await inner(request)
        await run_in_threadpool(_finish, request, response)
    except BaseException:
        await run_in_threadpool(_abandon, request)
        raise
    return response


def _finish(request: Request, response: Response) -> None:
    work: Work | None = request.state.work
    asked: idempotency.Asked | None = request.state.key
    if work is None:
        if asked is not None:
            idempotency.release(office_of(request), asked)
        return
    if work.writes:
        if asked is not None:
            etag = response.headers.get("etag")
            headers = {"ETag": etag} if etag else {}
            answer = idempotency.Answer(response.status_code, bytes(response.body), headers)
            idempotency.keep(work, asked, answer)
        work.commit()
    work.close()


def _abandon(request: Request) -> None:
    work: Work | None = request.state.work
    if work is not None:
        work.close()
    asked: idempotency.Asked | None = request.state.key
    if asked is not None:
        idempotency.release(office_of(request), asked)


async def _open_work(request: Request) -> Work:
    work = office_of(request).work(_actor(request))
    request.state.work = work
    return work


async def _look_work(request: Request) -> Work:
    work = office_of(request).look(_actor(request))
    request.state.work = work
    return work


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


OpenWork = Annotated[Work, Depends(_open_work)]
LookWork = Annotated[Work, Depends(_look_work)]
CurrentActor = Annotated[Actor, Depends(_actor)]
CurrentOffice = Annotated[Office, Depends(office_of)]


def _if_match(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, such as "3".')
    ] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequired(
            "send If-Match with the ETag that you read, so that nobody's edit is lost",
            Problem("If-Match", "is missing", 'send e.g. If-Match: "3"'),
        )
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise BadRequest(
            "If-Match is not an ETag of ours",
            Problem("If-Match", "is not a version", 'send it as you read it, e.g. "3"'),
        )
    return int(digits)


IfMatch = Annotated[int, Depends(_if_match)]


def etag(response: Response, version: int) -> None:
    """Say which version was read, for the If-Match of an edit."""
    response.headers["ETag"] = f'"{version}"'


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the address of the page after it."""

    items: list[T]
    total: int
    next: str | None = None


class Paging:
    """Which page is wanted."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200, description="Items on a page.")] = 50,
        offset: Annotated[int, Query(ge=0, le=10_000_000, description="Items to pass over.")] = 0,
    ) -> None:
        self.request = request
        self.limit = limit
        self.offset = offset

    def rows(
        self, session: Session, query: Select[T], *order: ColumnElement[Any] | Any
    ) -> tuple[list[T], int, str | None]:
        """The rows of the page, how many there are in all, and where the next page is."""
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(*order).limit(self.limit).offset(self.offset)
        return list(session.scalars(ordered)), total, self.next(total)

    def next(self, total: int) -> str | None:
        """The address of the next page; None on the last one."""
        after = self.offset + self.limit
        if after >= total:
            return None
        url = self.request.url.include_query_params(limit=self.limit, offset=after)
        return f"{url.path}?{url.query}"


WantedPage = Annotated[Paging, Depends()]
