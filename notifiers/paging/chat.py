"""Pages in a chat, by Apprise: whatever it has a URL for."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from notifiers.paging import Contact, Page, Paged, PagedOutcome
from notifiers.paging.written import full_text

if TYPE_CHECKING:
    from apprise import Apprise

_TOLD_ONCE_SECONDS = 60.0
_GENERIC = {"json", "xml", "form", "apprise"}
_LOCAL = {
    "blink1", "dbus", "glib", "gio", "gnome", "growl", "kde", "macosx", "qt", "rsyslog", "syslog",
    "windows",
}  # fmt: skip


class ChatPager:
    """Chat messages to a person's own URLs, and to a room of the house.

    house          Apprise URLs of a room that hears every page: once a minute however many people
                   are paged, and without the link and code by which one person acknowledges
    total_seconds  for all URLs of one page together
    """

    channel = "chat"

    def __init__(
        self,
        house: Sequence[str] = (),
        *,
        connect_seconds: float = 5.0,
        total_seconds: float = 10.0,
    ) -> None:
        self._house = tuple(house)
        self._connect_seconds, self._total_seconds = connect_seconds, total_seconds
        self._told: dict[tuple[str, str], tuple[float, PagedOutcome]] = {}
        self._lock = Lock()

    def page(self, to: Contact, page: Page) -> Paged:
        """Write to this person, and to the room; accepted if either took it."""
        if page.drill:
            return Paged(self.channel, "refused", "a drill reaches nobody")
        mine = self._write(to.chat, page.subject, full_text(page)) if to.chat else "no_address"
        room = self._tell_house(page) if self._house else "no_address"
        detail = f"own chat: {mine}; room of the house: {room}".replace("_", " ")
        return Paged(self.channel, _best(mine, room), detail)

    def _tell_house(self, page: Page) -> PagedOutcome:
        """What became of it, or of the same words a moment ago."""
        words, now = (page.subject, page.text), time.monotonic()
        with self._lock:
            self._told = {
                key: told
                for key, told in self._told.items()
                if now - told[0] < _TOLD_ONCE_SECONDS and told[1] == "accepted"
            }
            if words not in self._told:
                self._told[words] = (now, self._write(self._house, *words))
            return self._told[words][1]

    def _write(self, urls: Sequence[str], subject: str, text: str) -> PagedOutcome:
        try:
            chats = opened(urls, self._connect_seconds, self._total_seconds)
            result = chats.notify(
                body=text, title=subject, body_format="text", timeout=self._total_seconds
            )
            return _word(bool(result.success_count), bool(result.timeout_count))
        except Exception:  # noqa: BLE001 the next channel must ring whatever is wrong here
            return "unknown"


def opened(urls: Sequence[str], connect_seconds: float, total_seconds: float) -> Apprise:
    """Apprise with these URLs; it leaves out those that are none.

    It keeps nothing on disk, and its log stays silent: it would name hosts.
    """
    from apprise import Apprise, AppriseAsset, PersistentStoreMode  # noqa: PLC0415  heavy

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    asset = AppriseAsset(storage_mode=PersistentStoreMode.MEMORY, secure_logging=True)
    chats = Apprise(asset=asset)
    for url in urls:
        chats.add(url)
    for chat in chats:
        chat.socket_connect_timeout = connect_seconds
        # Longer than the whole call may take: so it is Apprise that says "timed out".
        chat.socket_read_timeout = total_seconds + 5
    return chats


def fault_of(url: str) -> str:
    """Why somebody may not be reached at this URL; '' if they may.

    Refused is what would turn an alarm against this machine: Apprise can post to any address,
    show windows and write logs. Whoever runs the house may still name such a URL for its room.
    """
    scheme = url.partition("://")[0].casefold()
    if scheme.rstrip("s") in _GENERIC or scheme in _LOCAL:
        return f"{scheme} is not the address of a chat"
    chats = list(opened([url], 1.0, 1.0))
    if not chats:
        return "is no Apprise URL"
    host = str(getattr(chats[0], "host", None) or "").strip("[]").casefold()
    return "leads back to this machine" if _is_here(host) else ""


def _is_here(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_link_local or address.is_unspecified


def _word(any_accepted: bool, any_open: bool) -> PagedOutcome:
    if any_accepted:
        return "accepted"
    return "unknown" if any_open else "refused"


def _best(*outcomes: PagedOutcome) -> PagedOutcome:
    ranks: tuple[PagedOutcome, ...] = ("accepted", "unknown", "refused", "no_address")
    return min(outcomes, key=ranks.index)
