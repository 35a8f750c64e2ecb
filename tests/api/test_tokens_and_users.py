"""Who may come in: every wrong token answers alike, scopes narrow, a drill token sees drills."""

from datetime import timedelta

import pytest

from incidents.auth import tokens
from incidents.work import TOCSIN
from tests import factories
from tests.api.desk import Desk, fields, problem
from tests.conftest import NOW

ME = "/api/v1/me"


@pytest.fixture
def make(office, client):
    """Gives a desk with a fresh token of a fresh user; `user` changes the user's row."""

    def make(*roles, user=None, **changes) -> Desk:
        with office.work(TOCSIN) as work:
            row = factories.make_user(work, *(roles or ("commander",)))
            for name, value in (user or {}).items():
                setattr(row, name, value)
            secret = factories.make_token(work, row, **changes)
        return Desk(client, {"Authorization": f"Bearer {secret}"})

    return make


def test_every_token_that_is_not_good_answers_alike(client, make):
    good = make().headers["Authorization"]
    wrong_check = good[:-1] + ("a" if good[-1] != "a" else "b")
    headers = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": good.replace("Bearer", "Basic")},
        {"Authorization": "Bearer ßß".encode()},
        {"Authorization": wrong_check},
        {"Authorization": f"Bearer {tokens.mint(drills_only=False).secret}"},
        make(revoked_at=NOW).headers,
        make(expires_at=NOW).headers,
        make(user={"disabled_at": NOW}).headers,
    ]
    answers = [client.get(ME, headers=one) for one in headers]
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    problem(answers[0], 401)


@pytest.mark.parametrize("role", ["reporter", "approver", "auditor", "administrator"])
def test_everybody_may_ask_who_they_are(make, role):
    me = make(role).get("/me")
    assert me["name"].startswith(role)
    assert "me.read" in me["permissions"]


def test_scopes_narrow_what_a_token_may_do(make):
    desk = make("commander", scopes=["incident.read", "users.manage"])
    assert desk.get("/me")["permissions"] == ["incident.read", "me.read"]
    desk.get("/incidents")
    told = desk.refused(403, "POST", "/incidents", {"title": "A leak", "kind": "other"})
    assert "incident.open" in told["detail"]
    desk.refused(403, "GET", "/users")


def test_a_token_for_drills_sees_no_live_incident(make, lead):
    drills = make("commander", "privacy_officer", "auditor", "administrator", drills_only=True)
    live, drill = lead.sample(), lead.open(mode="drill")
    assert [one["id"] for one in drills.get("/incidents")["items"]] == [drill["id"]]
    assert {duty["incident_id"] for duty in drills.get("/duties?limit=200")["items"]} == {
        drill["id"]
    }
    notice, duty = lead.notice(live), next(iter(lead.duties(live).values()))
    (report, *_) = lead.get(f"/incidents/{live['id']}/reports")
    for path in (
        f"/incidents/{live['id']}",
        f"/incidents/{live['id']}/facts",
        f"/incidents/{live['id']}/timeline",
        f"/incidents/{live['id']}/announcement-proposal",
        f"/duties/{duty['id']}",
        f"/notices/{notice['id']}",
        f"/reports/{report['id']}/pdf",
        f"/audit/entries?incident_id={live['id']}",
    ):
        drills.refused(404, "GET", path)
    drills.refused(403, "POST", "/incidents", {"title": "A leak", "kind": "other"})
    for path in ("/audit/entries", "/users"):
        drills.refused(403, "GET", path)
    drills.refused(403, "POST", "/audit/exports")
    assert drills.get(f"/audit/entries?incident_id={drill['id']}")


def test_an_administrator_adds_somebody_who_comes_in_until_they_are_shut_out(
    administrator, client, clock
):
    user = administrator.post("/users", {"name": "Ada Example", "roles": ["responder"]})
    token = administrator.post(f"/users/{user['id']}/tokens", {"label": "laptop", "days": 30})
    desk = Desk(client, {"Authorization": f"Bearer {token['secret']}"})
    assert desk.get("/me")["name"] == "Ada Example"
    (listed,) = administrator.get(f"/users/{user['id']}/tokens")
    assert "secret" not in listed
    assert token["secret"].startswith(listed["prefix"])
    assert "Ada Example" in {one["name"] for one in administrator.get("/users")}
    assert administrator.ask("DELETE", f"/users/{user['id']}").json()["disabled_at"]
    desk.refused(401, "GET", "/me")
    administrator.refused(409, "POST", f"/users/{user['id']}/tokens", {})


def test_a_token_ends_when_it_is_revoked_or_grows_old(administrator, client, clock):
    user = administrator.post("/users", {"name": "Ada Example", "roles": ["responder"]})
    fresh = [administrator.post(f"/users/{user['id']}/tokens", {"days": 1}) for _ in range(2)]
    first, second = (
        Desk(client, {"Authorization": f"Bearer {token['secret']}"}) for token in fresh
    )
    assert administrator.ask("DELETE", f"/tokens/{fresh[0]['id']}").json()["revoked_at"]
    first.refused(401, "GET", "/me")
    second.get("/me")
    clock.set(NOW + timedelta(days=1))
    second.refused(401, "GET", "/me")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "  ", "roles": ["responder"]}, "name"),
        ({"name": "Ada", "roles": []}, "roles"),
        ({"name": "Ada", "roles": ["king"]}, "roles.0"),
        ({"name": "Ada\x07", "roles": ["responder"]}, "name"),
    ],
)
def test_a_user_needs_a_name_and_a_role(administrator, body, field):
    assert fields(administrator.refused(422, "POST", "/users", body)) == [field]


def test_a_name_is_taken_once(administrator):
    body = {"name": "Ada Example", "roles": ["responder"]}
    administrator.post("/users", body)
    assert fields(administrator.refused(409, "POST", "/users", body)) == ["name"]
