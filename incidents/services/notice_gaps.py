"""What keeps a notice from being approved: words that are missing, too long, or forbidden."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from incidents.database import notices as rows
from incidents.database.notices import Notice
from incidents.database.told import people_by_kind
from incidents.errors import Problem
from incidents.rules import sms_words
from incidents.rules.notice_limits import objections
from incidents.rules.notice_words import NoticeWords, gaps, locale_read
from incidents.rules.place_words import PLAIN, Slot, name_of, variant_of
from incidents.services import freezing, notice_limits
from incidents.work import Work

Texts = Mapping[Slot, NoticeWords]


def texts_of(work: Work, notice: Notice) -> dict[Slot, NoticeWords]:
    """The words that count now, by locale and variant."""
    newest = rows.newest_versions(work.session, notice.id)
    return {slot: NoticeWords.model_validate(row.words) for slot, row in newest.items()}


def complete(texts: Texts) -> dict[Slot, NoticeWords]:
    """The texts that can be sent: nothing is missing in them."""
    return {slot: words for slot, words in texts.items() if not gaps(words)}


def missing(work: Work, notice: Notice, despite: Collection[str] = ()) -> list[Problem]:
    """Everything that stands in the way of approval; empty when it can be approved."""
    texts = texts_of(work, notice)
    plain = {locale for locale, variant in texts if variant == PLAIN}
    if not plain:
        return [Problem("words", "there are none", "draft or write them")]
    variants = {variant for _, variant in texts}
    needed = {(notice.default_locale, variant): 0 for variant in variants}
    uncovered: Counter[str] = Counter()
    for locale, place, count in people_by_kind(work.session, notice.incident_id):
        reads = locale_read(locale, plain, notice.default_locale, notice.locale_choices)
        if reads is None:
            uncovered[locale] += count
        else:
            slot = (reads, variant_of(place, variants))
            needed[slot] = needed.get(slot, 0) + count
    problems = [one for slot in sorted(needed) for one in _gaps(texts, slot, needed[slot])]
    too_long = [] if problems else _too_long(work, notice, texts, needed)
    unread = [_unread(locale, count) for locale, count in uncovered.items()]
    return [*problems, *too_long, *unread, *_forbidden(work, notice, texts, despite)]


def _gaps(texts: Texts, slot: Slot, readers: int) -> Iterator[Problem]:
    locale, variant = slot
    if variant and slot not in texts:
        yield Problem(
            name_of(slot),
            f"{readers:,} people read it, and the words for {variant} are not in {locale}"
            if readers
            else f"the words for {variant} are not in {locale}, which stands in for any language",
            f"write them, or drop the words for {variant}",
        )
        return
    for gap in gaps(texts.get(slot, NoticeWords())):
        yield Problem(f"{name_of(slot)}.{gap.field}", gap.why, gap.mend)


def _unread(locale: str, count: int) -> Problem:
    return Problem(
        f"locale {locale or '(not known)'}",
        f"{count:,} people read it, and the notice has no words for them",
        "write that language, or choose one for them in locale_choices"
        f" (`tocsin notice languages --choose {locale}=en`)",
    )


def _too_long(
    work: Work, notice: Notice, texts: Texts, needed: Collection[Slot]
) -> Iterator[Problem]:
    """Texts whose SMS no provider would take, even in its short form."""
    for slot in sorted(needed):
        made = freezing.render(work, notice, slot, "sms", texts[slot])
        if why := sms_words.too_long(made.text):
            mend = "write a shorter title or name of the organisation"
            yield Problem(f"{name_of(slot)}.title", why, mend)


def _forbidden(
    work: Work, notice: Notice, texts: Texts, despite: Collection[str]
) -> Iterator[Problem]:
    """What the law of a place where people read it forbids their words to tell."""
    variants = {variant for _, variant in texts}
    found = notice_limits.of_variants(work, notice.incident_id, variants)
    for variant, readers in sorted(found.items(), key=lambda one: one[0]):
        words = {locale: text for (locale, of), text in texts.items() if of == variant}
        yield from objections(readers.limits, words, despite, variant)
