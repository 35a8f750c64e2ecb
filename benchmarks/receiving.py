"""What providers say later, through the real door: signed, deduplicated, folded, on record.

Two events of each person, one in a hundred bounces; posted on 64 connections to `tocsin serve`,
which has verified, recorded and rolled up all that it answers. What it does once, when it starts
and for the very first posts, is not counted.
"""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import orjson
from sqlalchemy import select

from benchmarks.figures import Value
from benchmarks.scene import (
    COMMANDER,
    Place,
    approved,
    launch,
    open_incident,
    people_csv,
    places,
    wait_for_url,
)
from incidents.database.campaigns import Attempt, Delivery, Envelope
from incidents.services import campaign_tending, sending
from incidents.services.population_import import import_people
from incidents.wiring import dispatches_for
from incidents.work import TOCSIN, Office
from notifiers.fake.keys import Keys, kept_in
from notifiers.providers import sendgrid, twilio_signed

CONNECTIONS = 64  # providers post on many at once
SENDGRID_PATH = "/api/v1/webhooks/sendgrid/events"
TWILIO_PATH = "/api/v1/webhooks/twilio/status"
BOUNCES = 100  # one in so many
FIRST, PEOPLE, CALLS = 1_000, 120_000, 4_000
# So long it loads the law, judges the incident for the first time and places old audit entries;
# and so long what one kind leaves to be done is over before the next.
REST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Post:
    """One call of a webhook, signed; `count` things are said in it."""

    path: str
    headers: dict[str, str]
    body: bytes
    count: int


def measure(asked: Namespace) -> Iterator[Value]:
    """Tell people by e-mail and by SMS, then let the providers report of each of them."""
    for place in places():
        for name, rate in _receipts(place, PEOPLE, CALLS).items():
            yield Value(name, place.name, rate)


def _receipts(place: Place, people: int, calls: int) -> dict[str, float]:
    told = _told(place, FIRST + people, "email")
    first, told = told[:FIRST], told[FIRST:]
    half = len(told) // 2
    keys = kept_in(place.fake.folder)
    posts = {
        "SendGrid events/s, 1,000 a post": list(_events(keys, told[:half], 1_000)),
        "SendGrid events/s, 100 a post": list(_events(keys, told[half:], 100)),
        "Twilio callbacks/s": list(_callbacks(place, keys, _told(place, calls, "sms"))),
    }
    with place.running("serve"):
        wait_for_url(f"{place.url}/api/v1/health")
        asyncio.run(_rate(place.url, list(_events(keys, first, 100))))
        return {name: _rested_rate(place.url, some) for name, some in posts.items()}


def _told(place: Place, people: int, channel: str) -> list[tuple[str, str]]:
    """(attempt, person's ref) of a campaign whose people have all been told."""
    place.fake.set_faults(receipts=False)
    with place.office() as office:
        incident_id = open_incident(office)
        import_people(office, COMMANDER, incident_id, people_csv(people))
        campaign_id = launch(office, approved(office, incident_id), channel)
        _tell_everybody(office)
        return _recorded(office, campaign_id)


def _tell_everybody(office: Office) -> None:
    dispatches = dispatches_for(office.settings)
    going = True
    while going:
        told = sending.pump(office, dispatches["live"], mode="live")
        going = campaign_tending.tend(office, dispatches["live"], mode="live") or bool(told)
    for dispatch in dispatches.values():
        dispatch.close()


def _recorded(office: Office, campaign_id: UUID) -> list[tuple[str, str]]:
    query = (
        select(Attempt.id, Delivery.recipient_id, Delivery.rung)
        .join(Envelope, Envelope.campaign_id == Attempt.campaign_id)
        .where(Envelope.ordinal == Attempt.ordinal, Delivery.envelope == Envelope.ordinal)
        .where(Attempt.campaign_id == campaign_id, Delivery.campaign_id == campaign_id)
        .where(Attempt.outcome == "accepted")
    )
    with office.look(TOCSIN) as work:
        rows = work.session.execute(query)
        return [(attempt.hex, f"{person.hex}.{rung}") for attempt, person, rung in rows]


def _events(keys: Keys, told: Sequence[tuple[str, str]], size: int) -> Iterator[Post]:
    events = [event for number, one in enumerate(told) for event in _said(number, *one)]
    for at in range(0, len(events), size):
        body = orjson.dumps(events[at : at + size])
        stamp = str(int(time.time()))
        signed = {sendgrid.TIMESTAMP: stamp, sendgrid.SIGNATURE: keys.sign(stamp.encode() + body)}
        count = len(events[at : at + size])
        yield Post(SENDGRID_PATH, {"Content-Type": "application/json", **signed}, body, count)


def _said(number: int, attempt: str, ref: str) -> Iterator[dict[str, object]]:
    same = {"email": f"person{number}@example.com", "timestamp": int(time.time())}
    ids = {"a": attempt, "r": ref, "sg_message_id": f"{attempt}.bench"}
    end = {"event": "bounce", "status": "5.1.1"} if number % BOUNCES == 0 else {}
    for what in ({"event": "processed"}, {"event": "delivered", **end}):
        yield same | ids | what | {"sg_event_id": uuid4().hex}


def _callbacks(place: Place, keys: Keys, told: Sequence[tuple[str, str]]) -> Iterator[Post]:
    for attempt, ref in told:
        path = f"{TWILIO_PATH}?{urlencode({'a': attempt, 'r': ref})}"
        url = place.settings.public_url.rstrip("/") + path
        for status in ("sent", "delivered"):
            form = {"MessageSid": f"SM{attempt}", "MessageStatus": status, "To": "+12025550100"}
            signature = twilio_signed.signature(keys.twilio_token.encode(), url, form)
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                twilio_signed.SIGNATURE: signature,
            }
            yield Post(path, headers, urlencode(form).encode(), 1)


def _rested_rate(url: str, posts: Sequence[Post]) -> float:
    time.sleep(REST_SECONDS)
    return asyncio.run(_rate(url, posts))


async def _rate(url: str, posts: Sequence[Post]) -> float:
    """How many things are taken in a second; each must be new."""
    waiting = iter(posts)

    async def one(session: aiohttp.ClientSession) -> int:
        new = 0
        for post in waiting:
            asked = session.post(url + post.path, data=post.body, headers=post.headers)
            async with asked as answer:
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
                new += (await answer.json())["new"]
        return new

    began = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        new = sum(await asyncio.gather(*(one(session) for _ in range(CONNECTIONS))))
    if new != (said := sum(post.count for post in posts)):
        raise RuntimeError(f"{new} of {said} receipts were new")
    return new / (time.perf_counter() - began)
