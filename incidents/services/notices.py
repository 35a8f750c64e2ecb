"""Notices: edited, approved by somebody else, and frozen as approved."""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from incidents import rendering
from incidents.database import notices as rows
from incidents.database.notices import Notice, NoticeApproval
from incidents.errors import InvalidInput, NotFound, NotPermitted, Problem
from incidents.rules.fact_values import place_problem
from incidents.rules.lifecycle import NOTICE
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.rules.place_words import PLAIN, Slot
from incidents.services import freezing, notice_gaps, timeline
from incidents.services import notice_changes as changes
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require


def edit(
    work: Work,
    notice_id: UUID,
    version: int,
    locale: str,
    words: NoticeWords,
    variant: str = PLAIN,
) -> Notice:
    """Write the words of one language. Whoever edits cannot approve; an approval is voided.

    variant  the place whose people get these words, instead of those for everybody
    Raises   StaleEdit      somebody else edited meanwhile
             InvalidInput   a placeholder or control sign that could not be sent as it stands
    """
    require(work.actor, Permission.EDIT_NOTICE)
    notice = changes.editable(work, notice_id, version)
    if locale not in rendering.offered_locales(notice.kind):
        raise InvalidInput(
            f"there is no {notice.kind} notice in {locale}",
            Problem(
                "locale",
                "is not offered",
                f"one of {', '.join(rendering.offered_locales(notice.kind))}",
            ),
        )
    newest = rows.newest_versions(work.session, notice.id)
    _check_variant(locale, variant, newest)
    slot = (locale, variant)
    number = newest[slot].number + 1 if slot in newest else 1
    changes.write(work, notice, slot, words, number=number, by_hand=True)
    return changes.changed(work, notice)


def _check_variant(locale: str, variant: str, written: Collection[Slot]) -> None:
    if variant and (wrong := place_problem(variant)):
        raise InvalidInput(f"nobody lives in {variant}", Problem("variant", *wrong))
    if variant and (locale, PLAIN) not in written:
        raise InvalidInput(
            f"the notice itself has no words in {locale}",
            Problem("locale", "is no language of this notice", "write it for everybody first"),
        )


def leave_out(
    work: Work, notice_id: UUID, version: int, locale: str, variant: str = PLAIN
) -> Notice:
    """Drop a language that nobody needs: from the whole notice, or from the words for a place."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = changes.editable(work, notice_id, version)
    return _dropped(
        work,
        notice,
        lambda slot: slot[0] == locale and variant in {PLAIN, slot[1]},
        f"no words in {locale}" + (f" for {variant}" if variant else ""),
    )


def leave_out_place(work: Work, notice_id: UUID, version: int, variant: str) -> Notice:
    """Drop the words for a place: its people get those for everybody."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = changes.editable(work, notice_id, version)
    none = f"no words for {variant}"
    return _dropped(work, notice, lambda slot: slot[1] == variant != PLAIN, none)


def _dropped(work: Work, notice: Notice, is_meant: Callable[[Slot], bool], none: str) -> Notice:
    slots = list(filter(is_meant, rows.newest_versions(work.session, notice.id)))
    if not slots:
        raise NotFound(f"the notice has {none}")
    rows.drop_words(work.session, notice.id, slots)
    return changes.changed(work, notice)


def choose_locales(
    work: Work, notice_id: UUID, version: int, default: str, choices: Mapping[str, str]
) -> Notice:
    """Decide which language people get whose own is not offered, or is not known."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = changes.editable(work, notice_id, version)
    written = set(rows.plain_versions(work.session, notice.id))
    wanted = {"default_locale": default, **{f"choices.{k}": v for k, v in choices.items()}}
    problems = [
        Problem(
            field, f"the notice has no words in {locale}", f"one of {', '.join(sorted(written))}"
        )
        for field, locale in wanted.items()
        if locale not in written
    ]
    if problems:
        raise InvalidInput("some of these languages have no words yet", *problems)
    notice.default_locale, notice.locale_choices = default, dict(choices)
    return changes.changed(work, notice)


def of_incident(work: Work, incident_id: UUID) -> Sequence[Notice]:
    """The notices of an incident."""
    require(work.actor, Permission.READ_NOTICE)
    get_incident(work, incident_id)
    return rows.notices_of(work.session, incident_id)


def read(work: Work, notice_id: UUID) -> Notice:
    """One notice."""
    require(work.actor, Permission.READ_NOTICE)
    return get_of_incident(work, Notice, notice_id, "notice")


def approve(
    work: Work, notice_id: UUID, version: int, despite: Collection[str] = ()
) -> NoticeApproval:
    """Approve the words as they stand; none of their editors may. They freeze byte for byte.

    despite  rules that forbid to tell something, for which the approver answers that the words
             do not tell it; of the words for a place with it (`us-ma-93h-people:US-MA`)
    Raises   NotPermitted  for an editor; InvalidInput with all that is missing or forbidden
    """
    require(work.actor, Permission.APPROVE_NOTICE)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    check_version(notice.version, version)
    after = NOTICE.after(notice.status, "approve")
    if str(work.actor.id) in notice.editors:
        raise NotPermitted("an editor may not approve their own notice; ask another approver")
    problems = notice_gaps.missing(work, notice, despite)
    if problems:
        raise InvalidInput("the notice cannot be approved yet", *problems)
    texts = notice_gaps.complete(notice_gaps.texts_of(work, notice))
    approval = freezing.freeze(work, notice, texts)
    notice.status = after
    answers = [one.partition(":") for one in despite]
    changes.tell(
        work,
        "notice.approve",
        notice,
        content=approval.sha256,
        despite=sorted({rule for rule, _, _ in answers}),
        places=sorted({place for _, _, place in answers if place}),
    )
    answered = f"; read against {', '.join(sorted(despite))}" if despite else ""
    timeline.note(
        work,
        notice.incident_id,
        "notice",
        f"Notice {notice.reference} approved ({approval.sha256[:12]}…){answered}",
    )
    work.ring("incidents.review", notice.incident_id)
    work.session.flush()
    return approval


def withdraw(work: Work, notice_id: UUID, version: int, reason: str) -> Notice:
    """Take a notice back before it goes out."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    check_version(notice.version, version)
    notice.status = NOTICE.after(notice.status, "withdraw")
    rows.void_approvals(work.session, notice.id, work.now)
    changes.tell(work, "notice.withdraw", notice, private={"reason": reason})
    timeline.note(
        work, notice.incident_id, "notice", f"Notice {notice.reference} withdrawn: {reason}"
    )
    work.session.flush()
    return notice
