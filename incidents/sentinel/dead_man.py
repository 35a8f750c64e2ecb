"""The dead-man's switch: a ping while all is well; it is the silence that rings.

Made for https://healthchecks.io and what speaks like it: a POST whose body is kept beside the
ping. Pings that come more often than a few times a minute are refused there.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from http.client import HTTPException

import structlog

log = structlog.get_logger(__name__)

EVERY_SECONDS = 15.0
_TIMEOUT_SECONDS = 5.0


class DeadMan:
    """Pings a URL in a thread of its own: a network that hangs keeps no alarm from ringing.

    url  secret: whoever knows it can keep the switch quiet; '' never pings
    """

    def __init__(self, url: str, every_seconds: float = EVERY_SECONDS) -> None:
        self._url, self._every_seconds = url, every_seconds
        self._next = 0.0
        self._thread: threading.Thread | None = None

    def ping(self, words: str, *, now: bool = False) -> None:
        """Say that all is well, unless it was said a moment ago or is being said still.

        now  whenever it was said last
        """
        busy = self._thread is not None and self._thread.is_alive()
        if not self._url or busy or (time.monotonic() < self._next and not now):
            return
        self._next = time.monotonic() + self._every_seconds
        self._thread = threading.Thread(target=self._ask, args=(words,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the last ping has been answered, or was given up."""
        if self._thread is not None:
            self._thread.join(2 * _TIMEOUT_SECONDS)

    def _ask(self, words: str) -> None:
        request = urllib.request.Request(self._url, words.encode(), {"User-Agent": "tocsin"})  # noqa: S310  a setting, checked there
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                answer.read(1000)
        except (OSError, HTTPException) as error:
            log.warning("the dead-man's switch was not reached", why=type(error).__name__)
