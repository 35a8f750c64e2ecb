"""Waking people on duty: whom, with which words, and what became of it.

These are the shapes that every caller sees; each pager is a file of its own beside this one, to
be loaded only where it is used. A pager is synchronous, has explicit timeouts, keeps nothing, and
never raises for what a provider answers: whoever pages goes on to the next channel at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

PagedOutcome = Literal["accepted", "refused", "unknown", "no_address"]


@dataclass(frozen=True, slots=True)
class Contact:
    """How one person on duty is reached; none of it shows in a log.

    chat  Apprise URLs (https://github.com/caronc/apprise/wiki), which hold secrets
    """

    name: str = field(repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    chat: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """What somebody is woken with. No word of it may be personal data of those affected.

    text        in full, for email and chat; link and code are added by the pager
    short       one or two sentences for SMS and voice, likewise without link and code
    link        where this person acknowledges; '' if they cannot
    code        what this person may reply with to acknowledge; '' if they cannot
    digits_url  what a call posts the pressed key to (Twilio's `Gather`); '' takes the link
    """

    subject: str
    text: str
    short: str
    link: str
    code: str
    drill: bool = False
    digits_url: str = ""


@dataclass(frozen=True, slots=True)
class Paged:
    """What became of one page on one channel; `detail` holds no personal data.

    accepted    the provider took it, which does not mean that anybody woke up
    refused     it surely did not go
    unknown     it may have gone
    no_address  this person has none on this channel
    """

    channel: str
    outcome: PagedOutcome
    detail: str


class Pager(Protocol):
    """One channel to people on duty."""

    @property
    def channel(self) -> str:
        """Its name, as in rows and logs: email, sms, call, chat, sandbox."""

    def page(self, to: Contact, page: Page) -> Paged:
        """Wake one person, once. Never raises for what a provider answers."""
