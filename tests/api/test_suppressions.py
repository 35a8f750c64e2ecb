"""Opt-outs through the door: masked, by permission, and no address in a URL."""

from __future__ import annotations

import pytest

CSV = {"Content-Type": "text/csv"}
URL = "/api/v1/suppressions"
ADA = {"address": "Ada@Example.com", "reason": "do_not_contact"}


@pytest.fixture
def us(as_role):
    return as_role("privacy_officer")


def test_an_address_is_closed_shown_masked_and_lifted_again(client, us):
    made = client.post(URL, json=ADA, headers=us)
    assert made.status_code == 201
    row = made.json()
    assert (row["address"], row["kind"], row["closes"]) == ("a•••@e•••.com", "email", ["email"])
    assert client.get(f"{URL}/{row['id']}", headers=us).json() == row
    lifted = client.delete(f"{URL}/{row['id']}", headers=us)
    assert lifted.json()["lifted_at"]
    assert client.get(URL, headers=us).json()["total"] == 0
    assert client.get(f"{URL}?lifted=true", headers=us).json()["total"] == 1
    assert client.delete(f"{URL}/{row['id']}", headers=us).status_code == 409


def test_a_search_answers_to_the_address_itself_alone(client, us):
    assert (
        client.post(f"{URL}/search", json={"address": "ada@example.com"}, headers=us).json() == []
    )
    client.post(URL, json=ADA, headers=us)
    client.post(URL, json={"address": "ada@example.com", "reason": "marketing"}, headers=us)
    found = client.post(f"{URL}/search", json={"address": "ADA@example.com"}, headers=us).json()
    assert [one["reason"] for one in found] == ["do_not_contact", "marketing"]
    assert [one["closes"] for one in found] == [["email"], []]
    assert not client.post(f"{URL}/search", json={"address": "a@example.com"}, headers=us).json()


def test_what_cannot_be_an_opt_out_says_how_to_mend_it(client, us):
    for body, field in [
        ({"address": "Ada", "reason": "stop"}, "kind"),
        ({"address": "ada@", "reason": "complaint"}, "address"),
        ({"address": "ada@example.com", "reason": "stop"}, "reason"),
        ({**ADA, "until": "2020-01-01T00:00:00Z"}, "until"),
    ]:
        reply = client.post(URL, json=body, headers=us)
        assert reply.status_code == 422
        assert [problem["field"] for problem in reply.json()["problems"]] == [field]
    client.post(URL, json=ADA, headers=us)
    assert client.post(URL, json=ADA, headers=us).status_code == 409


def test_a_list_is_streamed_in_and_paged_out(client, us):
    lines = [b"address,reason\n", *(b"p%d@example.com,complaint\n" % n for n in range(6000))]
    reply = client.post(f"{URL}/import", content=iter([*lines, b"x,stop\n"]), headers=us | CSV)
    assert reply.status_code == 200
    taken = reply.json()
    assert (taken["read_count"], taken["added_count"], taken["rejected_count"]) == (6001, 6000, 1)
    assert taken["rejects"] == [{"line": 6002, "column": "kind", "reason": "is missing"}]
    page = client.get(f"{URL}?limit=2&reason=complaint", headers=us).json()
    assert page["total"] == 6000
    assert page["next"]
    wrong = client.post(f"{URL}/import", content=b"mail\nx\n", headers=us | CSV)
    assert wrong.status_code == 422
    not_csv = {"Content-Type": "application/json"}
    assert client.post(f"{URL}/import", content=b"{}", headers=us | not_csv).status_code == 415


def test_a_token_for_drills_sees_and_changes_no_opt_out(client, as_role):
    drills = as_role("privacy_officer", drills_only=True)
    assert client.get(URL, headers=drills).status_code == 403
    assert client.post(URL, json=ADA, headers=drills).status_code == 403
    assert (
        client.post(f"{URL}/import", content=b"address,reason\n", headers=drills | CSV).status_code
        == 403
    )
