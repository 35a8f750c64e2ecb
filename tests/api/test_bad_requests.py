"""Whatever comes in: a clear problem, never a server error, never half a change."""

import json

import pytest

from tests.api.desk import API, PROBLEM, fields, problem

INCIDENTS = API + "/incidents"
GOOD = {"title": "A leak", "kind": "personal_data_leak"}


def nested(depth: int) -> str:
    return json.dumps(GOOD)[:-1] + ', "facts": {"cause": ' + "[" * depth + "]" * depth + "}}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"title"', 422),
        (b'{"title": "A leak", "kind": "other", "facts": {"people_count": NaN}}', 400),
        (b'{"title": "A leak\xff", "kind": "other"}', 400),
        ('{"title": "A leak", "kind": "other"}'.encode("utf-16"), 400),
        (b'{"title": "A leak\\ud800", "kind": "other"}', 400),
        (b'{"title": "A leak\\u0000", "kind": "other"}', 422),
        (b'{"title": "A leak\x00", "kind": "other"}', 400),
        (b'{"title": "A leak", "kind": "other", "facts": {"people_count": 1e999}}', 400),
        (b'{"title": "A", "kind": "other", "facts": {"people_count": ' + b"9" * 5000 + b"}}", 400),
        (nested(40).encode(), 422),
        (nested(900).encode(), 422),
        (nested(100_000).encode(), 400),
        (json.dumps(GOOD | {"facts": {"x" * 100_000: 1}}).encode(), 422),
        (json.dumps(GOOD | {"facts": {"role": "y" * 500_000}}).encode(), 422),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(lead, body, status):
    headers = {**lead.headers, "Content-Type": "application/json"}
    told = problem(lead.client.post(INCIDENTS, content=body, headers=headers), status)
    assert told["problems"]
    assert len(json.dumps(told)) < 2_000
    assert lead.get("/incidents")["total"] == 0


@pytest.mark.parametrize("media", ["text/plain", "", "application/xml", "multipart/form-data"])
def test_a_body_that_is_not_said_to_be_json_is_refused(lead, media):
    headers = {**lead.headers, "Content-Type": media}
    answer = lead.client.post(INCIDENTS, content=json.dumps(GOOD), headers=headers)
    assert fields(problem(answer, 415)) == ["Content-Type"]


def test_a_body_that_is_too_large_is_refused(lead, settings):
    headers = {**lead.headers, "Content-Type": "application/json"}
    body = b" " * (settings.max_json_bytes + 1)
    told = problem(lead.client.post(INCIDENTS, content=body, headers=headers), 413)
    assert f"{settings.max_json_bytes:,}" in told["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("PUT", "/api/v1/incidents", 405),
        ("GET", "/api/v1/incidents/not-an-id", 422),
        ("GET", "/api/v1/incidents/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/v1/duties/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/v1/notices/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/v1/reports/00000000-0000-0000-0000-000000000000", 404),
        ("GET", "/api/v1/announcements/00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_an_address_that_leads_nowhere_says_so(lead, method, path, status):
    answer = lead.client.request(method, path, headers=lead.headers)
    told = problem(answer, status)
    assert told["detail"] not in {"Not Found", "Method Not Allowed"}


@pytest.mark.parametrize(
    ("method", "path", "body", "mend"),
    [
        ("POST", "/incidents", GOOD | {"title": "a\nb"}, "control characters"),
        ("GET", "/deadlines?place=de", None, "it fits "),
    ],
)
def test_a_text_of_the_wrong_form_says_how_to_write_it(lead, method, path, body, mend):
    (problem,) = lead.ask(method, path, body).json()["problems"]
    assert "should match" not in problem["why"]
    assert mend in problem["mend"]


@pytest.mark.parametrize(
    "path", ["/api/v1/me", "/api/v1/health", "/api/v1/openapi.json", "/api/v1/nowhere"]
)
def test_every_answer_of_the_api_says_that_it_is_not_to_be_kept_or_guessed_at(client, path):
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_mistake_of_ours_tells_nothing_of_our_insides(lead, office, caplog):
    with office.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE timeline_entry")
    answer = lead.ask("POST", "/incidents", GOOD)
    assert answer.status_code in {500, 503}
    assert "timeline" not in answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert lead.get("/incidents")["total"] == 0


def test_health_is_open_and_tells_only_whether(client, office):
    told = client.get("/api/v1/health").json()
    assert told == {"status": "ok", "alarm_lag_seconds": 0.0}


def test_health_does_not_wait_for_a_writer(client, office):
    with office.engine.connect() as connection, connection.begin():
        assert client.get("/api/v1/health").status_code == 200


def test_every_error_is_documented_as_it_is_told(client):
    document = client.get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
            for status, response in errors.items():
                if (path, status) == ("/api/v1/health", "503"):
                    continue
                assert list(response["content"]) == [PROBLEM], (method, path, status)
            if "security" in operation:
                assert {"401", "403", "422"} <= set(errors), (method, path)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["ProblemView"]["properties"]["problems"]
