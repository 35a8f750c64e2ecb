"""Those that Tocsin stands beside: each told to do the same, on a database of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.peers import by_celery
from benchmarks.processes import ROOT
from notifiers.fake.server import FakeProviders
from tests.servers import postgres_server, valkey_server

PEERS = ROOT / "benchmarks" / "peers"
PYTHON = ROOT / "build" / "peers" / "bin" / "python"
LONGEST_SECONDS = 1_800
# One is faster than the other: each runs for about as long.
POST_OFFICE_MORE, ANYMAIL_MORE = 5, 50


def rates(people: int) -> Iterator[tuple[str, float]]:
    """The name of each peer, and how many people it tells a second.

    people  that plain Celery tells, the slowest
    """
    if not PYTHON.exists():
        raise RuntimeError("the peers are not installed: make build/peers/ready")
    with postgres_server(durable=True) as postgres, FakeProviders() as fake:
        fake.set_faults(receipts=False)
        with valkey_server() as valkey:
            told = by_celery.people_told_per_second(people, postgres.database(), valkey.url, fake)
            yield "plain Celery", told
        with _smtp_sink() as port:
            count = str(people * POST_OFFICE_MORE)
            yield "django-post_office", _ran("by_post_office", postgres.database(), port, count)
        key, count = fake.sendgrid_api_key, str(people * ANYMAIL_MORE)
        yield "django-anymail", _ran("by_anymail", postgres.database(), fake.url, key, count)


def _ran(script: str, *arguments: str) -> float:
    command = [str(PYTHON), str(PEERS / f"{script}.py"), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, timeout=LONGEST_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{script}:\n{done.stderr.decode()[-2_000:]}")
    return float(done.stdout.split()[-1])


@contextmanager
def _smtp_sink() -> Iterator[str]:
    command = [sys.executable, str(PEERS / "smtp_sink.py")]
    sink = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield sink.stdout.readline().decode().strip() if sink.stdout else ""
    finally:
        sink.terminate()
        sink.communicate()
