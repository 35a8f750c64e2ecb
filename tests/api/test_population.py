import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from incidents.api import population
from incidents.api.problems import add_problem_handlers
from tests.factories import TOCSIN, make_incident

CSV = {"Content-Type": "text/csv"}
PEOPLE = "ref,name,email\n1,Ada,ada@example.com\n2,Bo,not an address\n"


@pytest.fixture
def client(office):
    app = FastAPI()
    app.state.office = office
    add_problem_handlers(app)
    app.include_router(population.router, prefix="/api/v1")
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def url(office):
    with office.work(TOCSIN) as work:
        return f"/api/v1/incidents/{make_incident(work).id}/population"


@pytest.fixture
def us(as_role):
    return as_role("responder")


def test_a_list_is_streamed_in_and_its_rejects_can_be_read(client, url, us):
    def pieces():
        yield b"ref,name,email\n"
        for n in range(3000):
            yield f"{n},Person {n},p{n}@example.com\n".encode()
        yield b"x,Bo,not an address\n"

    reply = client.post(url, content=pieces(), headers=us | CSV)
    assert reply.status_code == 201
    done = reply.json()
    assert (done["status"], done["added_count"], done["flawed_count"]) == ("done", 3001, 1)
    rejects = client.get(done["rejects"], headers=us)
    assert rejects.headers["content-type"].startswith("text/csv")
    assert rejects.text.splitlines()[1].startswith("3002,email,")
    assert "not an address" not in rejects.text
    cover = client.get(url, headers=us).json()
    assert (cover["people"], cover["channels"]["email"]["people"]) == (3001, 3000)
    listed = client.get(f"{url}/imports", headers=us).json()
    assert [item["id"] for item in listed["items"]] == [done["id"]]


def test_the_same_key_is_answered_once(client, url, us):
    headers = us | CSV | {"Idempotency-Key": "list-1"}
    first = client.post(url, content=PEOPLE, headers=headers)
    again = client.post(url, content=PEOPLE, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.get(f"{url}/imports", headers=us).json()["total"] == 1


def test_a_bad_header_says_how_to_mend_it_however_long_the_list(client, url, us):
    body = b"name,emial\n" + b"Ada,ada@example.com\n" * 200_000
    reply = client.post(url, content=body, headers=us | CSV)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert "did you mean email?" in reply.json()["problems"][0]["mend"]


@pytest.mark.parametrize(
    ("content_type", "named"),
    [
        ("application/json", "text/csv"),
        ("multipart/form-data", "text/csv"),
        ("text/csv; charset=klingon", "one of utf-8, windows-1250"),
    ],
)
def test_another_content_type_is_refused(client, url, us, content_type, named):
    reply = client.post(url, content=PEOPLE, headers=us | {"Content-Type": content_type})
    assert reply.status_code == 415
    assert named in reply.text


def test_a_list_in_the_encoding_of_a_spreadsheet_is_refused_until_it_says_which(client, url, us):
    """Each name with an umlaut would be lost else."""
    body = "name;email\nJörg Müller;j@example.com\nAda;ada@example.com\n".encode("cp1252")
    refused = client.post(url, content=body, headers=us | CSV)
    assert refused.status_code == 422
    assert "--encoding windows-1252" in refused.json()["problems"][0]["mend"]
    assert client.get(url, headers=us).json()["people"] == 0
    said = {"Content-Type": 'text/csv; charset="Windows-1252"'}
    taken = client.post(url, content=body, headers=us | said).json()
    assert (taken["added_count"], taken["rejected_count"]) == (2, 0)


def test_an_empty_body_is_refused(client, url, us):
    assert client.post(url, content=b"", headers=us | CSV).status_code == 422


def test_who_may_not_import_is_refused_before_the_list_is_read(client, url, as_role):
    reply = client.post(url, content=PEOPLE, headers=as_role("auditor") | CSV)
    assert reply.status_code == 403
    assert client.get(url, headers=as_role("auditor")).status_code == 403


def test_a_drill_takes_no_list(client, office, us):
    with office.work(TOCSIN) as work:
        drill = make_incident(work, mode="drill")
    reply = client.post(
        f"/api/v1/incidents/{drill.id}/population", content=PEOPLE, headers=us | CSV
    )
    assert reply.status_code == 403
    assert "invented" in reply.json()["detail"]


def test_people_can_be_withheld(client, url, us):
    client.post(url, content=PEOPLE, headers=us | CSV)
    asked = {"refs": ["1", "9"], "reason": "police_hold"}
    reply = client.post(f"{url}/withheld", json=asked, headers=us)
    assert reply.json() == {"people": 1}
