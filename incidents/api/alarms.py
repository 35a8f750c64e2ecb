"""Alarms over HTTP: what rings, whom it woke, and how somebody says that they heard it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from xml.sax.saxutils import escape

from fastapi import Depends, Request, Response

from incidents.api.bodies import read_bytes
from incidents.api.door import (
    IfMatch,
    LookWork,
    OpenWork,
    Page,
    Shape,
    View,
    WantedPage,
    etag,
    needs,
    office_of,
    router_for,
)
from incidents.api.incidents import IncidentView
from incidents.api.problems import ProblemView
from incidents.api.shapes import Words
from incidents.database.alarms import Alarm
from incidents.errors import NotFound, NotPermitted
from incidents.rules.permissions import Permission
from incidents.services import alarm_answers, hearsay, ownership
from incidents.services.alarm_pages import DIGITS_PATH
from incidents.work import Work
from notifiers.courier import RawRequest
from notifiers.errors import BadSignature
from notifiers.providers.twilio_inbound import is_start, is_stop
from notifiers.providers.twilio_signed import signed_form

router = router_for("alarms")
webhooks = router_for("webhooks", guarded=False)

SMS_PATH = "/api/v1/webhooks/twilio/sms"
_ACKNOWLEDGES = "1"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/xml": {}}},
    **{
        status: {"model": ProblemView, "content": {"application/problem+json": {}}}
        for status in (400, 403, 404, 413)
    },
}


class AlarmView(View):
    """One alarm: `next_at` is when it rings again unless somebody acknowledges it."""

    id: UUID
    incident_id: UUID
    incident_number: str = ""
    mode: str
    state: str
    is_loud: bool
    level: int
    ring_count: int
    opened_at: datetime
    rang_at: datetime | None
    next_at: datetime | None
    heard_at: datetime | None
    heard_by: UUID | None
    heard_how: str

    @classmethod
    def all_of(cls, work: Work, alarms: Sequence[Alarm]) -> "list[AlarmView]":
        """The views of rows, each with the number of its incident."""
        numbers = alarm_answers.numbers(work, alarms)
        views = [cls.model_validate(alarm) for alarm in alarms]
        for view in views:
            view.incident_number = numbers[view.incident_id]
        return views


class AboutView(View):
    """One thing that an alarm is about and that is not settled yet."""

    kind: str
    title: str
    due_at: datetime
    note: str


class PageView(View):
    """One person who was woken on one channel, and what came of it."""

    ring: int
    level: int
    name: str
    channel: str
    outcome: str
    detail: str
    at: datetime


class AlarmWithPages(AlarmView):
    """An alarm, what it is about, and everyone whom it woke."""

    about: list[AboutView]
    pages: list[PageView]


class NameOwner(Shape):
    """Who shall own an incident; empty: whoever asks."""

    owner: Words = ""


@router.get("/alarms", **needs(Permission.READ_INCIDENT))
def list_alarms(
    work: LookWork,
    page: WantedPage,
    state: Literal["", "open", "acknowledged", "over"] = "",
    mode: Literal["", "live", "drill"] = "",
    incident: UUID | None = None,
) -> Page[AlarmView]:
    """The alarms that rang, newest first."""
    query = alarm_answers.find(work, state=state, mode=mode, incident_id=incident)
    rows, total, following = page.rows(work.session, query, Alarm.opened_at.desc(), Alarm.id)
    return Page(items=AlarmView.all_of(work, rows), total=total, next=following)


@router.get("/alarms/{alarm_id}", **needs(Permission.READ_INCIDENT))
def read_alarm(alarm_id: UUID, work: LookWork) -> AlarmWithPages:
    """One alarm: what it is about, whom it woke, who heard it."""
    (shown,) = AlarmView.all_of(work, [alarm_answers.read(work, alarm_id)])
    about = [AboutView.model_validate(one) for one in alarm_answers.what(work, alarm_id)]
    pages = [PageView.model_validate(one) for one in alarm_answers.pages(work, alarm_id)]
    return AlarmWithPages(**shown.model_dump(), about=about, pages=pages)


@router.post("/alarms/{alarm_id}/acknowledge", **needs(Permission.ACKNOWLEDGE_ALARM))
def acknowledge_alarm(alarm_id: UUID, work: OpenWork) -> AlarmView:
    """Say that you take care of it: it is silent until the next rung. Twice changes nothing."""
    (shown,) = AlarmView.all_of(work, [alarm_answers.acknowledge(work, alarm_id)])
    return shown


@router.put("/incidents/{incident_id}/owner", **needs(Permission.MOVE_INCIDENT))
def name_owner(
    incident_id: UUID, body: NameOwner, version: IfMatch, work: OpenWork, response: Response
) -> IncidentView:
    """Make somebody the owner of an incident: yourself, or a person by name."""
    incident = ownership.own(work, incident_id, version, name=body.owner)
    etag(response, incident.version)
    return IncidentView.of(incident)


async def _raw(request: Request) -> RawRequest:
    limit = office_of(request).settings.max_webhook_bytes
    return RawRequest(str(request.url), dict(request.headers), await read_bytes(request, limit))


Raw = Annotated[RawRequest, Depends(_raw)]


@webhooks.post("/webhooks/twilio/sms", responses=_ANSWERS)
def sms_came(raw: Raw, work: OpenWork) -> Response:
    """An SMS to our number: the code of an alarm from somebody on duty; STOP or START from
    anybody.
    """
    form = _signed(work, SMS_PATH, raw)
    if is_stop(form):
        hearsay.stop_came(work, "twilio", form.get("From", ""))
        return _twiml("")
    if is_start(form):
        hearsay.start_came(work, "twilio", form.get("From", ""))
        return _twiml("")
    heard = alarm_answers.acknowledge_by_sms(work, form.get("From", ""), form.get("Body", ""))
    return _twiml(f"<Message>{escape(_thanks(*heard))}</Message>" if heard else "")


@webhooks.post("/webhooks/twilio/alarms/{token}", responses=_ANSWERS)
def key_pressed(token: str, raw: Raw, work: OpenWork) -> Response:
    """A key was pressed on the call of an alarm: 1 acknowledges it."""
    form = _signed(work, f"{DIGITS_PATH}{token}", raw)
    if form.get("Digits") != _ACKNOWLEDGES:
        return _twiml("<Say>Nothing was acknowledged. Goodbye.</Say><Hangup/>")
    heard = alarm_answers.acknowledge_by_link(work, token, how="call")
    return _twiml(f"<Say>{escape(_thanks(*heard))}</Say><Hangup/>")


def _signed(work: Work, path: str, raw: RawRequest) -> dict[str, str]:
    token = work.settings.twilio_auth_token.get_secret_value()
    if not token:
        raise NotFound("twilio carries nothing here")
    try:
        return signed_form(token.encode(), f"{work.settings.public_url.rstrip('/')}{path}", raw)
    except BadSignature as error:
        raise NotPermitted(f"the signature does not fit: {error}") from None


def _thanks(alarm: Alarm, number: str) -> str:
    if alarm.state == "over":
        return f"{number}: all of it is settled already."
    return f"{number}: acknowledged. It rings again at the next deadline if it is not met."


def _twiml(verbs: str) -> Response:
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'
    return Response(xml, media_type="application/xml")
