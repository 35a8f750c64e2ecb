"""What is due of all incidents in one list, and in the calendar of each person."""

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import text

from tests.conftest import NOW

EU = {
    "role": "controller",
    "establishment": "DE",
    "people_by_place": {"DE": 1200},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
    "risk": "high",
}
AWARE = {"aware_at": "2026-03-02T08:00:00Z"}


@pytest.fixture
def incident(lead):
    return lead.open(facts=EU, moments=AWARE)


def due(desk, **query):
    return desk.get("/deadlines", params={"limit": 200, **query})["items"]


def test_deadlines_of_all_incidents_come_soonest_first(lead, incident):
    other = lead.open(facts=EU, moments={"aware_at": "2026-03-01T08:00:00Z"})
    found = due(lead)
    assert [one["due_at"] for one in found] == sorted(one["due_at"] for one in found)
    assert {one["incident"] for one in found} == {incident["number"], other["number"]}
    assert {one["kind"] for one in found} == {"duty", "task"}
    assert all(one["due_at"] for one in found)


def test_hard_clocks_are_what_the_law_surely_owes_by_a_number_of_its_own(lead, incident):
    hard = due(lead, hard_only=True)
    (gdpr,) = [one for one in hard if one["name"] == "eu-gdpr-33"]
    assert gdpr["due_at"] == "2026-03-05T08:00:00Z"
    assert {(one["kind"], one["standing"], one["is_target"]) for one in hard} == {
        ("duty", "owed", False)
    }


def test_a_filter_leaves_out_what_was_not_asked_for(lead, incident):
    lead.learn(incident, people_by_place={"DE": 1200, "US-TX": 900}, data_categories=["ssn"])
    everything = due(lead)
    assert {one["place"].partition("-")[0] for one in due(lead, place="US")} == {"US"}
    assert {one["place"] for one in due(lead, place="US-TX")} == {"US-TX"}
    assert {one["audience"] for one in due(lead, audience="people")} == {"people"}
    assert due(lead, mode="drill") == []
    assert due(lead, incident=incident["id"]) == everything
    soon = due(lead, within_hours=24)
    end = (NOW + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert soon == [one for one in everything if one["due_at"] <= end]
    assert 0 < len(soon) < len(everything)


def test_pages_follow_one_another(lead, incident):
    first = lead.get("/deadlines?limit=3")
    second = lead.get(first["next"].removeprefix("/api/v1"))
    ids = [one["id"] for one in (*first["items"], *second["items"])]
    assert ids == [one["id"] for one in due(lead)[:6]]
    assert first["total"] == len(due(lead))


def test_what_was_met_waived_or_ended_is_not_due_any_more(lead, incident):
    (gdpr,) = [one for one in due(lead) if one["name"] == "eu-gdpr-33"]
    lead.post(f"/duties/{gdpr['id']}/decisions", {"action": "waive", "reason": "told them before"})
    assert "eu-gdpr-33" not in {one["name"] for one in due(lead)}


def test_a_token_for_drills_sees_no_deadline_of_a_live_incident(lead, incident, client, as_role):
    headers = as_role("commander", drills_only=True)
    assert client.get("/api/v1/deadlines", headers=headers).json()["items"] == []
    asked = client.get(f"/api/v1/deadlines?incident={incident['id']}", headers=headers)
    assert asked.status_code == 404


class Reader:
    """A calendar program with the address of somebody's calendar."""

    def __init__(self, desk, **wanted):
        self.client = desk.client
        self.path = desk.post("/me/calendar-feed", wanted)["url"].partition("8040")[2]

    def answer(self, **headers):
        return self.client.get(self.path, headers=headers)

    def events(self):
        calendar = Calendar.from_ical(self.answer().content)
        return {str(event["UID"]): event for event in calendar.walk("VEVENT")}

    def event(self, title):
        (found,) = [one for one in self.events().values() if title in one["SUMMARY"]]
        return found


@pytest.fixture
def gdpr_title(lead, incident):
    return lead.duties(incident)["eu-gdpr-33"]["title"]


def test_an_open_duty_stands_in_the_calendar_when_it_is_due(lead, incident, gdpr_title):
    event = Reader(lead).event(gdpr_title)
    assert event.start == datetime.fromisoformat("2026-03-05T08:00:00Z")
    assert incident["number"] in event["SUMMARY"]
    assert "art. 33" in event["DESCRIPTION"]
    assert event["URL"].endswith(incident["id"])
    triggers = [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")]
    assert triggers == [timedelta(hours=-hours) for hours in (36, 18, 7.2)]


def test_the_text_names_the_zone_of_the_place(lead):
    lead.open(
        facts=EU | {"establishment": "CN", "people_by_place": {"CN": 2_000_000}}, moments=AWARE
    )
    said = [str(one["DESCRIPTION"]) for one in Reader(lead).events().values()]
    assert any("in Asia/Shanghai, that is" in one for one in said)


def test_what_may_not_be_owed_is_tentative_and_rings_no_alarm(lead, incident):
    tentative = [one for one in Reader(lead).events().values() if one["STATUS"] == "TENTATIVE"]
    assert tentative
    assert all("perhaps" in one["SUMMARY"] for one in tentative)
    assert [one for one in tentative if one.walk("VALARM")] == []


def test_an_event_keeps_its_id_and_tells_that_its_time_moved(lead, incident, gdpr_title, clock):
    reader = Reader(lead)
    before = reader.event(gdpr_title)
    clock.set(NOW + timedelta(hours=1))
    lead.learn(incident, aware_at="2026-03-02T06:00:00Z", reason="the log shows an earlier mail")
    after = reader.event(gdpr_title)
    assert after["UID"] == before["UID"]
    assert before.start - after.start == timedelta(hours=2)
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt == NOW + timedelta(hours=1) > before["LAST-MODIFIED"].dt


def test_drills_stand_in_the_calendar_of_whoever_asks_for_them_and_are_marked(lead, incident):
    drill = lead.open(facts=EU, moments=AWARE, mode="drill")
    assert drill["number"] not in Reader(lead).answer().text
    events = Reader(lead, drills=True).events().values()
    of_drill = [one for one in events if drill["number"] in one["SUMMARY"]]
    assert of_drill
    assert all(one["SUMMARY"].startswith("DRILL ") for one in of_drill)
    assert any(incident["number"] in one["SUMMARY"] for one in events)
    assert {one["incident"] for one in due(lead, mode="drill")} == {drill["number"]}


def test_no_words_of_people_get_into_a_calendar(lead):
    lead.open(title="Ann Example lost her laptop", facts=EU, moments=AWARE)
    assert "Ann" not in Reader(lead).answer().text


def test_a_calendar_that_did_not_change_is_not_sent_again(lead, incident, gdpr_title):
    reader = Reader(lead)
    first = reader.answer()
    assert first.headers["content-type"].startswith("text/calendar")
    again = reader.answer(**{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    lead.learn(incident, aware_at="2026-03-02T06:00:00Z", reason="an earlier mail was found")
    assert reader.answer(**{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_a_new_address_ends_the_old_one_and_a_revoked_one_opens_nothing(lead, incident):
    first, second = Reader(lead), Reader(lead)
    assert (first.answer().status_code, second.answer().status_code) == (404, 200)
    assert lead.get("/me/calendar-feed")["drills"] is False
    assert lead.ask("DELETE", "/me/calendar-feed").status_code == 204
    assert second.answer().status_code == 404
    lead.refused(404, "GET", "/me/calendar-feed")
    lead.refused(404, "DELETE", "/me/calendar-feed")


def test_only_the_hash_of_an_address_is_kept(lead, office):
    secret = Reader(lead).path.removeprefix("/calendar/").removesuffix(".ics")
    with office.engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM calendar_feed"))
    assert secret not in str(row)


@pytest.mark.parametrize("secret", ["x", "0" * 43, "%00", "..%2f"])
def test_a_wrong_address_tells_nothing(client, secret):
    assert client.get(f"/calendar/{secret}.ics").status_code == 404


def test_a_calendar_ends_with_the_rights_of_its_owner(lead, administrator, incident):
    reader = Reader(lead)
    me = lead.get("/me")["id"]
    administrator.ask("DELETE", f"/users/{me}")
    assert reader.answer().status_code == 404


def test_who_reads_no_incidents_gets_no_calendar(administrator, client, as_role):
    administrator.refused(403, "POST", "/me/calendar-feed", {})
    headers = as_role("commander", drills_only=True)
    answer = client.post("/api/v1/me/calendar-feed", json={}, headers=headers)
    assert answer.status_code == 403
