"""The fake keeps the truth, and is as strict as the vendors."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import orjson
import pytest

from notifiers.fake.faults import Dice, Fault, Faults
from notifiers.fake.ledger import Accepted, Ledger, times_told
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import make_envelope, make_person, sendgrid_at


def post(fake: FakeProviders, path: str, body: bytes, authorization: str) -> tuple[int, Any]:
    request = Request(fake.url + path, body, {"Authorization": authorization}, method="POST")
    try:
        with urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, orjson.loads(error.read())


def mail(fake: FakeProviders, change: Callable[[dict[str, Any]], object]) -> tuple[int, Any]:
    envelope = make_envelope(make_person(1), make_person(2))
    body = orjson.loads(sendgrid_at(fake).body(envelope))
    change(body)
    return post(fake, "/v3/mail/send", orjson.dumps(body), "Bearer SG.fake")


def sms(fake: FakeProviders, **changes: str) -> tuple[int, Any]:
    form = {"To": "+12025550123", "From": "+15005550006", "Body": "hello"} | changes
    login = base64.b64encode(f"{fake.twilio_account_sid}:{fake.twilio_token}".encode()).decode()
    path = f"/2010-04-01/Accounts/{fake.twilio_account_sid}/Messages.json"
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return post(fake, path, body, f"Basic {login}")


def person(mail: dict[str, Any], place: int = 1) -> dict[str, Any]:
    return mail["personalizations"][place]  # type: ignore[no-any-return]


def test_what_our_courier_sends_is_taken(fake: FakeProviders) -> None:
    assert mail(fake, lambda mail: None)[0] == 202


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda mail: mail.update(colour="red"), None),
        (lambda mail: person(mail).update(colour="red"), "personalizations.1"),
        (lambda mail: mail.pop("subject"), "subject"),
        (lambda mail: mail.pop("from"), "from.email"),
        (lambda mail: mail.update(content=[]), "content"),
        (lambda mail: mail["content"].reverse(), "content"),
        (lambda mail: mail["content"][0].update(value=""), "content.0"),
        (lambda mail: mail.update(send_at="now"), "send_at"),
        (lambda mail: mail.update(personalizations=[]), "personalizations"),
        (lambda mail: mail["personalizations"].extend([{}] * 1000), "personalizations"),
        (lambda mail: person(mail).update(to=[]), "personalizations.1.to"),
        (lambda mail: person(mail)["to"][0].update(email="jo"), "personalizations.1.to.0.email"),
        (
            lambda mail: person(mail)["to"][0].update(email="PERSON1@example.com"),
            "personalizations",
        ),
        (lambda mail: person(mail)["custom_args"].update(n=1), "personalizations.1.custom_args"),
        (
            lambda mail: person(mail)["substitutions"].update(x="y" * 10_000),
            "personalizations.1.substitutions",
        ),
    ],
)
def test_a_mail_that_sendgrid_would_refuse_is_refused(
    fake: FakeProviders, change: Callable[[dict[str, Any]], object], field: str | None
) -> None:
    before = fake.ledger()["people"]
    status, told = mail(fake, change)
    assert (status, told["errors"][0]["field"]) == (400, field)
    assert fake.ledger()["people"] == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "garbage"}, 21211),
        ({"To": "+0123"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "me"}, 21212),
        ({"From": "", "MessagingServiceSid": "MG1"}, 21701),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "ftp://x.example.com"}, 21609),
        ({"Colour": "red"}, 20001),
    ],
)
def test_an_sms_that_twilio_would_refuse_is_refused(
    fake: FakeProviders, changes: dict[str, str], code: int
) -> None:
    status, told = sms(fake, **changes)
    assert (status, told["code"]) == (400, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "garbage"}, 21211),
        ({"From": ""}, 21213),
        ({"From": "MG1"}, 21212),
        ({"Twiml": ""}, 21205),
        ({"Twiml": "<Response>"}, 12100),
        ({"Twiml": f"<Response>{'x' * 4000}</Response>"}, 20001),
        ({"Colour": "red"}, 20001),
    ],
)
def test_a_call_that_twilio_would_refuse_is_refused(
    fake: FakeProviders, changes: dict[str, str], code: int
) -> None:
    form = {"To": "+12025550123", "From": "+15005550006", "Twiml": "<Response/>"} | changes
    login = base64.b64encode(f"{fake.twilio_account_sid}:{fake.twilio_token}".encode()).decode()
    path = f"/2010-04-01/Accounts/{fake.twilio_account_sid}/Calls.json"
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    status, told = post(fake, path, body, f"Basic {login}")
    assert (status, told["code"]) == (400, code)


def test_a_stranger_is_turned_away(fake: FakeProviders) -> None:
    assert post(fake, "/v3/mail/send", b"{}", "Bearer SG.other")[0] == 401


def test_an_unknown_knob_is_refused(fake: FakeProviders) -> None:
    with pytest.raises(HTTPError, match="422"):
        fake.set_faults(too_mny=1)


def test_the_ledger_outlives_the_fake_and_a_half_written_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for attempt in ("a1", "a2"):
        people = [("jo@example.com", "r1"), (f"{attempt}@example.com", attempt)]
        ledger.add(Accepted("sendgrid", f"m-{attempt}", attempt, time.time(), people, {}))
    ledger.close()
    with ledger.path.open("ab") as file:
        file.write(b'{"provider":"send')
    again = Ledger(ledger.path)
    assert again.summary() == {"sendgrid": {"requests": 2, "people": 4}}
    assert again.of_attempt("a2")[0].id == "m-a2"
    again.add(Accepted("sendgrid", "m-a3", "a3", time.time(), [("x@example.com", "r3")], {}))
    assert times_told(ledger.path) == {"r1": 2, "a1": 1, "a2": 1, "r3": 1}
    again.close()


def test_duplicates_are_counted_by_person(fake: FakeProviders) -> None:
    for _ in range(2):
        mail(fake, lambda mail: person(mail)["custom_args"].update(r="told-twice"))
    assert fake.get("/ledger/duplicates")["told-twice"] == 2
    assert (
        fake.get("/ledger/people?ref=told-twice")["people"][0]["address"] == "person2@example.com"
    )
    assert int(fake.get("/ledger/counts")["2"]) >= 1


def test_the_same_seed_draws_the_same_faults_in_about_the_set_share() -> None:
    knobs = Faults(too_many=0.05, error_after=0.02, seed=7)
    one, two = Dice(knobs), Dice(knobs)
    drawn = [one.fault() for _ in range(10_000)]
    assert drawn == [two.fault() for _ in range(10_000)]
    assert 400 < drawn.count(Fault.TOO_MANY) < 600
    assert 140 < drawn.count(Fault.ERROR_AFTER) < 260


def test_it_starts_within_a_second_and_signs_alike_after_a_restart(tmp_path: Path) -> None:
    fake = FakeProviders(tmp_path)
    began = time.monotonic()
    fake.start()
    took = time.monotonic() - began
    key = fake.sendgrid_public_key
    mail(fake, lambda mail: None)
    fake.stop()
    fake.start()
    assert fake.sendgrid_public_key == key
    assert fake.ledger()["people"] == 2
    fake.stop()
    assert took < 5  # far below on an idle machine; tests share this one


def test_over_tls_it_is_the_same_fake_for_who_trusts_its_certificate(tmp_path: Path) -> None:
    with FakeProviders(tmp_path, tls=True) as fake:
        trusting = ssl.create_default_context(cafile=str(fake.certificate))
        with urlopen(f"{fake.tls_url}/about", timeout=5, context=trusting) as answer:
            assert orjson.loads(answer.read())["ledger"] == str(fake.ledger_path)
        with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urlopen(f"{fake.tls_url}/about", timeout=5)
