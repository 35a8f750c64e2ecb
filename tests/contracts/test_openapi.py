"""The OpenAPI is 3.1, and no generated request makes the server fail."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from incidents.app import create_app
from incidents.clock import SystemClock
from incidents.rules.permissions import Role

EXAMPLES = 12
SECONDS = 110
PLURALS = {"duties": "duty_id", "tasks": "task_id", "notices": "notice_id"}
CSV = {"Content-Type": "text/csv"}


def test_the_openapi_is_3_1_and_every_operation_tells_what_it_does(client):
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all(one.get("summary") and one.get("description") for one in operations)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def url(office) -> Iterator[str]:
    """A real server in this process."""
    server = uvicorn.Server(uvicorn.Config(create_app(office), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def things_that_are_there(url: str, headers: dict[str, str]) -> dict[str, str]:
    """Ids by the name of their path parameter, so that requests get past "no such thing"."""
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30) as api:
        body = {"title": "A leak", "kind": "personal_data_leak", "facts": {"establishment": "DE"}}
        incident = api.post("/incidents", json=body).raise_for_status().json()["id"]
        ids = {"incident_id": incident}
        api.post(f"/incidents/{incident}/notices").raise_for_status()
        for plural, name in PLURALS.items():
            ids[name] = api.get(f"/incidents/{incident}/{plural}").json()[0]["id"]
        people = b"name,email,locale,place\nAda,ada@example.com,en,DE\n"
        api.post(f"/incidents/{incident}/population", content=people, headers=CSV)
        user = {"name": "fuzz", "roles": ["reporter"]}
        ids["user_id"] = api.post("/users", json=user).raise_for_status().json()["id"]
    return ids


@pytest.mark.fuzz
def test_no_generated_request_makes_the_server_fail(url, as_role, tmp_path):
    headers = as_role(*Role)
    ids = things_that_are_there(url, headers)
    lines = ["[parameters]", *(f'"path.{name}" = "{value}"' for name, value in ids.items())]
    (tmp_path / "schemathesis.toml").write_text("\n".join(lines) + "\n")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/v1/openapi.json"),
        *("--header", f"Authorization: {headers['Authorization']}"),
        *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
        # One worker: two threads that parse source at once trip over each other in CPython
        # before 3.12 (gh-106905), and hypothesis parses the source of every lambda it shows.
        *("--max-examples", str(EXAMPLES), "--workers", "1", "--request-timeout", "20"),
        *("--max-time", str(SECONDS), "--no-color", "--warnings", "off"),
        *("--generation-database", "none", "--seed", "1"),
    ]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=3 * SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout[-8000:]
