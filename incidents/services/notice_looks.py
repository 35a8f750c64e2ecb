"""Looking at a notice: its words for everybody and for single places, and how they would go out."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from incidents import rendering
from incidents.database.notices import Notice
from incidents.errors import NotFound, Problem
from incidents.rules import sms_words
from incidents.rules.notice_limits import Limit
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.rules.place_words import PLAIN, name_of
from incidents.rules.sms_words import SmsLook
from incidents.services import freezing, notice_gaps, notice_limits
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """The words for the people of one place, by language.

    people  how many get them
    limits  what laws forbid to tell them
    """

    variant: str
    people: int
    words: dict[str, NoticeWords]
    limits: Sequence[Limit]


def words(work: Work, notice_id: UUID) -> dict[str, NoticeWords]:
    """The words for everybody that count now, by language."""
    require(work.actor, Permission.READ_NOTICE)
    texts = notice_gaps.texts_of(work, _read(work, notice_id))
    return {locale: text for (locale, variant), text in texts.items() if variant == PLAIN}


def places(work: Work, notice_id: UUID) -> list[PlaceWords]:
    """The words for the people of one place each, and what its law keeps out of them."""
    require(work.actor, Permission.READ_NOTICE)
    notice = _read(work, notice_id)
    texts = notice_gaps.texts_of(work, notice)
    variants = {variant for _, variant in texts} - {PLAIN}
    readers = notice_limits.of_variants(work, notice.incident_id, variants)
    return [
        PlaceWords(
            variant=one,
            people=readers[one].people,
            words={locale: text for (locale, variant), text in texts.items() if variant == one},
            limits=readers[one].limits,
        )
        for one in sorted(variants)
    ]


def preview(
    work: Work, notice_id: UUID, locale: str, channel: str, variant: str = PLAIN
) -> rendering.Rendered:
    """One text on one channel, as a person would get it; name fields are still tokens."""
    require(work.actor, Permission.READ_NOTICE)
    notice = _read(work, notice_id)
    texts, slot = notice_gaps.texts_of(work, notice), (locale, variant)
    if slot not in texts:
        there = ", ".join(sorted(map(name_of, texts)))
        raise NotFound(f"the notice has no words {name_of(slot)}; it has {there}")
    return freezing.render(work, notice, slot, channel, texts[slot])


def sms_looks(work: Work, notice_id: UUID, variant: str = PLAIN) -> dict[str, SmsLook]:
    """What an SMS takes, by language: of those whose words are complete."""
    require(work.actor, Permission.READ_NOTICE)
    notice = _read(work, notice_id)
    return {
        slot[0]: sms_look(freezing.render(work, notice, slot, "sms", text))
        for slot, text in notice_gaps.complete(notice_gaps.texts_of(work, notice)).items()
        if slot[1] == variant
    }


def sms_look(made: rendering.Rendered) -> SmsLook:
    """What a rendered SMS takes."""
    return sms_words.look(made.text, is_short_form=made.is_short_form)


def missing(work: Work, notice_id: UUID) -> list[Problem]:
    """Everything that stands in the way of approval; empty when it can be approved."""
    require(work.actor, Permission.READ_NOTICE)
    return notice_gaps.missing(work, _read(work, notice_id))


def _read(work: Work, notice_id: UUID) -> Notice:
    return get_of_incident(work, Notice, notice_id, "notice")
