"""The same request twice, two people at once: one effect, and nobody's edit is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from incidents.database.idempotency import IdempotentRequest
from incidents.services import idempotency
from incidents.work import TOCSIN
from tests import factories
from tests.api.desk import Desk, fields
from tests.conftest import NOW

BODY = {"title": "A leak", "kind": "personal_data_leak"}


def test_the_same_key_and_body_give_the_same_answer_and_one_effect(lead):
    first = lead.ask("POST", "/incidents", BODY, key="k1")
    again = lead.ask("POST", "/incidents", BODY, key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert lead.get("/incidents")["total"] == 1


def test_another_body_under_the_same_key_is_refused(lead):
    lead.post("/incidents", BODY, key="k1")
    told = lead.refused(422, "POST", "/incidents", BODY | {"title": "Another"}, key="k1")
    assert fields(told) == ["Idempotency-Key"]
    assert lead.get("/incidents")["total"] == 1


def test_keys_belong_to_whoever_sent_them(lead, client, as_role):
    lead.post("/incidents", BODY, key="k1")
    answer = client.post(
        "/api/v1/incidents",
        json=BODY,
        headers={**as_role("commander"), "Idempotency-Key": "k1"},
    )
    assert answer.status_code == 201
    assert lead.get("/incidents")["total"] == 2


def test_a_request_that_was_refused_may_be_mended_under_its_key(lead):
    lead.refused(422, "POST", "/incidents", {"title": "A leak"}, key="k1")
    lead.post("/incidents", BODY, key="k1")


@pytest.fixture
def in_flight(lead, office):
    """A claim by a process that has not answered yet."""
    lead.post("/incidents", BODY, key="k1")
    with office.work(TOCSIN) as work:
        work.session.execute(
            update(IdempotentRequest).values(
                status=None, answer=None, claimed_until=NOW + idempotency.CLAIM
            )
        )


def test_a_request_in_flight_is_not_begun_again(lead, in_flight):
    told = lead.refused(409, "POST", "/incidents", BODY, key="k1")
    assert "at this moment" in told["detail"]


def test_the_claim_of_a_process_that_died_is_taken_over(lead, in_flight, clock):
    clock.set(NOW + idempotency.CLAIM + timedelta(seconds=1))
    lead.post("/incidents", BODY, key="k1")
    assert lead.get("/incidents")["total"] == 2


def test_what_was_answered_is_kept_sealed(lead, office):
    lead.post("/incidents", BODY | {"title": "Zanzibar"}, key="k1")
    with office.look(TOCSIN) as work:
        assert b"Zanzibar" not in work.session.scalar(select(IdempotentRequest.answer))


def test_keys_are_forgotten_after_a_month(lead, office, clock):
    lead.post("/incidents", BODY, key="k1")
    clock.set(NOW + idempotency.KEPT + timedelta(hours=1))
    with office.work(TOCSIN) as work:
        idempotency.forget_old(work)
        assert work.session.scalar(select(func.count()).select_from(IdempotentRequest)) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_cannot_be_kept_is_refused(lead, key):
    assert fields(lead.refused(400, "POST", "/incidents", BODY, key=key)) == ["Idempotency-Key"]


def test_an_edit_names_the_version_it_was_made_on(lead):
    incident = lead.open()
    path = f"/incidents/{incident['id']}"
    version = lead.get(path)["version"]
    assert fields(lead.refused(428, "PATCH", path, {"title": "New"})) == ["If-Match"]
    edited = lead.ask("PATCH", path, {"title": "New"}, if_match=version)
    assert edited.json()["title"] == "New"
    assert edited.headers["etag"] == f'"{version + 1}"'
    told = lead.refused(412, "PATCH", path, {"title": "Newer"}, if_match=version)
    assert f'"{version + 1}"' in told["problems"][0]["mend"]
    assert lead.get(path)["title"] == "New"


@pytest.mark.parametrize("etag", ["", "*", '"x"', '"-1"', '"99999999999999"', "²"])
def test_an_etag_that_is_none_of_ours_is_refused(lead, etag):
    path = f"/incidents/{lead.open()['id']}"
    headers = {"If-Match": etag.encode()}
    told = lead.refused(400, "PATCH", path, {"title": "New"}, headers=headers)
    assert fields(told) == ["If-Match"]


def test_two_edits_at_the_same_moment_do_not_overwrite_each_other(lead):
    incident = lead.sample()
    notice = lead.notice(incident)
    path = f"/notices/{notice['id']}/words/en"
    words = notice["words"]["en"]
    first = lead.ask("PUT", path, words | {"title": "One"}, if_match=notice["version"]).json()
    second = lead.ask("PUT", path, words | {"title": "Two"}, if_match=first["version"]).json()
    assert notice["version"] < first["version"] < second["version"]
    lead.refused(412, "PUT", path, words | {"title": "Three"}, if_match=first["version"])


def test_a_token_for_drills_is_not_told_what_a_live_one_was_answered(client, office):
    with office.work(TOCSIN) as work:
        user = factories.make_user(work, "commander")
        live = Desk(client, bearer(factories.make_token(work, user)))
        drills = Desk(client, bearer(factories.make_token(work, user, drills_only=True)))
    live.post("/incidents", BODY, key="k1")
    drills.refused(422, "POST", "/incidents", BODY, key="k1")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
