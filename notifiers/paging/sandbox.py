"""A pager that reaches nobody: the only one of drills, and of a house that set no provider."""

from __future__ import annotations

import logging
from collections import deque

from notifiers.paging import Contact, Page, Paged

_LOG = logging.getLogger(__name__)
MOST_KEPT = 1_000


class SandboxPager:
    """Keeps the last pages in memory and says one line in the log, which names nobody."""

    channel = "sandbox"

    def __init__(self) -> None:
        self.pages: deque[tuple[Contact, Page]] = deque(maxlen=MOST_KEPT)

    def page(self, to: Contact, page: Page) -> Paged:
        """Keep it."""
        self.pages.append((to, page))
        drill = "DRILL " if page.drill else ""
        _LOG.warning("%spage in the sandbox, nobody was woken: %s", drill, page.subject)
        return Paged(self.channel, "accepted", "kept in the sandbox: nobody was woken")
