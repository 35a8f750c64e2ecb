"""One person at the API: asks, and tells what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playbooks.sample.story import learned_later, opening_body
from tests.conftest import NOW

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from httpx import Response

API = "/api/v1"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Desk:
    """A client with somebody's token."""

    client: TestClient
    headers: dict[str, str]

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> Response:
        """Ask, whatever comes back; `if_match` and `key` become headers."""
        headers = dict(self.headers)
        if "if_match" in more:
            headers["If-Match"] = f'"{more.pop("if_match")}"'
        if "key" in more:
            headers["Idempotency-Key"] = more.pop("key")
        headers |= more.pop("headers", {})
        if json is not None:
            more["json"] = json
        return self.client.request(method, API + path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """What a reading gives; it must succeed."""
        return done(self.ask("GET", path, **more))

    def post(self, path: str, json: Any = None, **more: Any) -> Any:
        """What a write gives; it must succeed."""
        return done(self.ask("POST", path, json, **more))

    def put(self, path: str, json: Any = None, **more: Any) -> Any:
        """What putting something in its place gives; it must succeed."""
        return done(self.ask("PUT", path, json, **more))

    def refused(self, status: int, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """The problem that a request is refused with."""
        return problem(self.ask(method, path, json, **more), status)

    def open(self, **changes: Any) -> Any:
        """A new incident with few facts."""
        body = {"title": "Answers were readable without signing in", "kind": "personal_data_leak"}
        return self.post("/incidents", body | changes)

    def learn(self, incident: Any, reason: str = "", **facts: Any) -> Any:
        """Record facts."""
        body = {"facts": facts, "source": "log of the web server", "reason": reason}
        return self.post(f"/incidents/{incident['id']}/facts", body)

    def duties(self, incident: Any) -> dict[str, Any]:
        """The duties of an incident by rule."""
        return {duty["rule"]: duty for duty in self.get(f"/incidents/{incident['id']}/duties")}

    def tasks(self, incident: Any) -> dict[str, Any]:
        """The tasks of an incident by step."""
        return {task["step"]: task for task in self.get(f"/incidents/{incident['id']}/tasks")}

    def move(self, incident: Any, *actions: str, reason: str = "") -> None:
        """Take an incident along its lifecycle."""
        for action in actions:
            self.post(f"/incidents/{incident['id']}/moves", {"action": action, "reason": reason})

    def sample(self) -> Any:
        """The sample breach, with all that triage learned: every fact known, words drafted."""
        incident = self.post("/incidents", opening_body(NOW))
        for later in learned_later(NOW):
            self.post(f"/incidents/{incident['id']}/facts", later)
        return incident

    def notice(self, incident: Any) -> Any:
        """The drafted notice of an incident with its words."""
        (notice,) = self.get(f"/incidents/{incident['id']}/notices")
        return self.get(f"/notices/{notice['id']}")


def done(answer: Response) -> Any:
    """The JSON of an answer that succeeded."""
    assert answer.status_code < 300, answer.text
    return answer.json()


def problem(answer: Response, status: int) -> Any:
    """The problem of an answer that refused."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told


def fields(told: Any) -> list[str]:
    """Where a problem says that something was wrong."""
    return [one["field"] for one in told["problems"]]
