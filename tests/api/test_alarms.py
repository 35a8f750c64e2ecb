"""Alarms at the doors: read, acknowledged by link, SMS and key; health and figures tell of them."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from incidents.database.audit_entries import AuditEntry
from incidents.database.duties import Duty
from incidents.database.suppressions import Suppression
from incidents.services import suppressions
from incidents.services.suppressions import Asked
from incidents.work import TOCSIN
from notifiers.providers.twilio_signed import SIGNATURE, signature
from tests.conftest import NOW
from tests.factories import make_incident
from tests.services.alarming import MemoryPager, make_duty, make_on_duty, ring

PHONE = "+12025550142"
TOKEN = "a-token-of-twilio"
BASE = "http://127.0.0.1:8040"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"twilio_auth_token": SecretStr(TOKEN)})


@pytest.fixture
def rung(office, clock):
    """The page of an alarm that rang for Ada; and its incident."""
    with office.work(TOCSIN) as work:
        make_on_duty(work, "Ada", email="ada@example.com", phone=PHONE)
        incident = make_incident(work, owner_id=TOCSIN.id)
        make_duty(work, incident)
    clock.set(NOW + timedelta(hours=36))
    pager = MemoryPager("sms")
    assert ring(office, pager) == 1
    return pager.woken[0][1]


def posted(client, url, form, token=TOKEN):
    """What Twilio posts to an address of ours, signed."""
    signed = {SIGNATURE: signature(token.encode(), url, form)}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **signed}
    return client.post(url.removeprefix(BASE), content=urlencode(form), headers=headers)


def the_alarm(lead):
    (alarm,) = lead.get("/alarms")["items"]
    return alarm


def test_an_alarm_tells_what_rings_and_whom_it_woke(lead, rung):
    alarm = the_alarm(lead)
    assert alarm["incident_number"] == "INC-2026-0001"
    shown = lead.get(f"/alarms/{alarm['id']}")
    assert [one["title"] for one in shown["about"]] == ["Tell the authority"]
    ((page),) = shown["pages"]
    assert (page["name"], page["channel"], page["outcome"]) == ("Ada", "sms", "accepted")
    assert rung.code not in str(shown)
    assert rung.link.rpartition("/")[2] not in str(shown)


def test_an_alarm_is_acknowledged_over_http_and_twice_is_once(lead, approver, auditor, rung):
    path = f"/alarms/{the_alarm(lead)['id']}/acknowledge"
    assert auditor.ask("POST", path).status_code == 403
    first = approver.post(path)
    assert (first["state"], first["heard_how"], first["next_at"]) == ("acknowledged", "api", None)
    assert lead.post(path) == first
    assert lead.get("/alarms?state=open")["total"] == 0


def test_opening_the_link_acknowledges_nothing_and_its_button_does(client, lead, rung):
    path = rung.link.removeprefix(BASE)
    opened = client.get(path)
    assert opened.status_code == 200
    assert "INC-2026-0001" in opened.text
    assert "readable without signing in" not in opened.text
    assert "form-action 'self'" in opened.headers["content-security-policy"]
    assert the_alarm(lead)["state"] == "open"
    assert re.search(r'<form method="post">.*<button', opened.text)
    answered = client.post(path)
    assert "It was acknowledged" in answered.text
    alarm = the_alarm(lead)
    assert (alarm["state"], alarm["heard_how"]) == ("acknowledged", "link")
    timeline = lead.get(f"/incidents/{alarm['incident_id']}/timeline")
    assert (timeline[-1]["actor_name"], timeline[-1]["text"]) == (
        "Ada",
        "Alarm acknowledged (link)",
    )


def test_a_link_that_nobody_was_sent_leads_nowhere(client, rung):
    assert client.get("/alarms/of-my-own-making").status_code == 404
    assert client.post("/alarms/of-my-own-making").status_code == 404


def test_an_sms_with_the_code_from_the_number_that_was_woken_acknowledges(client, lead, rung):
    url = f"{BASE}/api/v1/webhooks/twilio/sms"
    form = {"From": PHONE, "Body": f" {rung.code} on it"}
    answer = posted(client, url, form)
    assert answer.headers["content-type"].startswith("application/xml")
    assert "<Message>INC-2026-0001: acknowledged." in answer.text
    assert (the_alarm(lead)["state"], the_alarm(lead)["heard_how"]) == ("acknowledged", "sms")


@pytest.mark.parametrize(
    "changes", [{"From": "+12025550143"}, {"Body": "000000"}, {"Body": "STOP"}, {"From": ""}]
)
def test_any_other_sms_acknowledges_nothing_and_is_not_answered(client, lead, rung, changes):
    form = {"From": PHONE, "Body": rung.code} | changes
    if form["Body"] == "000000" == rung.code:
        form["Body"] = "000001"
    answer = posted(client, f"{BASE}/api/v1/webhooks/twilio/sms", form)
    assert answer.status_code == 200
    assert answer.text.endswith("<Response></Response>")
    assert the_alarm(lead)["state"] == "open"


def test_who_writes_stop_back_gets_no_more_sms_and_is_not_answered(client, office, rung):
    url = f"{BASE}/api/v1/webhooks/twilio/sms"
    for _ in range(2):
        answer = posted(client, url, {"From": PHONE, "Body": "Stop"})
        assert answer.text.endswith("<Response></Response>")
    posted(client, url, {"From": "70000", "Body": "STOP"})  # a short code is nobody
    with office.look(TOCSIN) as work:
        rows = list(work.session.scalars(select(Suppression)))
    assert [(row.kind, row.reason, row.source) for row in rows] == [("phone", "stop", "twilio")]


def test_who_writes_start_back_takes_their_own_stop_back_and_nothing_else(client, office, rung):
    url = f"{BASE}/api/v1/webhooks/twilio/sms"
    posted(client, url, {"From": PHONE, "Body": "STOP"})
    with office.work(TOCSIN) as work:
        suppressions.add(work, Asked(PHONE, "do_not_contact"))
        suppressions.add(work, Asked("+12025550177", "stop"))
    for number in (PHONE, PHONE, "+12025550177", "70000", ""):
        answer = posted(client, url, {"From": number, "Body": "Start"})
        assert (answer.status_code, "<Message>" in answer.text) == (200, False)
    with office.look(TOCSIN) as work:
        rows = list(work.session.scalars(select(Suppression)))
        entries = list(work.session.scalars(select(AuditEntry)))
    stands = [(row.reason, row.source) for row in rows if row.lifted_at is None]
    assert sorted(stands) == [("do_not_contact", "person"), ("stop", "person")]
    assert [row.kind for row in entries].count("suppression.lift") == 1


def test_a_forged_start_opens_nothing(client, office, rung):
    url = f"{BASE}/api/v1/webhooks/twilio/sms"
    posted(client, url, {"From": PHONE, "Body": "STOP"})
    form = {"From": PHONE, "Body": "START"}
    assert posted(client, url, form, token="x").status_code == 403
    with office.look(TOCSIN) as work:
        assert [row.lifted_at for row in work.session.scalars(select(Suppression))] == [None]


def test_a_forged_stop_closes_nothing(client, office, rung):
    form = {"From": PHONE, "Body": "STOP"}
    assert posted(client, f"{BASE}/api/v1/webhooks/twilio/sms", form, token="x").status_code == 403
    with office.look(TOCSIN) as work:
        assert list(work.session.scalars(select(Suppression))) == []


def test_a_key_on_the_call_acknowledges_and_no_other_key_does(client, lead, rung):
    assert "Nothing was acknowledged" in posted(client, rung.digits_url, {"Digits": "5"}).text
    assert the_alarm(lead)["state"] == "open"
    assert "acknowledged" in posted(client, rung.digits_url, {"Digits": "1"}).text
    alarm = the_alarm(lead)
    assert (alarm["state"], alarm["heard_how"]) == ("acknowledged", "call")


def test_what_twilio_did_not_sign_is_refused(client, lead, rung):
    form = {"From": PHONE, "Body": rung.code, "Digits": "1"}
    for url in (f"{BASE}/api/v1/webhooks/twilio/sms", rung.digits_url):
        assert posted(client, url, form, token="forged").status_code == 403
        assert client.post(url.removeprefix(BASE), data=form).status_code == 403
    assert the_alarm(lead)["state"] == "open"


def test_a_token_for_drills_sees_no_live_alarm(client, as_role, lead, rung):
    drills = as_role("commander", name="trainee", drills_only=True)
    assert client.get("/api/v1/alarms", headers=drills).json()["total"] == 0
    path = f"/api/v1/alarms/{the_alarm(lead)['id']}/acknowledge"
    assert client.post(path, headers=drills).status_code == 404
    assert client.get("/api/v1/metrics", headers=drills).status_code == 403


def test_an_owner_is_named_over_http(lead):
    incident = lead.open()
    assert incident["owner_id"] is None
    path = f"/incidents/{incident['id']}/owner"
    lead.refused(428, "PUT", path, {})
    owned = lead.ask("PUT", path, {}, if_match=incident["version"]).json()
    assert owned["owner_id"] == lead.get("/me")["id"]
    lead.refused(422, "PUT", path, {"owner": "nobody at all"}, if_match=owned["version"])
    lead.refused(412, "PUT", path, {}, if_match=incident["version"])


def test_health_fails_while_alarms_are_late_and_says_so(client, office, clock):
    with office.work(TOCSIN) as work:
        make_duty(work, make_incident(work, owner_id=TOCSIN.id))
    clock.set(NOW + timedelta(hours=36, seconds=60))
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["alarm_lag_seconds"]) == (200, 60.0)
    clock.set(NOW + timedelta(hours=36, seconds=61))
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "alarms late")
    ring(office, MemoryPager("sms"))
    assert client.get("/api/v1/health").status_code == 200


def test_health_fails_while_a_duty_has_no_alarm(client, office):
    with office.work(TOCSIN) as work:
        make_duty(work, make_incident(work, owner_id=TOCSIN.id))
        work.session.execute(update(Duty).values(next_alarm_at=None))
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "duty without alarm")


def test_figures_are_read_from_the_rows_at_each_scrape(client, lead, as_role, office, clock, rung):
    def scraped():
        text = client.get("/api/v1/metrics", headers=lead.headers).text
        found = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in found}

    figures = scraped()
    assert figures['tocsin_duties_open{mode="live",standing="owed"}'] == 1
    assert figures["tocsin_duties_uncovered"] == 0
    assert figures["tocsin_alarm_lag_seconds"] == 0
    assert set(figures) >= {f'tocsin_rota_warnings{{code="{code}"}}' for code in ("gap", "nobody")}
    assert figures['tocsin_alarms_unacknowledged{loud="yes",mode="live"}'] == 1
    assert figures['tocsin_alarm_pages{channel="sms",outcome="accepted"}'] == 1
    assert figures["tocsin_alarm_last_ring_timestamp_seconds"] == clock.now().timestamp()
    clock.set(NOW + timedelta(hours=73))
    assert scraped()['tocsin_duties_overdue{mode="live",standing="owed"}'] == 1
    responder = as_role("responder", name="curious")
    assert client.get("/api/v1/metrics", headers=responder).status_code == 403
