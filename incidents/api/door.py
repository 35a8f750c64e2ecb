"""The door of the API: who asks, may they, was it asked before; one commit after the reply.

A route is a plain function. Around each one, here and nowhere else: the token is checked,
the declared permission is required, a repeated `Idempotency-Key` is answered from what was
kept, the `Work` is opened, and it is committed once the reply has been built.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any

from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from incidents.api.bodies import read_bytes, take_json
from incidents.api.shapes import IfMatch, Page, Shape, View, WantedPage, etag
from incidents.auth.tokens import actor_behind
from incidents.rules.permissions import Permission
from incidents.services import idempotency
from incidents.work import TOCSIN, Actor, Office, Work, require

# The shapes are part of the door: whoever writes a route finds all it needs in one place.
__all__ = [
    "ROOM", "CurrentActor", "CurrentOffice", "GuardedRoute", "IfMatch", "LookWork", "OpenRoute",
    "OpenWork", "Page", "Shape", "View", "WantedPage", "claim", "etag", "needs", "office_of",
    "read_body", "router_for", "run_route",
]  # fmt: skip

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
# Room for so many requests at the database at once: who holds a connection needs a thread to give
# it back, and if threads could all wait for a connection, neither would ever come. A process has
# 20 connections (database/engine); its own threads need some. Bodies are read before: nobody is
# slow inside.
ROOM = CapacityLimiter(16)
# What a repeated request is answered with, besides status and body.
_KEPT_HEADERS = {"content-type", "content-disposition", "etag", "location"}


def needs(permission: Permission, **documented: Any) -> dict[str, Any]:
    """What a route declares: the permission it needs, and answers besides the usual ones."""
    return {"openapi_extra": {"x-permission": permission.value}, "responses": documented}


class GuardedRoute(APIRoute):
    """A route behind a token and a permission; commits the work that the route opened."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with everything around it that each route needs."""
        inner = super().get_route_handler()
        declared = self.openapi_extra or {}
        if not declared.get("x-permission"):
            raise TypeError(f"{self.path}: declare its permission with needs(Permission.…)")
        permission = Permission(declared["x-permission"])
        streamed = bool(declared.get("x-streamed"))

        async def handler(request: Request) -> Response:
            body = _announced(request) if streamed else await read_body(request, self)
            async with ROOM:
                kept = await run_in_threadpool(_enter, request, permission, body, streamed)
                if kept is not None:
                    return kept
                if not streamed:
                    return await run_route(inner, request)
            return await run_route(inner, request)  # slow by nature: takes nobody's room

        return handler


class OpenRoute(APIRoute):
    """A route without a token (a signed webhook): commits the work that the route opened."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, with the commit around it."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            request.state.actor = TOCSIN
            request.state.key = None
            await read_bytes(request, office_of(request).settings.max_webhook_bytes)
            async with ROOM:
                return await run_route(inner, request)

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


def _announced(request: Request) -> bytes:
    """What is known of a streamed body before it is read: enough to tell two files apart."""
    headers = request.headers
    return f"{headers.get('content-length')} {headers.get('content-digest')}".encode()


async def read_body(request: Request, route: APIRoute) -> bytes:
    """The body of a write, as far as its route takes one."""
    if request.method not in WRITES:
        return b""
    body = await read_bytes(request, office_of(request).settings.max_json_bytes)
    if route.body_field is not None and body:
        take_json(request, body)
    return body


def _enter(
    request: Request, permission: Permission, body: bytes, streamed: bool
) -> Response | None:
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
    claimed_for = idempotency.LONG_CLAIM if streamed else idempotency.CLAIM
    return claim(request, actor, key, body, claimed_for)


def claim(
    request: Request,
    actor: Actor,
    key: str,
    body: bytes,
    claimed_for: timedelta = idempotency.CLAIM,
) -> Response | None:
    """Take a key for this request; gives the answer that was kept, if it was done before."""
    asked = idempotency.Asked(
        actor.id,
        key,
        request.method,
        request.url.path,
        request.url.query,
        body,
        drills_only=actor.drills_only,
    )
    kept = idempotency.claim(office_of(request), asked, claimed_for)
    if kept is not None:
        return Response(kept.body, kept.status, {"Idempotency-Replayed": "true", **kept.headers})
    request.state.key = asked
    return None


async def run_route(
    inner: Callable[..., Coroutine[Any, Any, Response]], request: Request
) -> Response:
    """Run the route, keep its answer, commit; or leave no trace of it."""
    request.state.work = None
    try:
        response = await inner(request)
        if request.state.work is not None or request.state.key is not None:
            await run_in_threadpool(_finish, request, response)
    except BaseException:
        await run_in_threadpool(_abandon, request)
        raise
    return response


def _finish(request: Request, response: Response) -> None:
    work: Work | None = request.state.work
    asked: idempotency.Asked | None = request.state.key
    body = getattr(response, "body", None)  # a stream has none that could be kept
    if work is not None:
        if work.writes and asked is not None and body is not None:
            idempotency.keep(work, asked, _answer(response, bytes(body)))
            asked = None
        work.commit()
        work.close()
    if asked is not None:  # only now: SQLite has one writer at a time
        idempotency.release(office_of(request), asked)


def _answer(response: Response, body: bytes) -> idempotency.Answer:
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    return idempotency.Answer(response.status_code, body, headers)


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
