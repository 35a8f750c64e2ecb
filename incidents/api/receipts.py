"""Where providers report: no token, but their signature over the raw bytes.

A receipt that was signed and is known already is answered like a new one, and changes nothing.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from incidents.api.bodies import read_bytes
from incidents.api.door import office_of
from incidents.api.problems import ProblemView
from incidents.api.shapes import View
from incidents.errors import BadRequest, NotFound, NotPermitted
from incidents.receipt_desk import ReceiptDesk
from incidents.services import calls
from incidents.settings import Settings
from incidents.wiring import couriers_for
from incidents.work import TOCSIN, Office
from notifiers.courier import Courier, RawRequest
from notifiers.envelope import Envelope
from notifiers.errors import BadSignature, MalformedReceipt

if TYPE_CHECKING:
    from notifiers.providers.twilio_voice import TwilioVoice

_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemView, "content": {"application/problem+json": {}}}
    for status in (400, 403, 404, 413)
}


class CallbackRoute(APIRoute):
    """A route that providers call by the thousand: its function takes the request as it is.

    Of the framework it has the documentation and the translation of errors; dependencies and
    a checked answer would cost as much as all that is done with a callback.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's function, with nothing around it."""
        return self.endpoint


router = APIRouter(prefix="/api/v1", tags=["webhooks"], route_class=CallbackRoute)


class Taken(View):
    """How many receipts were new."""

    new: int


@router.post("/webhooks/sendgrid/events", response_model=Taken, responses=_ANSWERS)
async def sendgrid_events(request: Request) -> Response:
    """SendGrid's signed event webhook."""
    return _told(await _take(request, "sendgrid", await _raw(request)))


@router.post("/webhooks/resend/events", response_model=Taken, responses=_ANSWERS)
async def resend_event(request: Request) -> Response:
    """Resend's signed webhook: one event a post."""
    return _told(await _take(request, "resend", await _raw(request)))


@router.post("/webhooks/twilio/status", response_model=Taken, responses=_ANSWERS)
async def twilio_status(request: Request) -> Response:
    """Twilio's signed status callback."""
    return _told(await _take(request, "twilio", await _raw(request)))


@router.post("/webhooks/twilio/calls", responses=_ANSWERS, response_class=Response)
async def twilio_call(request: Request) -> Response:
    """Twilio's signed callback of a call: a status, a pressed key, or a wish for the words."""
    from notifiers.providers.twilio_words import said, spoken  # noqa: PLC0415  heavy

    raw = await _raw(request)
    await _take(request, "twilio_voice", raw)
    courier = cast("TwilioVoice", _courier(office_of(request), "twilio_voice"))
    attempt, wish = courier.wish(raw)
    if not wish:
        return Response("<Response/>", media_type="application/xml")
    call = await run_in_threadpool(_opened_again, office_of(request), attempt)
    words = spoken(call) if wish == "words" else said(call.locale, calls.thanks(call.locale))
    return Response(words, media_type="application/xml")


def _opened_again(office: Office, attempt: str) -> Envelope:
    with office.look(TOCSIN) as work:
        return calls.opened_again(work, attempt)


def _courier(office: Office, provider: str) -> Courier:
    courier = _couriers(office.settings).get(provider)
    if courier is None:
        raise NotFound(f"{provider} carries nothing here")
    return courier


async def _raw(request: Request) -> RawRequest:
    limit = office_of(request).settings.max_webhook_bytes
    body = await read_bytes(request, limit)
    # As bytes until here: Starlette's mapping looks each name up among all the others.
    headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in request.headers.raw}
    return RawRequest(str(request.url), headers, body)


def _told(new: int) -> Response:
    return Response(orjson.dumps({"new": new}), media_type="application/json")


async def _take(request: Request, provider: str, raw: RawRequest) -> int:
    desk = _desk(request, provider)
    try:
        return await desk.take(raw)
    except BadSignature as error:
        raise NotPermitted(f"the signature does not fit: {error}") from None
    except MalformedReceipt as error:
        raise BadRequest(f"this is no receipt of {provider}: {error}") from None


def _desk(request: Request, provider: str) -> ReceiptDesk:
    """The desk of this process for a provider; made when it is first needed."""
    desks: dict[str, ReceiptDesk] = request.app.state.receipt_desks
    if provider not in desks:
        office = office_of(request)
        desks[provider] = ReceiptDesk(office, _courier(office, provider))
    return desks[provider]


@lru_cache(maxsize=4)
def _couriers(settings: Settings) -> Mapping[str, Courier]:
    return couriers_for(settings, "live")
