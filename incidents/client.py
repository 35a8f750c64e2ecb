"""A small client of the HTTP API: used by the `tocsin` command, and by scripts of yours.

    with Client("http://127.0.0.1:8040", token) as api:
        incident = api.post("/incidents", {"title": "…", "kind": "personal_data_leak"})
        duties = api.get(f"/incidents/{incident['id']}/duties")

Every write carries an Idempotency-Key, so a request whose answer was lost is safely asked again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from uuid import uuid4

import httpx

from incidents.errors import IncidentsError, Problem

PREFIX = "/api/v1"
TRIES = 4  # of a request that got no answer, or 503; with pauses of 0.2, 0.4, 0.8 s between
_NO_ANSWER = (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_TITLES = {401: "Who are you?", 404: "Not found"}


class Refused(IncidentsError):
    """The server answered no; `status`, `title`, `detail` and `problems` are what it said."""

    def __init__(self, status: int, title: str, detail: str, *problems: Problem) -> None:
        super().__init__(detail, *problems)
        self.answered = status
        self.heading = title


class Unreachable(IncidentsError):
    """Nobody answered, or not in time; a write may be asked again with the same key."""

    status: ClassVar[int] = 503
    title = "The server cannot be reached"
    exit_code = 3  # of a command that meets it


class Client:
    """The API of one server, as the owner of one token.

    url              where the server is, without /api/v1
    token            empty: only what anybody may ask
    timeout_seconds  of one answer; uploads and files may take ten times as long
    """

    def __init__(self, url: str, token: str, *, timeout_seconds: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._long = timeout_seconds * 10
        self._http = httpx.Client(
            base_url=self.url + PREFIX,
            headers={"User-Agent": "tocsin"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
            timeout=httpx.Timeout(timeout_seconds, connect=5.0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """What stands at a path, read from its JSON."""
        # Even empty parameters would take away those that stand in the path.
        return self._ask("GET", path, **({"params": query} if query else {})).json()

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page after page."""
        page = self.get(path, limit=200, **query)
        yield from page["items"]
        while page["next"]:
            page = self.get(page["next"].removeprefix(PREFIX))
            yield from page["items"]

    def post(self, path: str, body: Any = None, **how: Any) -> Any:
        """Ask for something to happen; `version`, `key` as in `write`."""
        return self.write("POST", path, body, **how)

    def put(self, path: str, body: Any, **how: Any) -> Any:
        """Put something in place of what stands there."""
        return self.write("PUT", path, body, **how)

    def patch(self, path: str, body: Any, **how: Any) -> Any:
        """Change a part of what stands there."""
        return self.write("PATCH", path, body, **how)

    def delete(self, path: str, **how: Any) -> Any:
        """Take something away."""
        return self.write("DELETE", path, None, **how)

    def write(
        self, method: str, path: str, body: Any, *, version: int | None = None, key: str = ""
    ) -> Any:
        """One write, once, however often it has to be asked.

        version  the one that was read, for what can be edited by two at once
        key      Idempotency-Key; a fresh one, if not given
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self._ask(method, path, headers=headers, json=body)
        return answer.json() if answer.content else None

    def upload(self, path: str, chunks: Iterable[bytes], media_type: str, **query: Any) -> Any:
        """Stream a body of any size; it is asked once, since what was read is gone."""
        request = self._http.build_request(
            "POST",
            path,
            params=query,
            content=iter(chunks),
            headers={"Content-Type": media_type},
            timeout=self._long,
        )
        return self._answer(self._send(request)).json()

    def download(
        self,
        path: str,
        to: Path,
        *,
        method: str = "GET",
        body: Any = None,
        accept: str = "*/*",
        **query: Any,
    ) -> int:
        """Write what stands at a path, or is made there, into a file; gives its size in bytes."""
        asked = {"params": query, "json": body, "headers": {"Accept": accept}}
        request = self._http.build_request(method, path, timeout=self._long, **asked)
        answer = self._answer(self._send(request, stream=True))
        try:
            with to.open("wb") as file:
                return sum(file.write(chunk) for chunk in answer.iter_bytes())
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from None
        finally:
            answer.close()

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        for pause in (*(0.2 * 2**n for n in range(TRIES - 1)), 0.0):
            last = pause == 0.0
            try:
                answer = self._http.request(method, path, **request)
            except _NO_ANSWER as error:
                if last:
                    raise _unreachable(self.url, error) from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _unreachable(self.url, error) from None
            else:
                if last or answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return self._answer(answer)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            return self._http.send(request, stream=stream)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(self.url, error) from None

    def _answer(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        answer.read()
        raise _refused(answer)


def _refused(answer: httpx.Response) -> Refused:
    try:
        told = answer.json()
        problems = [
            Problem(one["field"], one["why"], one.get("mend", "")) for one in told["problems"]
        ]
        return Refused(answer.status_code, told["title"], told["detail"], *problems)
    except (ValueError, KeyError, TypeError):
        title = _TITLES.get(answer.status_code, answer.reason_phrase or "Not understood")
        detail = f"{answer.request.url} answered {answer.status_code} in no form that Tocsin speaks"
        return Refused(answer.status_code, title, detail)


def _unreachable(url: str, error: Exception) -> Unreachable:
    return Unreachable(
        f"{url}: {error or type(error).__name__}",
        Problem("server", "gave no answer", "start it with `tocsin serve`, or set TOCSIN_URL"),
    )
