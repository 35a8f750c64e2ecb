"""Pages that are written: email and SMS, over the couriers that carry notices too."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable

from notifiers.courier import Courier
from notifiers.envelope import Channel, Envelope, Mode, Outcome, Person, Words
from notifiers.paging import Contact, Page, Paged
from notifiers.paging.calm import paged

MOST_SHORT = 300
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class EmailPager:
    """Email through the courier that `make` gives, made anew for each page.

    make            SMTP or SendGrid, with timeouts of its own; its connections live for one page
    within_seconds  for everything
    """

    channel = "email"

    def __init__(self, make: Callable[[], Courier], within_seconds: float = 20.0) -> None:
        self._make, self._within = make, within_seconds

    def page(self, to: Contact, page: Page) -> Paged:
        """Send one email."""

        async def ask() -> Outcome:
            return await _carried(self._make(), Channel.EMAIL, to.email, words_of(page))

        return paged(self.channel, to, page, to.email, ask, self._within)


class SmsPager:
    """SMS through the courier that `make` gives, made anew for each page."""

    channel = "sms"

    def __init__(self, make: Callable[[], Courier], within_seconds: float = 20.0) -> None:
        self._make, self._within = make, within_seconds

    def page(self, to: Contact, page: Page) -> Paged:
        """Send one SMS."""
        text = short_text(page)

        async def ask() -> Outcome:
            return await _carried(self._make(), Channel.SMS, to.phone, Words("", text, ""))

        return paged(self.channel, to, page, to.phone, ask, self._within)


def words_of(page: Page) -> Words:
    """The email: the text, then how to acknowledge."""
    text = full_text(page)
    rich = "".join(f"<p>{_lines(part)}</p>" for part in page.text.split("\n\n") if part.strip())
    if page.link:
        rich += f'<p><a href="{html.escape(page.link)}">I take care of it</a></p>'
    if page.code:
        rich += f"<p>Code: <b>{html.escape(page.code)}</b></p>"
    return Words(_one_line(page.subject), text, rich or f"<p>{_lines(page.subject)}</p>")


def full_text(page: Page) -> str:
    """The page in full, with how to acknowledge."""
    link = f"I take care of it: {page.link}" if page.link else ""
    code = f"Code: {page.code}" if page.code else ""
    return "\n\n".join(part for part in (page.text or page.subject, link, code) if part)


def short_text(page: Page) -> str:
    """The page for a small screen; what acknowledges it is never cut off."""
    short = _one_line(page.short or page.subject)
    cut = short if len(short) <= MOST_SHORT else f"{short[: MOST_SHORT - 1]}…"
    reply = f"Reply {page.code} to take care of it." if page.code else ""
    return "\n".join(part for part in (cut, reply, page.link) if part)


async def _carried(courier: Courier, channel: Channel, address: str, words: Words) -> Outcome:
    envelope = Envelope(
        id="page",
        attempt=str(uuid.uuid4()),
        mode=Mode.LIVE,
        channel=channel,
        words=words,
        nonce=uuid.uuid4().hex,
        people=(Person("page", address, {}),),
        reference="",
        locale="en",
    )
    try:
        return await courier.send(envelope, courier.body(envelope))
    finally:
        await courier.close()


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()


def _lines(text: str) -> str:
    return html.escape(text.strip()).replace("\n", "<br>")
