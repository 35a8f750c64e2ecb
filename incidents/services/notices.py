"""Notices: drafted from facts, edited, approved by somebody else, and frozen as approved."""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from incidents import rendering
from incidents.audit import log as audit
from incidents.database import notices as rows
from incidents.database.incidents import Incident, next_number
from incidents.database.notices import Notice, NoticeApproval, NoticeVersion
from incidents.errors import Conflict, InvalidInput, NotFound, NotPermitted, Problem
from incidents.rules.fact_values import place_problem
from incidents.rules.lifecycle import NOTICE
from incidents.rules.notice_limits import Limit
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.rules.place_words import PLAIN, Slot
from incidents.services import facts, freezing, notice_gaps, notice_limits, timeline
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require

# The prose for kinds that have none of their own: people's data were hit, whatever the way.
_PROSE_OF = {"lost_device": "personal_data_leak", "account_takeover": "personal_data_leak"}
_GENERAL = "personal_data_leak"


def draft(work: Work, incident_id: UUID) -> Notice:
    """Draft a notice to the affected people from what is known, in every language offered."""
    require(work.actor, Permission.EDIT_NOTICE)
    return _draft(work, get_incident(work, incident_id), supplements=None)


def draft_once(work: Work, incident: Incident) -> Notice:
    """The first notice of an incident: the one there is, else a new draft."""
    standing = [n for n in rows.notices_of(work.session, incident.id) if n.status != "withdrawn"]
    return standing[0] if standing else _draft(work, incident, supplements=None)


def supplement(work: Work, notice_id: UUID) -> Notice:
    """Draft a notice that adds to an issued one."""
    require(work.actor, Permission.EDIT_NOTICE)
    first = get_of_incident(work, Notice, notice_id, "notice")
    if first.status != "issued":
        raise Conflict("only a notice that went out can be supplemented; edit this one instead")
    return _draft(work, get_incident(work, first.incident_id), supplements=first.id)


def _draft(work: Work, incident: Incident, *, supplements: UUID | None) -> Notice:
    kind = _PROSE_OF.get(incident.kind, incident.kind)
    kind = kind if kind in rendering.offered_kinds() else _GENERAL
    year = work.now.year
    notice = Notice(
        incident_id=incident.id,
        mode=incident.mode,
        kind=kind,
        reference=f"N-{year}-{next_number(work.session, f'notice-{year}'):04d}",
        status=NOTICE.start,
        nonce=secrets.token_hex(8),
        default_locale="en",
        locale_choices={},
        supplements=supplements,
        drafted_at=work.now,
        drafted_by=work.actor.id,
        editors=[str(work.actor.id)],
    )
    work.session.add(notice)
    work.session.flush()
    limited = notice_limits.to_word(work, incident.id)
    for slot, words in _drafted(work, notice, limited):
        _write(work, notice, slot, words, number=1)
    _tell(work, "notice.draft", notice)
    timeline.note(work, incident.id, "notice", f"Notice {notice.reference} drafted")
    _note_places(work, notice, limited)
    return notice


def _drafted(
    work: Work, notice: Notice, limited: Mapping[str, Iterable[Limit]]
) -> Iterator[tuple[Slot, NoticeWords]]:
    """The words for everybody, and those for places whose law limits what people may be told."""
    known = {"organisation_name": _organisation(work), **facts.known(work, notice.incident_id)}
    for variant in (PLAIN, *sorted(limited)):
        without = {code for limit in limited.get(variant, ()) for code in limit.forbids}
        for locale in rendering.offered_locales(notice.kind):
            words = rendering.draft(notice.kind, locale, known, work.now.date(), without)
            yield (locale, variant), words


def _note_places(work: Work, notice: Notice, limited: Mapping[str, Iterable[Limit]]) -> None:
    for place, limits in sorted(limited.items()):
        told = "; ".join(f"{limit.told} ({limit.source})" for limit in limits)
        line = f"Words of their own drafted for the people of {place}, without: {told}"
        timeline.note(work, notice.incident_id, "notice", f"Notice {notice.reference}: {line}")


def _organisation(work: Work) -> dict[str, str]:
    return {"en": work.settings.organisation_name}


def redraft(work: Work, notice_id: UUID, version: int) -> Notice:
    """Draft again from the facts known now: words that only Tocsin wrote are replaced."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    limited = notice_limits.to_word(work, notice.incident_id)
    newest = rows.newest_versions(work.session, notice.id)
    by_hand = {variant for (_, variant), row in newest.items() if row.by_hand}
    needless = {slot for slot in newest if slot[1] not in {PLAIN, *limited, *by_hand}}
    rows.drop_words(work.session, notice.id, needless)
    for slot, words in _drafted(work, notice, limited):
        old = newest.get(slot)
        if old is None:
            _write(work, notice, slot, words, number=1)
        elif not old.by_hand and NoticeWords.model_validate(old.words) != words:
            _write(work, notice, slot, words, number=old.number + 1)
    written = {variant for _, variant in newest}
    _note_places(work, notice, {one: limited[one] for one in limited.keys() - written})
    return _changed(work, notice)


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
    notice = _editable(work, notice_id, version)
    if locale not in rendering.offered_locales(notice.kind):
        raise InvalidInput(
            f"there is no {notice.kind} notice in {locale}",
            Problem("locale", "is not offered", f"one of {rendering.offered_locales(notice.kind)}"),
        )
    newest = rows.newest_versions(work.session, notice.id)
    _check_variant(locale, variant, newest)
    slot = (locale, variant)
    number = newest[slot].number + 1 if slot in newest else 1
    _write(work, notice, slot, words, number=number, by_hand=True)
    return _changed(work, notice)


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
    notice = _editable(work, notice_id, version)
    return _dropped(
        work,
        notice,
        lambda slot: slot[0] == locale and variant in {PLAIN, slot[1]},
        f"no words in {locale}" + (f" for {variant}" if variant else ""),
    )


def leave_out_place(work: Work, notice_id: UUID, version: int, variant: str) -> Notice:
    """Drop the words for a place: its people get those for everybody."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    none = f"no words for {variant}"
    return _dropped(work, notice, lambda slot: slot[1] == variant != PLAIN, none)


def _dropped(work: Work, notice: Notice, is_meant: Callable[[Slot], bool], none: str) -> Notice:
    slots = list(filter(is_meant, rows.newest_versions(work.session, notice.id)))
    if not slots:
        raise NotFound(f"the notice has {none}")
    rows.drop_words(work.session, notice.id, slots)
    return _changed(work, notice)


def choose_locales(
    work: Work, notice_id: UUID, version: int, default: str, choices: Mapping[str, str]
) -> Notice:
    """Decide which language people get whose own is not offered, or is not known."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    written = set(rows.plain_versions(work.session, notice.id))
    wanted = {"default_locale": default, **{f"choices.{k}": v for k, v in choices.items()}}
    problems = [
        Problem(field, f"the notice has no words in {locale}", f"one of {sorted(written)}")
        for field, locale in wanted.items()
        if locale not in written
    ]
    if problems:
        raise InvalidInput("some of these languages have no words yet", *problems)
    notice.default_locale, notice.locale_choices = default, dict(choices)
    return _changed(work, notice)


def _editable(work: Work, notice_id: UUID, version: int) -> Notice:
    notice = get_of_incident(work, Notice, notice_id, "notice")
    check_version(notice.version, version)
    NOTICE.after(notice.status, "edit")
    return notice


def _write(
    work: Work,
    notice: Notice,
    slot: Slot,
    words: NoticeWords,
    *,
    number: int,
    by_hand: bool = False,
) -> None:
    locale, variant = slot
    version = NoticeVersion(
        notice_id=notice.id,
        locale=locale,
        variant=variant,
        number=number,
        words=words.model_dump(mode="json"),
        author_id=work.actor.id,
        by_hand=by_hand,
        written_at=work.now,
    )
    work.session.add(version)


def _changed(work: Work, notice: Notice) -> Notice:
    voided = rows.void_approvals(work.session, notice.id, work.now)
    notice.status = NOTICE.after(notice.status, "edit")
    notice.edited_at = work.now
    notice.editors = sorted({*notice.editors, str(work.actor.id)})
    flag_modified(notice, "edited_at")  # at the same moment too: the version always moves on
    _tell(work, "notice.edit", notice, voided_approval=voided)
    if voided:
        timeline.note(
            work,
            notice.incident_id,
            "notice",
            f"Notice {notice.reference} changed: its approval is void",
        )
    work.session.flush()
    return notice


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
        raise InvalidInput(
            f"the notice cannot be approved yet: missing in {len(problems)} places", *problems
        )
    texts = notice_gaps.complete(notice_gaps.texts_of(work, notice))
    approval = freezing.freeze(work, notice, texts)
    notice.status = after
    answers = [one.partition(":") for one in despite]
    _tell(
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
    _tell(work, "notice.withdraw", notice, private={"reason": reason})
    timeline.note(
        work, notice.incident_id, "notice", f"Notice {notice.reference} withdrawn: {reason}"
    )
    work.session.flush()
    return notice


def _tell(
    work: Work,
    kind: str,
    notice: Notice,
    *,
    private: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    audit.record(
        work,
        kind,
        incident_id=notice.incident_id,
        subject_type="notice",
        subject_id=notice.id,
        private=private,
        **detail,
    )
