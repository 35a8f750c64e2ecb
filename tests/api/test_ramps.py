"""The ramp of a large mail host over HTTP: foretold, watched, and ended by hand."""

from __future__ import annotations

import pytest

from incidents.cli import campaign_looks as looks
from tests.cli.test_campaign_looks import text
from tests.conftest import web
from tests.services.telling import mailbox


@pytest.fixture
def one(telling):
    people = [mailbox(n, mail_host=17 if n < 90 else 18) for n in range(100)]
    return telling(people, mail_ramp="12/hour")


@pytest.fixture
def client(one):
    with web(one.office) as client:
        yield client


def test_a_ramp_is_foretold_watched_and_ended(one, client, commander):
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    body = {"ladder": ["email", "announcement"], "canary": {"people": 0}}
    said = client.post(f"{path}/dry-run", json=body, headers=commander).json()
    assert (said["ramp"]["people"], said["ramp"]["first"]) == (90, 12)
    assert said["ends_at"] == said["ramp"]["ends_at"]
    shown = text(looks.forecast(said))
    assert "90 people by and by: 12 of a host in the first hour" in " ".join(shown.split())
    campaign = client.post(path, json=body, headers=commander).json()
    one.pump()
    seen = client.get(f"/api/v1/campaigns/{campaign['id']}/progress", headers=commander).json()
    assert seen["progress"]["ramp"]["people"] == 89
    assert seen["progress"]["ramp"]["ends_at"] == said["ends_at"]
    end = f"/api/v1/campaigns/{campaign['id']}/end-ramp"
    assert client.post(end, json={"reason": ""}, headers=commander).status_code == 422
    assert client.post(end, json={"reason": "it knows us"}, headers=commander).status_code == 200
    assert client.post(end, json={"reason": "it knows us"}, headers=commander).status_code == 409
    one.pump()
    assert len(one.email.told()) == 100
