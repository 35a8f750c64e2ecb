"""The provider fake's HTTP: its vendors' APIs, its ledger and its knobs.

POST /v3/mail/send · GET /v3/messages            as SendGrid
POST /v3/mail/batch, /v3/user/scheduled_sends     as SendGrid, for what is due later
POST /emails/batch                               as Resend
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
import hmac
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from pydantic import ValidationError

from notifiers.fake import (
    browser_side,
    fcm_side,
    resend_side,
    sendgrid_side,
    twilio_side,
    voice_side,
)
from notifiers.fake.answers import as_json, failed, raw, reset, too_many
from notifiers.fake.books import Books
from notifiers.fake.faults import Dice, Fault, Faults
from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.fake.print_house import PrintHouse
from notifiers.fake.push_desk import PushDesk
from notifiers.fake.resend_desk import ResendDesk
from notifiers.fake.scheduled import Scheduled
from notifiers.fake.webhooks import Targets, Webhooks

MOST_BODY_BYTES = 30_000_000  # SendGrid's limit of a request


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
        self.tls_url = ""
        self._push = PushDesk(keys, self.webhooks.end_of, self._write, self.answers)
        self._resend = ResendDesk(keys, self.dice, ledger, self._write)
        self._scheduled = Scheduled(self.dice, self._write, self.answers)
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
                web.post("/v3/mail/batch", self.batch_make),
                web.post("/v3/user/scheduled_sends", self.batch_cancel),
                web.get("/v3/user/scheduled_sends/{batch}", self.batch_status),
                web.post(resend_side.PATH, self.batch_send),
                web.post(twilio_side.path("{account}"), self.sms_create),
                web.get(twilio_side.path("{account}"), self.sms_list),
                web.post(voice_side.path("{account}"), self.call_create),
                web.get(voice_side.path("{account}"), self.call_list),
                web.post(fcm_side.TOKEN_PATH, self._push.google_token),
                web.post(fcm_side.PATH, self.fcm_send),
                web.post(browser_side.PATH, self.push_send),
                web.get("/about", self.about),
                web.get("/faults", self.faults),
                web.put("/faults", self.set_faults),
                *Books(self.ledger, self.webhooks, self.answers).routes(),
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
            return raw(sendgrid_side.errors("authorization required"), 401)
        lag = self.dice.faults.listing_lag_seconds
        try:
            limit = int(request.query.get("limit", "10"))
            query = request.query.get("query", "")
            return as_json(sendgrid_side.found(self.ledger, query, limit, lag))
        except (sendgrid_side.BadMail, ValueError):
            return raw(sendgrid_side.errors("invalid query", "query"), 400)

    async def batch_make(self, request: web.Request) -> web.StreamResponse:
        """SendGrid's POST /v3/mail/batch."""
        return self._told(request, self._scheduled.make)

    async def batch_cancel(self, request: web.Request) -> web.StreamResponse:
        """SendGrid's POST /v3/user/scheduled_sends."""
        return self._told(request, self._scheduled.cancel, await request.read())

    async def batch_status(self, request: web.Request) -> web.StreamResponse:
        """SendGrid's GET of one of them."""
        return self._told(request, self._scheduled.status, request.match_info["batch"])

    def _told(
        self, request: web.Request, tell: Callable[..., web.Response], *given: Any
    ) -> web.Response:
        if not _same(request, self._bearer):
            return raw(sendgrid_side.errors("authorization required"), 401)
        return tell(*given)

    async def batch_send(self, request: web.Request) -> web.StreamResponse:
        """Resend's POST /emails/batch."""
        return await self._under_faults(request, "resend", self._resend.take)

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

    async def fcm_send(self, request: web.Request) -> web.StreamResponse:
        """FCM's POST messages:send."""
        return await self._under_faults(request, "fcm", self._push.take_fcm)

    async def push_send(self, request: web.Request) -> web.StreamResponse:
        """A push service's POST to a subscription."""
        return await self._under_faults(request, "web_push", self._push.take_push)

    async def about(self, request: web.Request) -> web.Response:
        """What whoever sets up a client of this fake needs."""
        return as_json(
            {
                "sendgrid_api_key": self.keys.sendgrid_api_key,
                "sendgrid_public_key": self.keys.sendgrid_public_key,
                "resend_api_key": self.keys.resend_api_key,
                "resend_webhook_secret": self.keys.resend_webhook_secret,
                "twilio_account_sid": self.keys.twilio_account_sid,
                "twilio_token": self.keys.twilio_token,
                "service_account": self.keys.service_account(str(request.url.origin())),
                "browser_keys": self.keys.browser_keys,
                "tls_url": self.tls_url,
                "sendgrid_events": self.webhooks.targets.sendgrid_events,
                "ledger": str(self.ledger.path),
            }
        )

    async def faults(self, request: web.Request) -> web.Response:
        """The knobs as they stand."""
        return as_json(self.dice.faults.model_dump(mode="json"))

    async def set_faults(self, request: web.Request) -> web.Response:
        """Set the knobs that are named; the others go back to rest."""
        try:
            self.dice.set(Faults.model_validate_json(await request.read()))
        except ValidationError as error:
            return raw(error.json(include_url=False).encode(), 422)
        return await self.faults(request)

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
            return too_many(provider, self.dice.faults.retry_after_seconds)
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            await asyncio.sleep(self.dice.faults.hang_seconds)
        if fault in {Fault.ERROR_BEFORE, Fault.ERROR_AFTER}:
            return failed(provider)
        reset(request)
        return web.Response()

    def _take_mail(self, request: web.Request, body: bytes) -> web.Response:
        if not _same(request, self._bearer):
            return raw(sendgrid_side.errors("The provided authorization grant is invalid"), 401)
        try:
            mail = sendgrid_side.checked(body)
            accepted = sendgrid_side.accepted(mail)
            if mail.get("send_at"):
                self._scheduled.take(accepted, mail)
            else:
                self._write(accepted)
        except sendgrid_side.BadMail as bad:
            return raw(bad.body, 400)
        return web.Response(status=202, headers={"X-Message-Id": accepted.id})

    def _take_sms(self, request: web.Request, body: bytes) -> web.Response:
        if not self._is_account(request):
            return as_json(twilio_side.error(20003, "Authenticate", 401), 401)
        try:
            accepted = twilio_side.accepted(body, self.webhooks.end_of)
        except twilio_side.BadMessage as bad:
            return as_json(bad.told, 400)
        self._write(accepted)
        account = request.match_info["account"]
        return as_json(twilio_side.resource(accepted, account, self.webhooks.end_of), 201)

    def _take_call(self, request: web.Request, body: bytes) -> web.Response:
        if not self._is_account(request):
            return as_json(twilio_side.error(20003, "Authenticate", 401), 401)
        try:
            accepted = voice_side.accepted(body, self.webhooks.end_of_call)
        except twilio_side.BadMessage as bad:
            return as_json(bad.told, 400)
        self._write(accepted)
        account = request.match_info["account"]
        return as_json(voice_side.resource(accepted, account, self.webhooks.end_of_call), 201)

    def _listed(self, request: web.Request, listed: Any, end_of: Any) -> web.Response:
        if not self._is_account(request):
            return as_json(twilio_side.error(20003, "Authenticate", 401), 401)
        account, query = request.match_info["account"], parse_qs(request.query_string)
        lag = self.dice.faults.listing_lag_seconds
        try:
            return as_json(listed(self.ledger, account, query, lag, end_of))
        except ValueError:
            return as_json(twilio_side.error(20001, "Invalid parameter", 400), 400)

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
