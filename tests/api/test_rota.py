"""Rotas and contacts over HTTP."""

from __future__ import annotations

import pytest

from tests.api.desk import Desk, fields

ROUND = {"zone": "Europe/Berlin", "weekday": "mon", "levels": [["ann", "bo"], ["bo", "ann"]]}


@pytest.fixture
def ann(client, as_role) -> Desk:
    return Desk(client, as_role("responder", name="ann"))


@pytest.fixture
def bo(client, as_role) -> Desk:
    return Desk(client, as_role("responder", name="bo"))


def people(reply):
    return [(one["name"], one["level"], one["by"]) for one in reply["people"]]


def test_a_rota_says_who_is_on_duty_and_whose_turn_comes(lead, ann, bo, auditor):
    for one in (ann, bo):
        one.ask("PATCH", "/me/contact", {"email": "somebody@example.com"})
    made = lead.post("/rota", ROUND | {"name": "watch"})
    assert (made["starts_on"], made["handover"], made["version"]) == ("2026-03-02", "09:00", 1)
    assert [one["name"] for one in made["levels"][0]] == ["ann", "bo"]
    now = auditor.get("/rota/on-duty")
    assert people(now) == [("ann", 0, "rota"), ("bo", 1, "rota")]
    later = auditor.get("/rota/on-duty", params={"at": "2026-03-09T09:00:00+01:00"})
    assert [one["name"] for one in later["people"] if one["by"] == "rota"] == ["bo", "ann"]
    turns = auditor.get("/rota/turns", params={"until": "2026-03-16T09:00:00Z", "name": "watch"})
    assert [one["until"] for one in turns] == [
        "2026-03-09T08:00:00Z",
        "2026-03-16T08:00:00Z",
        "2026-03-16T09:00:00Z",
    ]


def test_a_rota_is_edited_by_whoever_read_it_and_ended(lead, ann, bo):
    made = lead.post("/rota", ROUND | {"name": "watch"})
    path = f"/rota/{made['id']}"
    lead.refused(428, "PUT", path, ROUND)
    told = lead.ask("PUT", path, ROUND | {"days": 1, "weekday": None}, if_match=1)
    assert (told.json()["days"], told.headers["etag"]) == (1, '"2"')
    lead.refused(412, "PUT", path, ROUND, if_match=1)
    assert lead.ask("DELETE", path).status_code == 204
    lead.refused(404, "GET", path)


def test_somebody_stands_in_for_a_while(lead, ann, bo):
    made = lead.post("/rota", ROUND | {"name": "watch"})
    body = {
        "person": "bo",
        "starts_at": "2026-03-02T09:00:00Z",
        "ends_at": "2026-03-02T17:00:00Z",
        "reason": "holiday",
    }
    turn = lead.post(f"/rota/{made['id']}/overrides", body)
    assert people(lead.get("/rota/on-duty"))[0] == ("bo", 0, "override")
    (listed,) = lead.get("/rota")["overrides"]
    assert (listed["person"]["name"], listed["reason"]) == ("bo", "holiday")
    assert lead.ask("DELETE", f"/rota/overrides/{turn['id']}").status_code == 204
    assert lead.get("/rota")["overrides"] == []


def test_a_calendar_that_cannot_be_used_names_its_events(lead, ann):
    made = lead.post("/rota", ROUND | {"name": "watch", "levels": [["ann"]]})
    text = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260309T090000Z\r\n"
        "DURATION:P7D\r\nSUMMARY:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    path = f"/rota/{made['id']}/calendar"
    told = lead.refused(422, "POST", path, {"calendar": text.format("Someone")})
    assert fields(told) == ["event “Someone” of 2026-03-09"]
    body = {"calendar": text.format("Someone"), "names": {"Someone": "ann"}}
    assert lead.post(path, body) == {"turns": 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"handover": "9"}, "handover"),
        ({"days": 0}, "days"),
        ({"levels": [["zoe"]]}, "levels.0.0"),
        ({"weekday": "monday"}, "weekday"),
    ],
)
def test_what_is_wrong_with_a_rota_is_named(lead, ann, bo, changes, field):
    told = lead.refused(422, "POST", "/rota", ROUND | {"name": "watch"} | changes)
    assert fields(told) == [field]


def test_without_a_rota_it_is_said_who_is_woken_instead(lead):
    told = lead.get("/rota")
    assert [one["code"] for one in told["warnings"]] == ["nobody", "no_rota"]
    lead.ask("PATCH", "/me/contact", {"email": "lead@example.com"})
    assert people(lead.get("/rota/on-duty")) == [("lead", 0, "fallback")]
    assert [one["code"] for one in lead.get("/rota")["warnings"]] == ["no_rota"]


def test_only_who_may_manages_rotas(ann):
    ann.refused(403, "POST", "/rota", ROUND | {"name": "watch"})


def test_turns_are_told_for_a_year_at_the_most(lead):
    lead.refused(422, "GET", "/rota/turns", params={"until": "2028-01-01T00:00:00Z"})
    lead.refused(422, "GET", "/rota/turns", params={"until": "2026-01-01T00:00:00Z"})


def test_a_contact_comes_back_masked_and_never_in_the_open(ann, administrator):
    secret = {"email": "ann@example.com", "phone": "+12025550123", "chat": ["ntfy://secret-topic"]}
    answer = ann.ask("PATCH", "/me/contact", secret)
    assert answer.status_code == 200
    seen = ann.get("/me/contact")
    assert seen == answer.json()
    assert (seen["email"], seen["chat"]) == ("a•••@e•••.com", ["ntfy://•••"])
    theirs = administrator.get(f"/users/{seen['user_id']}/contact")
    assert theirs == seen
    assert not any(part in str(theirs) for part in ("ann@", "555", "secret"))


def test_a_refused_contact_is_not_repeated(ann):
    told = ann.refused(422, "PATCH", "/me/contact", {"email": "ann-at-example", "chat": ["x://y"]})
    assert sorted(fields(told)) == ["chat.0", "email"]
    assert "ann-at-example" not in str(told)


def test_a_test_page_says_what_became_of_it(ann):
    ann.refused(409, "POST", "/me/contact/test")
    ann.ask("PATCH", "/me/contact", {"email": "ann@example.com"})
    told = {one["channel"]: one["outcome"] for one in ann.post("/me/contact/test")}
    assert told == {"chat": "no_address", "sandbox": "accepted"}


def test_a_user_who_is_shut_out_leaves_no_contact_behind(ann, administrator):
    ann.ask("PATCH", "/me/contact", {"email": "ann@example.com"})
    user = ann.get("/me/contact")["user_id"]
    administrator.ask("DELETE", f"/users/{user}")
    assert administrator.get(f"/users/{user}/contact")["email"] == ""
