"""Where providers report: no token, but their signature over the raw bytes.

A receipt that was signed and is known already is answered like a new one, and changes nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Request, Response

from incidents.api.bodies import read_bytes
from incidents.api.door import OpenWork, office_of, router_for
from incidents.api.problems import ProblemView
from incidents.api.shapes import View
from incidents.errors import BadRequest, NotFound, NotPermitted
from incidents.services import calls, receipts
from incidents.settings import Settings
from incidents.wiring import couriers_for
from incidents.work import Work
from notifiers.courier import Courier, RawRequest
from notifiers.errors import BadSignature, MalformedReceipt

if TYPE_CHECKING:
    from notifiers.providers.twilio_voice import TwilioVoice

router = router_for("webhooks", guarded=False)

_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemView, "content": {"application/problem+json": {}}}
    for status in (400, 403, 404, 413)
}


class Taken(View):
    """How many receipts were new."""

    new: int


async def _raw(request: Request) -> RawRequest:
    limit = office_of(request).settings.max_webhook_bytes
    body = await read_bytes(request, limit)
    return RawRequest(str(request.url), dict(request.headers), body)


Raw = Annotated[RawRequest, Depends(_raw)]


@router.post("/webhooks/sendgrid/events", responses=_ANSWERS)
def sendgrid_events(raw: Raw, work: OpenWork) -> Taken:
    """SendGrid's signed event webhook."""
    return _take(work, "sendgrid", raw)


@router.post("/webhooks/twilio/status", responses=_ANSWERS)
def twilio_status(raw: Raw, work: OpenWork) -> Taken:
    """Twilio's signed status callback."""
    return _take(work, "twilio", raw)


@router.post("/webhooks/twilio/calls", responses=_ANSWERS, response_class=Response)
def twilio_call(raw: Raw, work: OpenWork) -> Response:
    """Twilio's signed callback of a call: a status, a pressed key, or a wish for the words."""
    from notifiers.providers.twilio_words import said, spoken  # noqa: PLC0415  heavy

    _take(work, "twilio_voice", raw)
    attempt, wish = cast("TwilioVoice", _courier(work, "twilio_voice")).wish(raw)
    if not wish:
        return Response("<Response/>", media_type="application/xml")
    call = calls.opened_again(work, attempt)
    words = spoken(call) if wish == "words" else said(call.locale, calls.thanks(call.locale))
    return Response(words, media_type="application/xml")


def _courier(work: Work, provider: str) -> Courier:
    courier = _couriers(work.settings).get(provider)
    if courier is None:
        raise NotFound(f"{provider} carries nothing here")
    return courier


def _take(work: Work, provider: str, raw: RawRequest) -> Taken:
    courier = _courier(work, provider)
    try:
        return Taken(new=receipts.take_in(work, courier, raw))
    except BadSignature as error:
        raise NotPermitted(f"the signature does not fit: {error}") from None
    except MalformedReceipt as error:
        raise BadRequest(f"this is no receipt of {provider}: {error}") from None


@lru_cache(maxsize=4)
def _couriers(settings: Settings) -> Mapping[str, Courier]:
    return couriers_for(settings, "live")
