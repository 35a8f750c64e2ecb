"""The door of detection tools: a signed webhook that opens an incident, once per fingerprint.

Signed as Standard Webhooks say: `webhook-id`, `webhook-timestamp`, `webhook-signature` over
the raw bytes with a shared secret. https://www.standardwebhooks.com
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import Field

from incidents.api.bodies import read_bytes, take_json
from incidents.api.door import ROOM, OpenRoute, OpenWork, Shape, View, claim, office_of, run_route
from incidents.api.incidents import Kind, Title
from incidents.api.problems import ProblemView
from incidents.api.shapes import Facts, Line
from incidents.errors import NotFound, NotPermitted
from incidents.services import incidents
from incidents.settings import Settings
from incidents.work import TOCSIN
from notifiers.standard_webhooks import fits, sign

# A signature is good for so long: a copied request cannot be played again later.
TOLERANCE_SECONDS = 300


class SignedRoute(OpenRoute):
    """A route that looks at the signature over the raw bytes before anything reads them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, behind the signature."""
        inner = APIRoute.get_route_handler(self)

        async def handler(request: Request) -> Response:
            office = office_of(request)
            body = await read_bytes(request, office.settings.max_json_bytes)
            check_signature(office.settings, request.headers, body, office.clock.now())
            take_json(request, body)
            request.state.actor = TOCSIN
            # The same message again, played by whom it may be, is answered and does nothing.
            key = request.headers["webhook-id"]
            async with ROOM:
                kept = await run_in_threadpool(claim, request, TOCSIN, key, body)
                return kept or await run_route(inner, request)

        return handler


router = APIRouter(tags=["webhooks"], route_class=SignedRoute)


class Detection(Shape):
    """What a detection tool saw.

    fingerprint  the tool's own name for this finding: the same one opens one incident
    """

    tool: Line
    fingerprint: Line
    title: Title
    kind: Kind = "other"
    facts: Facts = Field(default={})


class DetectionView(View):
    """The incident that the detection belongs to."""

    incident_id: UUID
    number: str
    status: str
    is_new: bool


def _problem(what: str) -> dict[str, Any]:
    return {"model": ProblemView, "description": what}


@router.post(
    "/webhooks/detections",
    status_code=201,
    responses={
        200: {"model": DetectionView, "description": "Known already"},
        400: _problem("Cannot be read"),
        403: _problem("The signature is wrong or too old"),
        404: _problem("No secret is set: this door is shut"),
        409: _problem("The same message is being worked on at this moment"),
        413: _problem("Too large"),
        415: _problem("Not JSON"),
        422: _problem("Not valid, or another message under the same webhook-id"),
        503: _problem("The database cannot be reached"),
    },
)
def take_detection(body: Detection, work: OpenWork, response: Response) -> DetectionView:
    """Open the incident that a detection tool reports; the same fingerprint opens nothing twice."""
    incident, is_new = incidents.open_from_detection(
        work,
        tool=body.tool,
        fingerprint=body.fingerprint,
        title=body.title,
        kind=body.kind,
        facts=body.facts,
    )
    response.status_code = 201 if is_new else 200
    return DetectionView(
        incident_id=incident.id, number=incident.number, status=incident.status, is_new=is_new
    )


def check_signature(settings: Settings, headers: Any, body: bytes, now: datetime) -> None:
    """Refuse a request that is not signed with our secret, or was signed too long ago."""
    secret = settings.detection_webhook_secret.get_secret_value()
    if not secret:
        raise NotFound("no detection secret is set (TOCSIN_DETECTION_WEBHOOK_SECRET)")
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not webhook_id.isascii() or not webhook_id.isprintable() or not 0 < len(webhook_id) < 256:
        raise _refused()
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise _refused()
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotPermitted("the signature is too old; check the clock of the sender")
    if not fits(given, sign(secret, webhook_id, timestamp, body)):
        raise _refused()


def _refused() -> NotPermitted:
    return NotPermitted("the signature does not fit: sign webhook-id.webhook-timestamp.body")
