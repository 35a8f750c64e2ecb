"""One campaign, three laws: Massachusetts, California and Germany each read their own words."""

from __future__ import annotations

from uuid import UUID

import pytest

from incidents.database.notices import bodies_of
from incidents.services import sending
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from tests.api.desk import API, Desk, fields
from tests.services.telling import Scripted

THEIRS = "us-ma-93h-people:US-MA"
PEOPLE = """ref,name,email,phone,locale,place
1,Ada Example,ada@example.com,,en,US-MA
2,Otto Muster,otto@example.com,,de,US-MA
3,Ben Sample,ben@example.com,,en,US-CA
4,Gerda Muster,gerda@example.com,,de,DE
5,Gerd Muster,gerd@example.com,,de,DE
6,Held Back,held@example.com,,en,US-MA
"""


@pytest.fixture
def lead(client, as_role) -> Desk:
    return Desk(client, as_role("commander", "privacy_officer"))


@pytest.fixture
def approver(client, as_role) -> Desk:
    return Desk(client, as_role("approver"))


@pytest.fixture
def courier():
    made = Scripted("sandbox")
    dispatch = Dispatch([made])
    yield made, dispatch
    dispatch.close()


def test_people_of_three_places_get_the_words_that_were_approved_for_them(
    lead, approver, office, courier
):
    incident = breach(lead)
    notice = california(lead, redrafted(lead, incident))
    path = f"/notices/{notice['id']}"
    gap = write(lead, notice, "US-MA", what_you_can_do=[])
    refused = approve(approver, gap)
    assert refused.status_code == 422
    assert fields(refused.json()) == ["US-MA.en.what_you_can_do"]
    mended = write(lead, notice, "US-MA", what_you_can_do=["You may obtain a police report."])
    shown = {
        who: lead.get(f"{path}/preview?channel=email&locale={locale}&variant={place}")
        for who, (locale, place) in READS.items()
    }
    approval = approve(approver, mended)
    assert approval.status_code == 201, approval.text

    campaign = lead.post(f"{path}/campaigns", {"ladder": ["email", "announcement"]})
    told, dispatch = courier
    while sending.pump(office, dispatch, mode="live"):
        pass
    got = {person.address: one.words for one in told.ledger for person in one.people}
    assert set(got) == set(READS)
    with office.look(TOCSIN) as work:
        bodies = bodies_of(work.session, UUID(approval.json()["id"]))
    for who, (locale, place) in READS.items():
        frozen, words = bodies[locale, place, "email"], got[who]
        assert (words.subject, words.text, words.html) == (frozen.subject, frozen.text, frozen.html)
        assert (words.subject, words.text) == (shown[who]["subject"], shown[who]["text"])
    assert "stolen key" not in got["ada@example.com"].text
    assert "stolen key" in got["ben@example.com"].text
    assert "Notice of Data Breach" in got["ben@example.com"].subject
    counted = lead.get(f"/campaigns/{campaign['id']}/equation")
    assert counted["holds"]
    people = {bucket: count for bucket, count in counted["buckets"].items() if count}
    assert people == {"accepted": 5, "withheld": 1}


READS = {
    "ada@example.com": ("en", "US-MA"),
    "otto@example.com": ("de", "US-MA"),
    "ben@example.com": ("en", "US-CA"),
    "gerda@example.com": ("de", ""),
    "gerd@example.com": ("de", ""),
}


def breach(lead: Desk) -> dict:
    """The sample breach with social security numbers, and the list of its people."""
    incident = lead.sample()
    answer = lead.client.post(
        f"{API}/incidents/{incident['id']}/population",
        content=PEOPLE.encode(),
        headers={**lead.headers, "Content-Type": "text/csv", "Idempotency-Key": "people"},
    )
    assert answer.status_code < 300, answer.text
    held = {"refs": ["6"], "reason": "police_hold"}
    lead.post(f"/incidents/{incident['id']}/population/withheld", held)
    lead.learn(
        incident,
        "found in the copy",
        data_categories=["contact", "ssn"],
        people_by_place={"US-MA": 3, "US-CA": 1, "DE": 9996},
    )
    return incident


def redrafted(lead: Desk, incident: dict) -> dict:
    notice = lead.notice(incident)
    lead.post(f"/notices/{notice['id']}/redraft", if_match=notice["version"])
    return lead.notice(incident)


def california(lead: Desk, notice: dict) -> dict:
    """The heading that California prescribes, for its people."""
    return write(lead, notice, "US-CA", title="Notice of Data Breach")


def write(lead: Desk, notice: dict, place: str, **changes) -> dict:
    now = lead.get(f"/notices/{notice['id']}")
    theirs = next((one["words"] for one in now["places"] if one["place"] == place), now["words"])
    path = f"/notices/{notice['id']}/words/en?variant={place}"
    answer = lead.ask("PUT", path, theirs["en"] | changes, if_match=now["version"])
    assert answer.status_code == 200, answer.text
    return lead.get(f"/notices/{notice['id']}")


def approve(approver: Desk, notice: dict):
    path = f"/notices/{notice['id']}/approvals"
    return approver.ask("POST", path, {"despite": [THEIRS]}, if_match=notice["version"])
