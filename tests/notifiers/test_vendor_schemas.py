"""Our requests against the vendors' own OpenAPI files, where those are at hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator, ValidationError

from notifiers.envelope import Recall
from notifiers.paging import Page
from notifiers.paging.call import call_form
from notifiers.providers.sendgrid import SendGrid
from notifiers.providers.twilio_account import TwilioAccount
from notifiers.providers.twilio_sms import TwilioSms
from notifiers.providers.twilio_voice import TwilioVoice
from notifiers.transport import Transport
from tests.notifiers.makers import SENDER, make_call, make_envelope, make_person, make_sms

ACCOUNT = TwilioAccount(Transport(), account_sid="AC", auth_token="t")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def document(name: str) -> Any:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} is not at hand")
    return json.loads(file.read_text())


def resolved(document: Any, node: Any, depth: int = 0) -> Any:
    """A schema with its references filled in, down to where no message of ours goes."""
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    if depth > 12:
        return {}
    if isinstance(node, dict):
        return {key: resolved(document, value, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [resolved(document, value, depth + 1) for value in node]
    return node


def strict(schema: Any) -> Any:
    """The same schema, with every key that it does not name refused."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return schema


def mail_schema() -> Any:
    spec = document("sendgrid/tsg_mail_v3.json")
    request = resolved(spec, spec["paths"]["/v3/mail/send"]["post"]["requestBody"])
    return strict(request["content"]["application/json"]["schema"])


def mail(**changes: Any) -> Any:
    courier = SendGrid(
        Transport(),
        api_key="x",
        from_email="a@example.com",
        from_name="A",
    )
    envelope = make_envelope(*map(make_person, range(1000)), **changes)
    return json.loads(courier.body(envelope))


def test_a_mail_of_a_thousand_people_is_valid() -> None:
    Draft202012Validator(mail_schema()).validate(mail())


def test_a_mail_that_can_be_called_back_is_valid() -> None:
    recall = Recall("YOUR_BATCH_ID", datetime(2026, 3, 2, 9, 15, tzinfo=UTC))
    Draft202012Validator(mail_schema()).validate(mail(recall=recall))


def test_the_schema_would_notice() -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(mail_schema()).validate(mail() | {"colour": "red"})


def test_an_sms_is_valid() -> None:
    spec = document("twilio/twilio_api_v2010.json")
    path = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]
    form = path["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    courier = TwilioSms(ACCOUNT, SENDER)
    body = courier.body(make_sms(callback="https://tocsin.example.com/receipts"))
    schema = strict(resolved(spec, form["schema"]))
    Draft202012Validator(schema).validate(dict(parse_qsl(body.decode())))


def call_schema() -> Any:
    spec = document("twilio/twilio_api_v2010.json")
    path = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Calls.json"]
    form = path["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    return strict(resolved(spec, form["schema"]))


@pytest.mark.parametrize("words", ["short", "x" * 4_000])
def test_a_call_of_a_campaign_is_valid(words: str) -> None:
    courier = TwilioVoice(ACCOUNT, SENDER)
    person = make_person(address="+12025550123", fields={"name": words})
    body = courier.body(make_call(people=(person,), callback="https://tocsin.example.com/calls"))
    called: dict[str, Any] = dict(parse_qsl(body.decode()))
    # A form has only texts: what is a number in the schema is written as one.
    called |= {name: int(called[name]) for name in ("Timeout", "TimeLimit")}
    Draft202012Validator(call_schema()).validate(called)


def test_a_call_of_an_alarm_is_valid() -> None:
    called = call_form(
        "+12025550123",
        "+15005550006",
        Page("INC-2026-0042", "", "due", "https://tocsin.example.com/a", "4711"),
    )
    called |= {"Timeout": int(called["Timeout"])}
    Draft202012Validator(call_schema()).validate(called)
    assert len(called["Twiml"]) <= 4_000
