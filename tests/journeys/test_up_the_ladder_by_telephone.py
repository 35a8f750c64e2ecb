"""From a bounced email over an SMS that did not arrive to a call: over real HTTP, both ways.

Our own web server, the provider fake in a process of its own, real couriers, signed webhooks.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import uvicorn
from pydantic import SecretStr
from sqlalchemy import select

from incidents.app import create_app
from incidents.clock import SetClock
from incidents.database.campaigns import ProviderReceipt
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, equation, sending
from incidents.wiring import dispatches_for, routes_for
from incidents.work import TOCSIN, Office
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from tests import factories
from tests.services.telling import NOW, make_notice, make_people

# A landline takes no SMS, and is answered; a handset that is off is not.
LANDLINE, SWITCHED_OFF, ASKS_AGAIN = "+12025550194", "+12025550190", "+12025550199"


class Town:
    """An office with its web door open, and the providers that it tells people through."""

    def __init__(self, office: Office, fake: FakeProviders, url: str) -> None:
        settings = office.settings.model_copy(
            update={
                "public_url": url,
                "email_provider": "sendgrid",
                "sms_provider": "twilio_sms",
                "call_provider": "twilio_voice",
                "sendgrid_url": fake.url,
                "sendgrid_api_key": SecretStr(fake.sendgrid_api_key),
                "sendgrid_public_key": fake.sendgrid_public_key,
                "twilio_url": fake.url,
                "twilio_account_sid": fake.twilio_account_sid,
                "twilio_auth_token": SecretStr(fake.twilio_token),
            }
        )
        self.fake, self.clock = fake, SetClock(NOW)
        self.office = replace(
            office, settings=settings, clock=self.clock, routes=routes_for(settings)
        )
        self.dispatch = dispatches_for(settings)["live"]

    def launch(self, phone: str, *ladder: str) -> None:
        with self.office.work(TOCSIN) as work:
            incident = factories.make_incident(work)
            make_people(work, incident, [{"email": "bounce@example.com", "phone": phone}])
            notice = make_notice(work, incident)
            self.campaign = campaigns.launch(work, notice.id, LaunchOptions(ladder)).id

    def until(self, bucket: str, channel: str, calls: int) -> None:
        """Send until the one person stands there, after so many calls."""
        end = time.monotonic() + 30
        while (stands := (*self._stands(), self._calls())) != (bucket, channel, calls):
            assert time.monotonic() < end, f"{stands}, heard: {self.heard()}"
            time.sleep(0.05)

    def _calls(self) -> int:
        return sum(one.provider == "twilio_voice" for one in read(self.fake.ledger_path))

    def heard(self) -> list[str]:
        """The kinds of what providers said, in the order of the rungs."""
        with self.office.look(TOCSIN) as work:
            query = select(ProviderReceipt).where(ProviderReceipt.rank >= 2)
            order = (ProviderReceipt.rung, ProviderReceipt.rank.desc())
            return [row.kind for row in work.session.scalars(query.order_by(*order))]

    def _stands(self) -> tuple[str, str]:
        sending.pump(self.office, self.dispatch, mode="live")
        with self.office.look(TOCSIN) as work:
            rungs = equation.funnel(work, self.campaign)
        ((bucket, channel),) = [(bucket, one.channel) for one in rungs for bucket in one.buckets]
        return bucket, channel


@pytest.fixture
def town(office: Office, tmp_path) -> Iterator[Town]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        events = f"{url}/api/v1/webhooks/sendgrid/events"
        with FakeProviders(tmp_path, sendgrid_events=events) as fake:
            made = Town(office, fake, url)
            server = uvicorn.Server(uvicorn.Config(create_app(made.office), log_config=None))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
            thread.start()
            yield made
            server.should_exit = True
            thread.join()
            made.dispatch.close()


def test_a_landline_hears_by_call_what_email_and_sms_could_not_tell(town):
    town.launch(LANDLINE, "email", "sms", "call")
    town.until("delivered", "call", calls=1)
    assert town.heard()[:3] == ["bounced", "undelivered", "delivered"]


def test_whoever_asks_hears_the_approved_words_again_before_confirming(town):
    # The fake presses 1 only where the answer to its 2 awaits a key: the words, not the thanks.
    town.launch(ASKS_AGAIN, "email", "call")
    town.until("delivered", "call", calls=1)


def test_whoever_never_answers_is_told_by_the_announcement(town):
    town.launch(SWITCHED_OFF, "email", "sms", "call")
    for calls in (1, 2):
        town.until("waiting", "call", calls)
        town.clock.set(town.clock.now() + timedelta(hours=4))
    town.until("exhausted", "announcement", calls=3)
    assert town.heard() == ["bounced", "undelivered", "unanswered", "unanswered", "unanswered"]
