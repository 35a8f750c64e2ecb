"""Clients that ask again: however many threads, whatever they repeat, one campaign comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from incidents.database.campaigns import Campaign
from incidents.work import TOCSIN
from tests import factories
from tests.chaos import scene
from tests.chaos.scene import Place, installed
from tests.notifiers.makers import free_port
from tests.services.telling import make_notice, make_people

THREADS = 50
EACH = 4 * THREADS  # requests that one notice takes
NOTICES = scene.volume(nightly=250, usual=10, few=2)
BODY = {"ladder": ["email", "announcement"]}
OTHER = {"ladder": ["sms", "announcement"]}


@dataclass
class Door:
    """The real process, and fifty who ask it at once."""

    place: Place
    client: httpx.Client
    threads: ThreadPoolExecutor
    asked: Counter[str] = field(default_factory=Counter)

    def at_once(
        self, notice_id: UUID, keys: Sequence[str], body: Any = None
    ) -> list[httpx.Response]:
        """What each of these keys is answered, of threads that launch at the same moment."""
        ready = Barrier(len(keys))

        def one(key: str) -> httpx.Response:
            ready.wait(60)
            return self._launch(notice_id, key, body or BODY)

        return list(self.threads.map(one, keys))

    def _launch(self, notice_id: UUID, key: str, body: Any) -> httpx.Response:
        url, headers = f"/api/v1/notices/{notice_id}/campaigns", {"Idempotency-Key": key}
        while True:
            answer = self.client.post(url, json=body, headers=headers)
            if "worked on at this moment" not in answer.text:
                self.asked[str(answer.status_code)] += 1
                return answer
            self.asked["under_way"] += 1  # a 409, too: this client asks again
            time.sleep(0.02)


@contextmanager
def served(place: Place) -> Iterator[str]:
    """`tocsin serve`, for as long as the block lasts; gives its address."""
    url = f"http://127.0.0.1:{place.settings.port}"
    with (place.settings.data_folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "incidents.cli.main", "serve"],
            cwd=scene.ROOT,
            env=os.environ | place.environment,
            stderr=log,
        )
        try:
            scene.wait_for(lambda: _answers(url), 60)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").status_code in {200, 503}
    except httpx.HTTPError:
        return False


@pytest.fixture
def door(postgres, valkey, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, valkey.url, port=free_port(), sweep_seconds=1.0) as place:
        with place.office.work(TOCSIN) as work:
            user = factories.make_user(work, "commander")
            token = factories.make_token(work, user)
        with (
            served(place) as address,
            httpx.Client(
                base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60
            ) as client,
            ThreadPoolExecutor(THREADS) as threads,
        ):
            yield Door(place, client, threads)
    postgres.drop(url)


def _approved(place: Place) -> UUID:
    with place.office.work(TOCSIN) as work:
        incident = factories.make_incident(work)
        make_people(work, incident, scene.by_mail(3))
        return make_notice(work, incident, ["en"]).id


def _campaigns(place: Place, notice_id: UUID) -> int:
    with place.office.look(TOCSIN) as work:
        query = select(func.count()).select_from(Campaign).where(Campaign.notice_id == notice_id)
        return work.session.scalar(query) or 0


@pytest.mark.chaos
def test_fifty_threads_with_one_key_launch_one_campaign(door):
    begun = time.monotonic()
    for _ in range(NOTICES):
        notice_id, key = _approved(door.place), _keys(1) * THREADS
        same = door.at_once(notice_id, key) + door.at_once(notice_id, key)
        assert {(one.status_code, one.content) for one in same} == {(201, same[0].content)}
        assert sum("Idempotency-Replayed" not in one.headers for one in same) == 1
        other = door.at_once(notice_id, key, OTHER)
        assert {one.status_code for one in other} == {422}
        new = door.at_once(notice_id, _keys(THREADS))
        assert {one.status_code for one in new} == {409}
        assert _campaigns(door.place, notice_id) == 1
    assert sum(door.asked[status] for status in ("201", "409", "422")) == NOTICES * EACH
    _print("F6 one key", door, begun)


@pytest.mark.chaos
def test_of_two_launches_at_once_one_wins(door):
    begun = time.monotonic()
    for _ in range(NOTICES):
        notice_id = _approved(door.place)
        two = door.at_once(notice_id, _keys(2))
        assert sorted(one.status_code for one in two) == [201, 409]
        assert _campaigns(door.place, notice_id) == 1
    _print("F6 two at once", door, begun)


def _keys(count: int) -> list[str]:
    return [uuid4().hex for _ in range(count)]


def _print(what: str, door: Door, begun: float) -> None:
    told = {"campaigns": NOTICES, **dict(sorted(door.asked.items()))}
    told["seconds"] = round(time.monotonic() - begun)
    sys.stdout.write(f"\n{what}: {' '.join(f'{name}={value}' for name, value in told.items())}\n")
