"""`tocsin alarm` and `tocsin incident own`: what rings, who heard it, ringing once from cron."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from incidents.work import TOCSIN
from tests.factories import make_incident
from tests.services.alarming import make_duty, make_on_duty


@pytest.fixture
def due(office, monkeypatch):
    """An incident with a duty that falls due in an hour; and nobody has rung yet."""
    monkeypatch.setenv("TOCSIN_DATA_FOLDER", str(office.settings.data_folder))
    monkeypatch.setenv("TOCSIN_DATABASE_URL", office.settings.database)
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        incident = make_incident(work, owner_id=TOCSIN.id)
        started = {"start_at": work.now - timedelta(hours=71)}
        return make_duty(work, incident, 1, **started)


def test_ringing_once_from_cron_rings_what_is_due_and_no_more(as_lead, due):
    assert "1 alarm rung." in as_lead("alarm", "ring").out
    assert "0 alarms rung." in as_lead("alarm", "ring").out


def test_an_alarm_is_listed_shown_and_acknowledged(as_lead, due):
    assert "No alarm." in as_lead("alarm", "list").out
    as_lead("alarm", "ring")
    listed = as_lead("alarm", "list")
    assert "INC-" in listed.out
    assert "loud" in listed.out
    shown = as_lead("alarm", "show")
    assert "Tell the authority" in shown.out
    assert "sandbox" in shown.out
    assert "Ada" in shown.out
    assert "acknowledged" in as_lead("alarm", "acknowledge").out
    (alarm,) = json.loads(as_lead("alarm", "list", "--json").out)
    assert (alarm["state"], alarm["heard_how"]) == ("acknowledged", "api")
    assert as_lead("alarm", "acknowledge").code == 1  # nothing rings any more


def test_an_incident_is_owned_by_whoever_asks_or_is_named(as_lead, token_of):
    made = json.loads(as_lead("incident", "open", "other", "Odd mails", "--json").out)
    assert "nobody" in as_lead("incident", "show", made["number"]).out
    owned = json.loads(as_lead("incident", "own", made["number"], "--json").out)
    assert owned["owner_id"]
    refused = as_lead("incident", "own", made["number"], "Nobody Example")
    assert (refused.code, "cannot own an incident" in refused.err) == (1, True)
