"""The pages of one alarm: written down with their tokens, then sent side by side."""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import structlog

from incidents.auth.tokens import hash_of
from incidents.database.alarms import Alarm, AlarmPage
from incidents.database.base import uuid7
from incidents.rules.alarm_words import AlarmWords
from incidents.services.rota import OnDuty
from incidents.work import Work
from notifiers.paging import Contact, Page, Paged, Pager

log = structlog.get_logger(__name__)

LINK_PATH = "/alarms/"
DIGITS_PATH = "/api/v1/webhooks/twilio/alarms/"
_WRITTEN = {"email", "chat"}
_PAGES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Call:
    """One person on one channel: the row is written, the page has not left."""

    row_id: UUID
    pager: Pager
    contact: Contact
    page: Page


def calls_to(
    work: Work, alarm: Alarm, words: AlarmWords, person: OnDuty, pagers: Sequence[Pager]
) -> list[Call]:
    """What wakes one person, each written down before it leaves."""
    token = secrets.token_urlsafe(24)
    base = work.settings.public_url.rstrip("/")
    page = Page(
        subject=words.subject,
        text=words.text,
        short=words.short,
        link=f"{base}{LINK_PATH}{token}",
        code=alarm.code,
        drill=alarm.mode == "drill",
        digits_url=f"{base}{DIGITS_PATH}{token}",
    )
    chosen = [
        one
        for one in pagers
        if _may_reach(one.channel, person.contact)
        and (alarm.is_loud or _is_soft(one.channel, person.contact))
    ]
    made = [Call(uuid7(), pager, person.contact, page) for pager in chosen]
    work.session.add_all(_row(work, alarm, person, token, call) for call in made)
    return made


def _may_reach(channel: str, to: Contact) -> bool:
    """Whether this person has an address there; a chat may have a room of the house."""
    if channel in {"sms", "call"}:
        return bool(to.phone)
    return bool(to.email) if channel == "email" else True


def _is_soft(channel: str, to: Contact) -> bool:
    """Whether a soft alarm goes out here: in writing; by SMS to whom nothing else reaches."""
    if channel == "sms":
        return not (to.email or to.chat)
    return channel in {*_WRITTEN, "sandbox"}


def _row(work: Work, alarm: Alarm, person: OnDuty, token: str, call: Call) -> AlarmPage:
    return AlarmPage(
        id=call.row_id,
        alarm_id=alarm.id,
        mode=alarm.mode,
        ring=alarm.ring_count,
        user_id=person.user_id,
        name=person.name,
        level=person.level,
        channel=call.pager.channel,
        outcome="pending",
        token_sha256=hash_of(token),
        at=work.now,
    )


def page_all(calls: Sequence[Call]) -> dict[UUID, Paged]:
    """Page everybody side by side; by the id of the row, what each page gave."""
    if not calls:
        return {}
    with ThreadPoolExecutor(min(len(calls), _PAGES_AT_ONCE), thread_name_prefix="pages") as pool:
        return dict(zip((call.row_id for call in calls), pool.map(_page, calls), strict=True))


def _page(call: Call) -> Paged:
    try:
        return call.pager.page(call.contact, call.page)
    except Exception as error:  # the others must be paged all the same
        log.exception("a pager failed", channel=call.pager.channel)
        return Paged(call.pager.channel, "unknown", type(error).__name__)
