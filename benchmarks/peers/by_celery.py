"""The usual way, as a peer: plain Celery, one task per person, the vendor's SDK, one commit each.

    celery -A benchmarks.peers.by_celery worker -c 2

It keeps people in the open and has no audit trail, no lease, no proof: less than what it is
compared with.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from celery import Celery
from jinja2 import Environment, StrictUndefined
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
from sqlalchemy import DateTime, String, create_engine, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.processes import running, wait_until
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


def people_told_per_second(
    count: int, database_url: str, broker_url: str, fake: FakeProviders
) -> float:
    """People told in a second, from the first task queued to the last in the fake's ledger."""
    engine = create_engine(database_url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        people = [{"id": i, "name": f"N {i}", "email": f"p{i}@example.com"} for i in range(count)]
        connection.execute(insert(Person), people)
    engine.dispose()
    environment = {
        "PEER_DATABASE_URL": database_url,
        "PEER_BROKER_URL": broker_url,
        "PEER_SENDGRID_URL": fake.url,
        "PEER_SENDGRID_KEY": fake.sendgrid_api_key,
    }
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.peers.by_celery", "worker"]
    with running([*command, "-c", "2"], environment) as worker:
        # An app of its own: one that has sent keeps its connections, to the broker of last time.
        caller = Celery("caller", broker=broker_url)
        caller.send_task(tell.name, (0,))
        wait_until(lambda: _in(fake), 1, [worker])  # it is up
        began = time.perf_counter()
        for person_id in range(1, count):
            caller.send_task(tell.name, (person_id,))
        wait_until(lambda: _in(fake), count, [worker])
        return (count - 1) / (time.perf_counter() - began)


def _in(fake: FakeProviders) -> int:
    return int(fake.ledger()["people"])
