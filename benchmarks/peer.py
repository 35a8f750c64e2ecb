"""The usual way, as a peer: plain Celery, one task per person, the vendor's SDK, one commit each.

    celery -A benchmarks.peer worker

It keeps people in the open and has no audit trail, no lease, no proof: less than what it is
compared with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from celery import Celery
from jinja2 import Environment, StrictUndefined
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
from sqlalchemy import DateTime, String, create_engine, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from notifiers.fake.server import FakeProviders

TEXT = Environment(undefined=StrictUndefined, autoescape=True).from_string(
    "Dear {{ name }},\n\nYour survey answers could be read by others. We closed the gap.\n" * 6
)
app = Celery("peer", broker=os.environ.get("PEER_BROKER_URL", "memory://"))
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4, task_acks_late=True)
_engine = create_engine(os.environ.get("PEER_DATABASE_URL", "sqlite://"), pool_size=2)
_sendgrid = SendGridAPIClient(
    os.environ.get("PEER_SENDGRID_KEY", ""),
    host=os.environ.get("PEER_SENDGRID_URL", "http://127.0.0.1"),
)


class Base(DeclarativeBase):
    """Tables of the peer."""


class Person(Base):
    """Whom to tell, and whether they were."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@app.task
def tell(person_id: int) -> None:
    """Tell one person."""
    with Session(_engine) as session:
        person = session.get_one(Person, person_id)
        mail = Mail(
            from_email="privacy@example.com",
            to_emails=person.email,
            subject="About your survey answers",
            plain_text_content=TEXT.render(name=person.name),
        )
        _sendgrid.send(mail)
        person.status, person.sent_at = "sent", datetime.now(UTC)
        session.commit()


def people_told_per_second(count: int, database_url: str, broker_url: str) -> float:
    """People told in a second, from the first task queued to the last in the fake's ledger."""
    engine = create_engine(database_url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        people = [{"id": i, "name": f"N {i}", "email": f"p{i}@example.com"} for i in range(count)]
        connection.execute(insert(Person), people)
    engine.dispose()
    with FakeProviders() as fake:
        worker = _worker(database_url, broker_url, fake)
        try:
            return _timed(count, broker_url, fake)
        finally:
            worker.terminate()
            worker.wait()


def _worker(database_url: str, broker_url: str, fake: FakeProviders) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PEER_DATABASE_URL": database_url,
        "PEER_BROKER_URL": broker_url,
        "PEER_SENDGRID_URL": fake.url,
        "PEER_SENDGRID_KEY": fake.sendgrid_api_key,
    }
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peer", "worker", "-c", "2"]
    return subprocess.Popen(
        command,
        env=environment,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _timed(count: int, broker_url: str, fake: FakeProviders) -> float:
    app.conf.broker_url = broker_url
    tell.delay(0)
    _wait(fake, 1)  # the worker is up
    began = time.perf_counter()
    for person_id in range(1, count):
        tell.delay(person_id)
    _wait(fake, count)
    return (count - 1) / (time.perf_counter() - began)


def _wait(fake: FakeProviders, count: int) -> None:
    while fake.ledger()["people"] < count:
        time.sleep(0.05)
