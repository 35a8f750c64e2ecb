"""The doctor says which provider is left alone, and whether silence would be misread."""

from dataclasses import replace

import pytest

from incidents.cli import provider_checks
from incidents.database import providers
from incidents.errors import IncidentsError, InvalidInput
from incidents.rules.breaker import Breaker, heard
from incidents.settings import Settings
from incidents.telling import senders_of
from incidents.wiring import refuse_haste
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch


def test_a_grace_shorter_than_a_providers_lag_is_refused():
    hasty = Settings(sms_provider="twilio_sms", settle_seconds=10)
    with pytest.raises(IncidentsError, match="twilio 60 s"):
        provider_checks.settling(hasty)
    patient = Settings(sms_provider="twilio_sms", settle_seconds=60)
    assert "after 60 s" in provider_checks.settling(patient)


def test_nobody_is_told_while_a_providers_silence_would_be_misread(office):
    chosen = {"email_provider": "sendgrid", "sendgrid_activity": True, "sms_provider": "twilio_sms"}
    hasty = Settings(**chosen, settle_seconds=10)
    with pytest.raises(InvalidInput) as refused:
        senders_of(replace(office, settings=hasty), {"live": Dispatch({})})
    assert [problem.why for problem in refused.value.problems] == [
        "sendgrid may lag 600 s",
        "twilio may lag 60 s",
    ]


def test_a_fake_on_this_machine_may_be_given_less_time():
    here = {"sms_provider": "twilio_sms", "twilio_url": "http://127.0.0.1:8041"}
    refuse_haste(Settings(**here, settle_seconds=1.5))


def test_a_provider_that_is_left_alone_is_told_with_why(office):
    assert provider_checks.breakers(office.settings) == "every provider is given work"
    with office.work(TOCSIN) as work:
        row = providers.held(work.session, "smtp", "email")
        providers.keep_breaker(row, heard(Breaker(), "k", work.now))
        row.last_error = "smtp 535: our login or sender was refused"
    with pytest.raises(IncidentsError, match="smtp on email: credentials, smtp 535"):
        provider_checks.breakers(office.settings)
