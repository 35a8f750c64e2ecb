"""The signed webhook of detection tools: one incident for each fingerprint, none for a forger."""

import json

import pytest

from incidents.api.detections import TOLERANCE_SECONDS
from incidents.settings import Settings
from notifiers.standard_webhooks import sign
from tests.api.desk import API, fields, problem
from tests.conftest import NOW

SECRET = "whsec_dG9jc2luLXRlc3Qtc2VjcmV0"
URL = API + "/webhooks/detections"
SEEN = {"tool": "edr", "fingerprint": "f-1", "title": "Many files encrypted", "kind": "ransomware"}


@pytest.fixture
def settings(database, tmp_path):
    return Settings(data_folder=tmp_path, database_url=database, detection_webhook_secret=SECRET)


@pytest.fixture
def send(client):
    """Sends a detection, rightly signed unless told otherwise."""

    def send(detection=SEEN, *, webhook_id="msg_1", at=None, secret=SECRET, body=None, **headers):
        body = json.dumps(detection).encode() if body is None else body
        at = int(NOW.timestamp()) if at is None else at
        signed = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(secret, webhook_id, at, body),
            "content-type": "application/json",
        }
        return client.post(URL, content=body, headers=signed | headers)

    return send


def test_a_detection_opens_an_incident_and_the_same_fingerprint_none(send, lead):
    first = send()
    assert first.status_code == 201
    again = send(webhook_id="msg_2")
    assert (again.status_code, again.json()["is_new"]) == (200, False)
    assert again.json()["incident_id"] == first.json()["incident_id"]
    other = send(SEEN | {"fingerprint": "f-2"}, webhook_id="msg_3")
    assert other.status_code == 201
    incident = lead.get(f"/incidents/{first.json()['incident_id']}")
    assert (incident["kind"], incident["mode"], incident["reporter"]) == (
        "ransomware", "live", "edr",
    )  # fmt: skip
    story = lead.get(f"/incidents/{incident['id']}/timeline")
    assert [line["text"] for line in story if line["kind"] == "detection"] == [
        "Detected again by edr"
    ]


def test_a_message_played_again_does_nothing(send, lead):
    first = send()
    story = lead.get(f"/incidents/{first.json()['incident_id']}/timeline")
    again = send()
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert lead.get(f"/incidents/{first.json()['incident_id']}/timeline") == story
    problem(send(SEEN | {"title": "Another"}), 422)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "whsec_c29tZWJvZHkgZWxzZQ=="},
        {"at": int(NOW.timestamp()) - TOLERANCE_SECONDS - 1},
        {"at": int(NOW.timestamp()) + TOLERANCE_SECONDS + 1},
        {"webhook_id": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": b"v1,\xff"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-id": "msg_other"},
    ],
)
def test_what_is_not_signed_by_us_is_refused_before_it_is_read(send, lead, wrong):
    problem(send(**wrong, body=b"not even JSON"), 403)
    assert lead.get("/incidents")["total"] == 0


def test_a_changed_body_does_not_fit_its_signature(client, send, lead):
    signed = send().request.headers
    body = json.dumps(SEEN | {"title": "Nothing to see"}).encode()
    kept = {name: signed[name] for name in signed if name.startswith("webhook-")}
    answer = client.post(URL, content=body, headers={**kept, "content-type": "application/json"})
    problem(answer, 403)


@pytest.mark.parametrize(
    ("detection", "field"),
    [
        (SEEN | {"kind": "flood"}, "kind"),
        (SEEN | {"tool": "x" * 201}, "tool"),
        (SEEN | {"fingerprint": ""}, "fingerprint"),
        (SEEN | {"facts": {"rolle": 1}}, "facts.rolle"),
    ],
)
def test_a_signed_detection_is_checked_like_everything_else(send, lead, detection, field):
    assert fields(problem(send(detection), 422)) == [field]
    assert lead.get("/incidents")["total"] == 0
    assert send().status_code == 201


def test_a_detection_that_was_refused_can_be_sent_again_mended(send):
    problem(send(SEEN | {"kind": "flood"}), 422)
    assert send().status_code == 201


def test_without_a_secret_the_door_is_shut(client, office):
    object.__setattr__(office, "settings", Settings(data_folder=office.settings.data_folder))
    problem(client.post(URL, content=b"{}"), 404)
