"""Freezing what was approved: every text on every channel, byte for byte, under one hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from incidents import rendering
from incidents.database.base import uuid7
from incidents.database.notices import Notice, NoticeApproval, NoticeBody, bodies_of
from incidents.rules.drill_mark import mark_html, mark_line, mark_text
from incidents.rules.ladder import CHANNELS
from incidents.rules.notice_words import NoticeWords
from incidents.rules.place_words import PLAIN, Slot
from incidents.work import Work


def render(
    work: Work, notice: Notice, slot: Slot, channel: str, words: NoticeWords
) -> rendering.Rendered:
    """One text on one channel, with tokens where a person's fields will stand.

    A drill's words bear their mark from here on: it is approved, frozen and sent with them.
    """
    locale, variant = slot
    link = link_of(work, notice, variant)
    made = rendering.render(
        notice.kind, locale, channel, words, notice.reference, link, notice.nonce
    )
    return made if notice.mode == "live" else marked(made, locale, channel)


def marked(made: rendering.Rendered, locale: str, channel: str) -> rendering.Rendered:
    """The same, beginning with the mark of a drill."""
    begin = mark_line if channel in {"sms", "push", "call"} else mark_text
    return rendering.Rendered(
        subject=mark_line(locale, made.subject) if made.subject else made.subject,
        text=begin(locale, made.text),
        html=mark_html(locale, made.html) if made.html else made.html,
        is_short_form=made.is_short_form,
    )


def link_of(work: Work, notice: Notice, variant: str = PLAIN) -> str:
    """The public page where anybody can check that the notice is real, in the same words."""
    own = f"?place={variant}" if variant else ""
    return f"{work.settings.public_url.rstrip('/')}/notices/{notice.reference}{own}"


def freeze(work: Work, notice: Notice, words: Mapping[Slot, NoticeWords]) -> NoticeApproval:
    """Render everything once and keep it; the approval's hash binds it all."""
    approval = NoticeApproval(
        id=uuid7(),
        notice_id=notice.id,
        sha256="",
        approver_id=work.actor.id,
        approved_at=work.now,
    )
    bodies = [
        body_of(approval, slot, channel, render(work, notice, slot, channel, text))
        for slot, text in sorted(words.items())
        for channel in CHANNELS
    ]
    approval.sha256 = hash_of(notice, bodies)
    work.session.add(approval)
    work.session.flush()
    work.session.add_all(bodies)
    return approval


def still_holds(work: Work, notice: Notice, approval: NoticeApproval) -> bool:
    """Whether what is kept is still exactly what was approved."""
    bodies = list(bodies_of(work.session, approval.id).values())
    intact = all(body.sha256 == _sha256(body.subject, body.text, body.html) for body in bodies)
    return intact and hash_of(notice, bodies) == approval.sha256


def hash_of(notice: Notice, bodies: list[NoticeBody]) -> str:
    """The hash of what an approval binds."""
    return hashlib.sha256(json.dumps(bound(notice, bodies), sort_keys=True).encode()).hexdigest()


def bound(notice: Notice, bodies: list[NoticeBody]) -> dict[str, Any]:
    """What an approval binds: every body, and which of them goes to whom.

    A body in words for one place names that place, whose people get it.
    """
    return {
        "notice": str(notice.id),
        "mode": notice.mode,
        "default_locale": notice.default_locale,
        "locale_choices": notice.locale_choices,
        "bodies": sorted(_bound(body) for body in bodies),
    }


def _bound(body: NoticeBody) -> list[str]:
    place = [body.variant] if body.variant else []
    return [body.locale, body.channel, *place, body.sha256]


def body_of(
    approval: NoticeApproval, slot: Slot, channel: str, made: rendering.Rendered
) -> NoticeBody:
    """What is kept of one text on one channel, with its hash."""
    locale, variant = slot
    subject, html = made.subject or "", made.html or ""
    return NoticeBody(
        approval_id=approval.id,
        locale=locale,
        variant=variant,
        channel=channel,
        subject=subject,
        text=made.text,
        html=html,
        sha256=_sha256(subject, made.text, html),
    )


def _sha256(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
