"""The Celery app, and the bell that rings through it. Imports no task."""

from __future__ import annotations

import queue
import threading
import time
from uuid import UUID

import redis
import structlog
from celery import Celery, signals

from incidents.errors import InvalidInput, Problem

log = structlog.get_logger(__name__)

_STOP = None
_MOST_WAITING = 1_000
_QUIET_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_ASK_SECONDS = 2.0


def create_celery(broker_url: str) -> Celery:
    """The app on this broker, with the constants of `celeryconfig.py`; it has no task yet."""
    app = Celery("tocsin", broker=broker_url, set_as_current=False)
    app.config_from_object("celeryconfig")
    signals.setup_logging.connect(_leave_logs_alone)
    return app


def refuse_forgetful(broker_url: str) -> None:
    """Refuse a broker that throws away what waits in it as soon as it is full: nobody would know.

    One that is away may come back; nothing hangs on it.
    Raises  InvalidInput
    """
    try:
        with redis.Redis.from_url(
            broker_url, socket_connect_timeout=_ASK_SECONDS, socket_timeout=_ASK_SECONDS
        ) as broker:
            policy = str(broker.info("memory").get("maxmemory_policy", ""))
    except redis.RedisError:
        return
    if policy.startswith("allkeys"):
        problem = Problem("TOCSIN_BROKER_URL", f"its maxmemory-policy is {policy}", "noeviction")
        raise InvalidInput("the broker would throw away bells that wait", problem)


class CeleryBell:
    """Rings whoever listens on the broker, and costs the ringer nothing.

    A thread of its own publishes: a broker that is slow or gone never slows a request, and
    what could not be published is dropped, because every process sweeps.
    """

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._waiting: queue.Queue[tuple[str, UUID | None] | None] = queue.Queue(_MOST_WAITING)
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Have «look at `name`» published; returns at once and never fails."""
        self._start()
        try:
            self._waiting.put_nowait((name, subject_id))
        except queue.Full:
            self._complain("too many bells wait")

    def close(self) -> None:
        """Publish what waits, for a moment, and end."""
        if self._thread is None:
            return
        try:
            self._waiting.put(_STOP, timeout=_PAUSE_SECONDS)
        except queue.Full:
            return
        self._thread.join(2 * _PAUSE_SECONDS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._publish, name="bell", daemon=True)
                self._thread.start()

    def _publish(self) -> None:
        while (bell := self._waiting.get()) is not _STOP:
            name, subject_id = bell
            try:
                arguments = [str(subject_id) if subject_id else None]
                self.app.send_task(name, arguments, retry=False)
            except Exception as error:  # noqa: BLE001  whatever it is: the sweep looks too
                self._complain(f"{type(error).__name__}: {error}")
                time.sleep(_PAUSE_SECONDS)

    def _complain(self, why: str) -> None:
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            log.warning("the broker hears no bell; sweeps go on", why=why)


def _leave_logs_alone(**_: object) -> None:
    """Being connected keeps Celery from setting up logs of its own."""
