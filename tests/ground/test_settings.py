"""What the environment says is refused in words where it cannot be used."""

import pytest

from incidents import couriers
from incidents.errors import IncidentsError, InvalidInput
from incidents.settings import Settings


@pytest.mark.parametrize(
    ("name", "told", "why"),
    [
        ("email_provider", "sendgird", "is none of sandbox, sendgrid, smtp, resend"),
        ("email_provider", "sandbox:1,smtp:1", "sandbox stands alone"),
        ("email_provider", "smtp:0", "a weight above 0"),
        ("sms_provider", "pigeon", "Input should be 'sandbox' or 'twilio_sms'"),
        ("residency", "CN smtp", "is not like CN=smtp"),
        ("pace", "twilio=100 words", "units: requests, recipients"),
        ("pace", "smtp=5", "units: requests, recipients"),
        ("mail_ramp", "slowly", "5000/hour"),
        ("prices", "sendgrid=free", "is no price such as"),
        ("time_zone", "Berlin", "no IANA time zone"),
        ("lease_seconds", "0", "greater than 0"),
        ("email_from", "Ada <ada@example.com>", "no bare address"),
        ("email_from", "", "no bare address"),
        ("alarm_email_from", "on call", "no bare address"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_why(monkeypatch, name, told, why):
    monkeypatch.setenv(f"TOCSIN_{name.upper()}", told)
    with pytest.raises(InvalidInput) as refused:
        Settings()
    (problem,) = refused.value.problems
    assert problem.field == f"TOCSIN_{name.upper()}"
    assert why in problem.why


def test_a_secret_that_cannot_be_used_is_not_shown():
    with pytest.raises(InvalidInput) as refused:
        Settings(dead_man_url="ping.example.com/a-secret-path")
    (problem,) = refused.value.problems
    assert "begins with https" in problem.why
    assert "secret-path" not in f"{refused.value} {problem}"
    assert refused.value.__cause__ is None


def test_every_setting_that_cannot_be_used_is_named_at_once():
    with pytest.raises(InvalidInput) as refused:
        Settings(port="none", prices="x")
    assert [one.field for one in refused.value.problems] == ["TOCSIN_PORT", "TOCSIN_PRICES"]


@pytest.mark.parametrize("told", ["garbage", "Z2FyYmFnZQ=="])
def test_a_verification_key_that_is_none_is_named_and_not_shown(told):
    with pytest.raises(IncidentsError, match="TOCSIN_SENDGRID_PUBLIC_KEY") as refused:
        couriers.make("sendgrid", Settings(sendgrid_public_key=told))
    assert told not in str(refused.value)
