"""The doctor says which provider is left alone, and whether silence would be misread."""

import pytest

from incidents.cli import provider_checks
from incidents.database import providers
from incidents.errors import IncidentsError
from incidents.rules.breaker import Breaker, heard
from incidents.settings import Settings
from incidents.work import TOCSIN


def test_a_grace_shorter_than_a_providers_lag_is_refused():
    hasty = Settings(sms_provider="twilio_sms", settle_seconds=10)
    with pytest.raises(IncidentsError, match="twilio 60 s"):
        provider_checks.settling(hasty)
    patient = Settings(sms_provider="twilio_sms", settle_seconds=60)
    assert "after 60 s" in provider_checks.settling(patient)


def test_a_provider_that_is_left_alone_is_told_with_why(office):
    assert provider_checks.breakers(office.settings) == "every provider is given work"
    with office.work(TOCSIN) as work:
        row = providers.held(work.session, "smtp", "email")
        providers.keep_breaker(row, heard(Breaker(), "k", work.now))
        row.last_error = "smtp 535: our login or sender was refused"
    with pytest.raises(IncidentsError, match="smtp on email: credentials, smtp 535"):
        provider_checks.breakers(office.settings)
