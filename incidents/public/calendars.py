"""Calendars of deadlines, each at the secret address of the one person whose it is."""

import hashlib

from fastapi import APIRouter, Request, Response

from incidents.api.door import office_of
from incidents.auth.calendar_addresses import reader_behind
from incidents.errors import NotFound
from incidents.services import calendar_feed
from incidents.work import NOBODY

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Cache-Control": "private, no-cache",  # keep it, but ask each time whether it is still so
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@router.get("/calendar/{secret}.ics")
def read_calendar(secret: str, request: Request) -> Response:
    """The calendar at a secret address; 404 for every other address, 304 when nothing changed."""
    office = office_of(request)
    try:
        with office.look(NOBODY) as work:
            actor, feed = reader_behind(work.session, secret)
    except NotFound:
        return Response("There is no such calendar.\n", 404, media_type="text/plain")
    with office.look(actor) as work:
        body = calendar_feed.contents(work, feed)
    headers = {**_HEADERS, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar", headers=headers)
