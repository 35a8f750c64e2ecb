"""Incidents opened over HTTP on 32 connections at once, with `tocsin serve`.

Each is judged by every law before it is answered, its duties written and audited. What began
within six seconds counts, until it is answered.
"""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from collections.abc import Iterator
from uuid import uuid4

import aiohttp

from benchmarks.figures import Value
from benchmarks.scene import Place, places, wait_for_url
from incidents.work import TOCSIN
from tests.factories import make_token, make_user

CONNECTIONS = 32
SECONDS = 6.0


def measure(asked: Namespace) -> Iterator[Value]:
    """How many a second, and how long the slowest hundredth waits."""
    for place in places():
        seconds, latencies = _opened(place)
        latencies.sort()
        yield Value("incidents opened/s", place.name, len(latencies) / seconds)
        yield Value("p99, ms", place.name, 1000 * latencies[int(len(latencies) * 0.99)])


def _opened(place: Place) -> tuple[float, list[float]]:
    with place.office() as office, office.work(TOCSIN) as work:
        secret = make_token(work, make_user(work, "commander"))
    with place.running("serve"):
        wait_for_url(f"{place.url}/api/v1/health")
        return asyncio.run(_open_many(f"{place.url}/api/v1/incidents", secret))


async def _open_many(url: str, secret: str) -> tuple[float, list[float]]:
    started = time.perf_counter()
    end = started + SECONDS
    latencies: list[float] = []

    async def one(session: aiohttp.ClientSession) -> None:
        while (began := time.perf_counter()) < end:
            body = {"title": "A leak", "kind": "personal_data_leak"}
            headers = {"Idempotency-Key": str(uuid4())}
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
            latencies.append(time.perf_counter() - began)

    auth = {"Authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(headers=auth, connector=connector) as session:
        await asyncio.gather(*(one(session) for _ in range(CONNECTIONS)))
    return time.perf_counter() - started, latencies
