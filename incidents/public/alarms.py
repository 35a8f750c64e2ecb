"""The link in an alarm. To open it shows a button, since mail scanners open links too."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from incidents.api.door import office_of
from incidents.database.alarms import Alarm
from incidents.errors import NotFound
from incidents.rendering import render_page
from incidents.services import alarm_answers
from incidents.work import TOCSIN, Work

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@router.get("/alarms/{token}", response_class=HTMLResponse)
def show_alarm(token: str, request: Request) -> HTMLResponse:
    """Which alarm it is, and a button to acknowledge it."""
    with office_of(request).look(TOCSIN) as work:
        try:
            alarm, number = alarm_answers.behind_link(work, token)
        except NotFound:
            return _page(work, "not_found", 404)
        return _page(work, "alarm", alarm=_shown(alarm), number=number)


@router.post("/alarms/{token}", response_class=HTMLResponse)
def acknowledge_alarm(token: str, request: Request) -> HTMLResponse:
    """Acknowledge it."""
    with office_of(request).work(TOCSIN) as work:
        try:
            alarm, number = alarm_answers.acknowledge_by_link(work, token)
        except NotFound:
            return _page(work, "not_found", 404)
        return _page(work, "alarm", alarm=_shown(alarm), number=number)


def _shown(alarm: Alarm) -> dict[str, str | bool]:
    heard = f"{alarm.heard_at:%a %d %b %Y %H:%M} UTC" if alarm.heard_at else ""
    return {"state": alarm.state, "heard_at": heard, "is_drill": alarm.mode == "drill"}


def _page(work: Work, name: str, status: int = 200, **context: object) -> HTMLResponse:
    base = work.settings.public_url.rstrip("/")
    site = {
        "name": work.settings.organisation_name,
        "url": base,
        "announcements_url": f"{base}/announcements",
    }
    # In English, as the alarm itself: it speaks to the team, not to the public.
    return HTMLResponse(render_page(name, "en", {"site": site, **context}), status, _HEADERS)
