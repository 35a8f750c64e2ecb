"""The provider fake's HTTP: its vendors' APIs, its ledger and its knobs.

POST /v3/mail/send · GET /v3/messages            as SendGrid
POST, GET /2010-04-01/Accounts/{sid}/Messages.json   as Twilio
POST, GET /2010-04-01/Accounts/{sid}/Calls.json   as Twilio; what it would say is in the ledger
POST /token, /v1/projects/{project}/messages:send  as Google and FCM
POST /push/{device}                               as a push service and the browser behind it
GET /about                                        addresses and public key, for who sets it up
GET, PUT /faults                                  the knobs (`notifiers.fake.faults.Faults`)
GET /ledger/summary                               totals, answers, receipts told and waiting
GET /ledger/people?ref=|address=|attempt=         what was accepted for them
GET /ledger/duplicates?by=ref|address             who was accepted more than once
GET /ledger/counts?by=ref|address&provider=       how many people were accepted how many times
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiohttp import web
from pydantic import ValidationError

from notifiers.fake import browser_side, fcm_side, sendgrid_side, twilio_side, voice_side
from notifiers.fake.faults import Dice, Fault, Faults
from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted, By, Ledger, read, times_told
from notifiers.fake.print_house import PrintHouse
from notifiers.fake.webhooks import Targets, Webhooks

MOST_BODY_BYTES = 30_000_000  # SendGrid's limit of a request
NOW = struct.pack("ii", 1, 0)

# What each vendor says of a fault.
_FAILED = {
    "sendgrid": sendgrid_side.errors("internal server error"),
    "twilio": orjson.dumps(twilio_side.error(20500, "Internal Server Error", 500)),
    "fcm": orjson.dumps(fcm_side.error(500, "INTERNAL", "INTERNAL")),
    "web_push": b"{}",
}
_TOO_MANY = {
    "sendgrid": sendgrid_side.errors("too many requests"),
    "twilio": orjson.dumps(twilio_side.error(20429, "Too Many Requests", 429)),
    "fcm": orjson.dumps(fcm_side.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")),
    "web_push": b"{}",
}


class Fake:
    """One running fake: what it holds, and a handler for each route."""

    def __init__(
        self,
        ledger: Ledger,
        keys: Keys,
        faults: Faults,
        targets: Targets,
        print_folder: Path | None = None,
    ) -> None:
        self.ledger, self.keys, self.dice = ledger, keys, Dice(faults)
        self.webhooks = Webhooks(ledger, keys, self.dice, targets)
        self._print_house = PrintHouse(print_folder, ledger, self.dice) if print_folder else None
        self._printing: asyncio.Task[None] | None = None
        self.answers: Counter[str] = Counter()
        self._fcm = fcm_side.Fcm(keys)
        self._bearer = f"Bearer {keys.sendgrid_api_key}"
        login = f"{keys.twilio_account_sid}:{keys.twilio_token}".encode()
        self._basic = f"Basic {base64.b64encode(login).decode()}"

    def app(self) -> web.Application:
        """The application, ready for a runner."""
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.add_routes(
            [
                web.post("/v3/mail/send", self.mail_send),
                web.get("/v3/messages", self.mail_search),
                web.post(twilio_side.path("{account}"), self.sms_create),
                web.get(twilio_side.path("{account}"), self.sms_list),
                web.post(voice_side.path("{account}"), self.call_create),
                web.get(voice_side.path("{account}"), self.call_list),
                web.post(fcm_side.TOKEN_PATH, self.google_token),
                web.post(fcm_side.PATH, self.fcm_send),
                web.post(browser_side.PATH, self.push_send),
                web.get("/about", self.about),
                web.get("/faults", self.faults),
                web.put("/faults", self.set_faults),
                web.get("/ledger/summary", self.summary),
                web.get("/ledger/people", self.people),
                web.get("/ledger/duplicates", self.duplicates),
                web.get("/ledger/counts", self.counts),
            ]
        )
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)
        return app

    async def mail_send(self, request: web.Request) -> web.StreamResponse:
        """SendGrid's POST /v3/mail/send."""
        return await self._under_faults(request, "sendgrid", self._take_mail)

    async def mail_search(self, request: web.Request) -> web.Response:
        """SendGrid's GET /v3/messages."""
        if not _same(request, self._bearer):
            return _raw(sendgrid_side.errors("authorization required"), 401)
        lag = self.dice.faults.listing_lag_seconds
        try:
            limit = int(request.query.get("limit", "10"))
            query = request.query.get("query", "")
            return _json(sendgrid_side.found(self.ledger, query, limit, lag))
        except (sendgrid_side.BadMail, ValueError):
            return _raw(sendgrid_side.errors("invalid query", "query"), 400)

    async def sms_create(self, request: web.Request) -> web.StreamResponse:
        """Twilio's POST Messages.json."""
        return await self._under_faults(request, "twilio", self._take_sms)

    async def sms_list(self, request: web.Request) -> web.Response:
        """Twilio's GET Messages.json."""
        return self._listed(request, twilio_side.listed, self.webhooks.end_of)

    async def call_create(self, request: web.Request) -> web.StreamResponse:
        """Twilio's POST Calls.json."""
        return await self._under_faults(request, "twilio", self._take_call)

    async def call_list(self, request: web.Request) -> web.Response:
        """Twilio's GET Calls.json."""
        return self._listed(request, voice_side.listed, self.webhooks.end_of_call)

    async def google_token(self, request: web.Request) -> web.Response:
        """Google's token endpoint."""
        try:
            answer = _json(self._fcm.token(await request.read(), str(request.url)))
        except fcm_side.BadPush as bad:
            answer = _json({"error": str(bad)}, bad.status)
        self.answers[f"google:{answer.status}"] += 1
        return answer

    async def fcm_send(self, request: web.Request) -> web.StreamResponse:
        """FCM's POST messages:send."""
        return await self._under_faults(request, "fcm", self._take_fcm)

    async def push_send(self, request: web.Request) -> web.StreamResponse:
        """A push service's POST to a subscription."""
        return await self._under_faults(request, "web_push", self._take_push)

    async def about(self, request: web.Request) -> web.Response:
        """What whoever sets up a client of this fake needs."""
        return _json(
            {
                "sendgrid_api_key": self.keys.sendgrid_api_key,
                "sendgrid_public_key": self.keys.sendgrid_public_key,
                "twilio_account_sid": self.keys.twilio_account_sid,
                "twilio_token": self.keys.twilio_token,
                "service_account": self.keys.service_account(str(request.url.origin())),
                "browser_keys": self.keys.browser_keys,
                "sendgrid_events": self.webhooks.targets.sendgrid_events,
                "ledger": str(self.ledger.path),
            }
        )

    async def faults(self, request: web.Request) -> web.Response:
        """The knobs as they stand."""
        return _json(self.dice.faults.model_dump(mode="json"))

    async def set_faults(self, request: web.Request) -> web.Response:
        """Set the knobs that are named; the others go back to rest."""
        try:
            self.dice.set(Faults.model_validate_json(await request.read()))
        except ValidationError as error:
            return _raw(error.json(include_url=False).encode(), 422)
        return await self.faults(request)

    async def summary(self, request: web.Request) -> web.Response:
        """Totals: cheap enough to ask each second."""
        return _json(
            {
                "accepted": self.ledger.summary(),
                "people": sum(self.ledger.people.values()),
                "answers": dict(self.answers),
                "receipts": dict(self.webhooks.counts),
            }
        )

    async def people(self, request: web.Request) -> web.Response:
        """Each acceptance of one person, address or attempt."""
        wanted = {request.query.get("ref"), request.query.get("address")} - {None}
        attempt = request.query.get("attempt")
        rows = [
            {"provider": one.provider, "id": one.id, "attempt": one.attempt, "at": one.at}
            | {"address": to, "ref": ref}
            for one in read(self.ledger.path)
            for to, ref in one.people
            if one.attempt == attempt or wanted & {to, ref}
        ]
        return _json({"people": rows})

    async def duplicates(self, request: web.Request) -> web.Response:
        """Who was accepted more than once, and how often."""
        told = times_told(self.ledger.path, _by(request), request.query.get("provider", ""))
        return _json({who: count for who, count in told.items() if count > 1})

    async def counts(self, request: web.Request) -> web.Response:
        """How many people were accepted once, twice …: {"1": 10000} is what one wants to see."""
        told = times_told(self.ledger.path, _by(request), request.query.get("provider", ""))
        return _json({str(times): count for times, count in Counter(told.values()).items()})

    async def _under_faults(
        self,
        request: web.Request,
        provider: str,
        take: Callable[[web.Request, bytes], web.Response],
    ) -> web.StreamResponse:
        body = await request.read()
        fault = Fault.TOO_MANY if self.dice.is_too_fast(provider) else self.dice.fault()
        if self.dice.faults.latency_seconds:
            await asyncio.sleep(self.dice.faults.latency_seconds)
        if fault is Fault.NONE or fault.after:
            answer = take(request, body)
            if fault is Fault.NONE or answer.status >= 300:
                self.answers[f"{provider}:{answer.status}"] += 1
                return answer
        self.answers[f"{provider}:{fault}"] += 1
        return await self._misbehave(request, provider, fault)

    async def _misbehave(
        self, request: web.Request, provider: str, fault: Fault
    ) -> web.StreamResponse:
        if fault is Fault.TOO_MANY:
            return self._too_many(provider)
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            await asyncio.sleep(self.dice.faults.hang_seconds)
        if fault in {Fault.ERROR_BEFORE, Fault.ERROR_AFTER}:
            return _raw(_FAILED[provider], 500)
        _reset(request)
        return web.Response()

    def _too_many(self, provider: str) -> web.Response:
        wait, answer = self.dice.faults.retry_after_seconds, _raw(_TOO_MANY[provider], 429)
        if provider == "sendgrid":
            answer.headers["X-RateLimit-Reset"] = str(int(time.time() + wait + 0.999))
        else:
            answer.headers["Retry-After"] = f"{wait:g}"
        return answer

    def _take_mail(self, request: web.Request, body: bytes) -> web.Response:
        if not _same(request, self._bearer):
            return _raw(sendgrid_side.errors("The provided authorization grant is invalid"), 401)
        try:
            accepted = sendgrid_side.accepted(body)
        except sendgrid_side.BadMail as bad:
            return _raw(bad.body, 400)
        self._write(accepted)
        return web.Response(status=202, headers={"X-Message-Id": accepted.id})

    def _take_sms(self, request: web.Request, body: bytes) -> web.Response:
        if not self._is_account(request):
            return _json(twilio_side.error(20003, "Authenticate", 401), 401)
        try:
            accepted = twilio_side.accepted(body, self.webhooks.end_of)
        except twilio_side.BadMessage as bad:
            return _json(bad.told, 400)
        self._write(accepted)
        account = request.match_info["account"]
        return _json(twilio_side.resource(accepted, account, self.webhooks.end_of), 201)

    def _take_call(self, request: web.Request, body: bytes) -> web.Response:
        if not self._is_account(request):
            return _json(twilio_side.error(20003, "Authenticate", 401), 401)
        try:
            accepted = voice_side.accepted(body, self.webhooks.end_of_call)
        except twilio_side.BadMessage as bad:
            return _json(bad.told, 400)
        self._write(accepted)
        account = request.match_info["account"]
        return _json(voice_side.resource(accepted, account, self.webhooks.end_of_call), 201)

    def _listed(self, request: web.Request, listed: Any, end_of: Any) -> web.Response:
        if not self._is_account(request):
            return _json(twilio_side.error(20003, "Authenticate", 401), 401)
        account, query = request.match_info["account"], parse_qs(request.query_string)
        lag = self.dice.faults.listing_lag_seconds
        try:
            return _json(listed(self.ledger, account, query, lag, end_of))
        except ValueError:
            return _json(twilio_side.error(20001, "Invalid parameter", 400), 400)

    def _take_fcm(self, request: web.Request, body: bytes) -> web.Response:
        project, bearer = request.match_info["project"], request.headers.get("Authorization", "")
        try:
            accepted = self._fcm.accepted(body, project, bearer, self.webhooks.end_of)
        except fcm_side.BadPush as bad:
            return _json(bad.told, bad.status)
        self._write(accepted)
        return _json({"name": accepted.id})

    def _take_push(self, request: web.Request, body: bytes) -> web.Response:
        endpoint, end_of = str(request.url), self.webhooks.end_of
        try:
            accepted = browser_side.accepted(self.keys, endpoint, request.headers, body, end_of)
        except browser_side.BadPush as bad:
            return web.Response(status=bad.status, text=bad.why)
        self._write(accepted)
        location = f"{request.url.origin()}/m/{accepted.id}"
        return web.Response(status=201, headers={"Location": location})

    def _write(self, accepted: Accepted) -> None:
        self.webhooks.tell(accepted.provider, self.ledger.add(accepted))

    def _is_account(self, request: web.Request) -> bool:
        account = request.match_info["account"]
        return account == self.keys.twilio_account_sid and _same(request, self._basic)

    async def _start(self, app: web.Application) -> None:
        self.webhooks.start()
        if self._print_house is not None:
            self._printing = asyncio.create_task(_print(self._print_house))

    async def _stop(self, app: web.Application) -> None:
        if self._printing is not None:
            self._printing.cancel()
        await self.webhooks.stop()
        self.ledger.close()


async def _print(house: PrintHouse) -> None:
    while True:
        house.collect()
        await asyncio.sleep(0.2)


def _same(request: web.Request, wanted: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), wanted.encode())


def _by(request: web.Request) -> By:
    return "address" if request.query.get("by") == "address" else "ref"


def _reset(request: web.Request) -> None:
    """Close with a TCP reset: no linger, so what was not sent is thrown away."""
    if request.transport is None:
        return
    raw = request.transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    request.transport.abort()


def _raw(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _json(told: Any, status: int = 200) -> web.Response:
    return _raw(orjson.dumps(told), status)
