"""The OpenAPI is 3.1, and no generated request makes the server fail."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from incidents.app import create_app
from incidents.clock import SystemClock
from incidents.rules.permissions import Role

EXAMPLES = 12
SECONDS = 300


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
    server = uvicorn.Server(uvicorn.Config(create_app(office), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.fuzz
def test_no_generated_request_makes_the_server_fail(url, as_role, tmp_path):
    token = as_role(*Role)["Authorization"]
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/v1/openapi.json"),
        *("--header", f"Authorization: {token}"),
        *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", str(EXAMPLES), "--workers", "2", "--request-timeout", "20"),
        *("--max-time", "110", "--no-color"),
        *("--generation-database", "none", "--seed", "1"),
    ]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout[-8000:]
