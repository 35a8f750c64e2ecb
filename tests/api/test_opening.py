"""Opening an incident: what is owed is told at once."""

import pytest

from tests.api.desk import fields


def test_the_reply_lists_what_is_owed_to_whom_by_when(lead):
    incident = lead.open(
        moments={"aware_at": "2026-03-02T08:00:00Z"},
        facts={
            "role": "controller",
            "establishment": "DE",
            "people_by_place": {"DE": 1200},
            "data_categories": ["contact", "health"],
            "breach_kinds": ["confidentiality"],
            "risk": "high",
        },
    )
    owed = {duty["rule"]: duty for duty in incident["duties"] if duty["standing"] == "owed"}
    assert owed["eu-gdpr-33"]["due_at"] == "2026-03-05T08:00:00Z"
    assert owed["eu-gdpr-33"]["audience"] == "authority"
    assert owed["eu-gdpr-33"]["why"]
    assert not owed["eu-gdpr-33"]["is_target"]
    assert owed["eu-gdpr-34"]["audience"] == "people"
    assert owed["eu-gdpr-34"]["is_target"]
    assert incident["number"] == "INC-2026-0001"
    assert incident["severity"]


def test_what_is_not_known_yet_is_not_no(lead):
    duties = {duty["rule"]: duty for duty in lead.open()["duties"]}
    assert duties["eu-gdpr-33"]["standing"] == "unknown"
    assert "risk" in duties["eu-gdpr-33"]["missing"]


@pytest.mark.parametrize(
    "moment",
    ["2026-03-02T16:00:00+08:00", "2026-03-02T08:00:00Z", "2026-03-01T22:00:00-10:00"],
)
def test_a_moment_in_any_zone_is_the_same_moment(lead, moment):
    incident = lead.open(moments={"aware_at": moment})
    (fact,) = lead.get(f"/incidents/{incident['id']}/facts?name=aware_at")
    assert fact["value"] == "2026-03-02T08:00:00Z"


def test_without_a_moment_it_was_detected_when_it_was_told(lead):
    incident = lead.open(moments={"suspected_at": "2026-03-01T08:00:00Z"})
    (fact,) = lead.get(f"/incidents/{incident['id']}/facts?name=detected_at")
    assert fact["value"] == "2026-03-01T08:00:00Z"


def test_a_reporter_sees_what_they_opened_and_nothing_else(client, as_role, lead):
    headers = as_role("reporter")
    body = {"title": "A laptop is gone", "kind": "lost_device"}
    answer = client.post("/api/v1/incidents", json=body, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["duties"]
    assert client.get(answer.headers["location"], headers=headers).status_code == 403
    assert client.get(answer.headers["location"], headers=lead.headers).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "breach"}, "kind"),
        ({"title": ""}, "title"),
        ({"title": 7}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"mode": "test"}, "mode"),
        ({"colour": "red"}, "colour"),
        ({"facts": []}, "facts"),
        ({"facts": {"rolle": "controller"}}, "facts.rolle"),
        ({"facts": {"role": "boss"}}, "facts.role"),
        ({"facts": {"people_count": "many"}}, "facts.people_count"),
        ({"facts": {"people_count": 10**30}}, "facts.people_count"),
        ({"facts": {"people_by_place": {"XX": 1}}}, "facts.people_by_place.XX"),
        ({"facts": {"people_count": 1, "people_by_place": {"DE": 2}}}, "facts.people_by_place"),
        ({"facts": {"cause": {"tlh": "nuqneH"}}}, "facts.cause.tlh"),
        ({"facts": {f"fact{n}": 1 for n in range(201)}}, "facts"),
        ({"moments": {"aware_at": "2026-03-02T08:00:00"}}, "moments.aware_at"),
        ({"moments": {"aware_at": "yesterday"}}, "moments.aware_at"),
        ({"moments": {"aware_at": "0001-01-01T00:00:00+14:00"}}, "moments.aware_at"),
        ({"moments": {"aware_at": "2027-01-01T00:00:00Z"}}, "facts.aware_at"),
        (
            {"moments": {"occurred_at": "2026-03-02T08:00:00Z",
                         "detected_at": "2026-03-01T08:00:00Z"}},
            "facts.detected_at",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_nothing_is_kept(lead, change, field):
    body = {"title": "A leak", "kind": "personal_data_leak"} | change
    told = lead.refused(422, "POST", "/incidents", body)
    assert any(name == field or name.startswith(f"{field}.") for name in fields(told)), told
    assert all(one["why"] for one in told["problems"])
    assert lead.get("/incidents")["total"] == 0


def test_a_slip_of_the_pen_gets_a_hint(lead):
    body = {"title": "A leak", "kind": "personal_data_leak", "facts": {"people_by_plaec": {}}}
    (one,) = lead.refused(422, "POST", "/incidents", body)["problems"]
    assert one["mend"] == "did you mean people_by_place?"


def test_incidents_are_found_by_words_status_and_page(lead):
    numbers = [lead.open(title=f"Leak 100% of shard {n}")["number"] for n in range(3)]
    lead.open(title="Something else")
    found = lead.get("/incidents?q=100%25&limit=2&sort=number&status=reported")
    assert [one["number"] for one in found["items"]] == numbers[:2]
    assert found["total"] == 3
    rest = lead.client.get(found["next"], headers=lead.headers).json()
    assert [one["number"] for one in rest["items"]] == numbers[2:]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000", "offset=-1", "q=%00", "kind=breach", "status=x", "sort=size"]
)
def test_a_query_that_makes_no_sense_is_refused(lead, query):
    told = lead.refused(422, "GET", f"/incidents?{query}")
    assert fields(told) == [query.partition("=")[0]]
