"""Notices: drafted from facts, edited, approved by somebody else, and frozen as approved."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from incidents import rendering
from incidents.audit import log as audit
from incidents.database import notices as rows
from incidents.database.duties import duties_of
from incidents.database.incidents import Incident, next_number
from incidents.database.notices import Notice, NoticeApproval, NoticeVersion
from incidents.database.told import locales_of, population_by_place, readers_by_place
from incidents.errors import Conflict, InvalidInput, NotFound, NotPermitted, Problem
from incidents.rules import sms_words
from incidents.rules.lifecycle import NOTICE
from incidents.rules.notice_limits import limits, objections
from incidents.rules.notice_words import NoticeWords, covering_locale, gaps
from incidents.rules.permissions import Permission
from incidents.rules.sms_words import SmsLook
from incidents.services import facts, freezing, law_packs, timeline
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
    known = {"organisation_name": _organisation(work), **facts.known(work, incident.id)}
    for locale in rendering.offered_locales(kind):
        words = rendering.draft(kind, locale, known, work.now.date())
        _write(work, notice, locale, words, number=1)
    _tell(work, "notice.draft", notice)
    timeline.note(work, incident.id, "notice", f"Notice {notice.reference} drafted")
    return notice


def _organisation(work: Work) -> dict[str, str]:
    return {"en": work.settings.organisation_name}


def redraft(work: Work, notice_id: UUID, version: int) -> Notice:
    """Draft again from the facts known now: words that only Tocsin wrote are replaced."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    known = {"organisation_name": _organisation(work), **facts.known(work, notice.incident_id)}
    newest = rows.newest_versions(work.session, notice.id)
    for locale in rendering.offered_locales(notice.kind):
        if rows.is_written_by_hand(work.session, notice.id, locale):
            continue
        words = rendering.draft(notice.kind, locale, known, work.now.date())
        number = newest[locale].number + 1 if locale in newest else 1
        if locale not in newest or NoticeWords.model_validate(newest[locale].words) != words:
            _write(work, notice, locale, words, number=number, by_hand=False)
    return _changed(work, notice)


def edit(work: Work, notice_id: UUID, version: int, locale: str, words: NoticeWords) -> Notice:
    """Write the words of one language. Whoever edits cannot approve; an approval is voided.

    Raises  StaleEdit      somebody else edited meanwhile
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
    number = newest[locale].number + 1 if locale in newest else 1
    _write(work, notice, locale, words, number=number, by_hand=True)
    return _changed(work, notice)


def leave_out(work: Work, notice_id: UUID, version: int, locale: str) -> Notice:
    """Drop a language from a notice: nobody in the population needs it."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    if locale not in rows.newest_versions(work.session, notice.id):
        raise NotFound(f"the notice has no words in {locale}")
    rows.drop_locale(work.session, notice.id, locale)
    return _changed(work, notice)


def choose_locales(
    work: Work, notice_id: UUID, version: int, default: str, choices: Mapping[str, str]
) -> Notice:
    """Decide which language people get whose own is not offered, or is not known."""
    require(work.actor, Permission.EDIT_NOTICE)
    notice = _editable(work, notice_id, version)
    written = set(rows.newest_versions(work.session, notice.id))
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
    locale: str,
    words: NoticeWords,
    *,
    number: int,
    by_hand: bool = False,
) -> None:
    version = NoticeVersion(
        notice_id=notice.id,
        locale=locale,
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


def words(work: Work, notice_id: UUID) -> dict[str, NoticeWords]:
    """The words that count now, by language."""
    notice = read(work, notice_id)
    return _words(work, notice)


def _words(work: Work, notice: Notice) -> dict[str, NoticeWords]:
    newest = rows.newest_versions(work.session, notice.id)
    return {locale: NoticeWords.model_validate(row.words) for locale, row in newest.items()}


def preview(work: Work, notice_id: UUID, locale: str, channel: str) -> rendering.Rendered:
    """One language on one channel, as a person would get it; name fields are still tokens."""
    notice = read(work, notice_id)
    by_locale = _words(work, notice)
    if locale not in by_locale:
        raise NotFound(f"the notice has no words in {locale}; it has {sorted(by_locale)}")
    return freezing.render(work, notice, locale, channel, by_locale[locale])


def sms_looks(work: Work, notice_id: UUID) -> dict[str, SmsLook]:
    """What an SMS takes, by language: of those whose words are complete."""
    notice = read(work, notice_id)
    return {
        locale: sms_look(freezing.render(work, notice, locale, "sms", words))
        for locale, words in _words(work, notice).items()
        if not gaps(words)
    }


def sms_look(made: rendering.Rendered) -> SmsLook:
    """What a rendered SMS takes."""
    return sms_words.look(made.text, is_short_form=made.is_short_form)


def missing(work: Work, notice_id: UUID) -> list[Problem]:
    """Everything that stands in the way of approval; empty when it can be approved."""
    return _missing(work, read(work, notice_id))


def _missing(work: Work, notice: Notice, despite: Collection[str] = ()) -> list[Problem]:
    by_locale = _words(work, notice)
    if not by_locale:
        return [Problem("words", "there are none", "draft or write them")]
    read = locales_of(work.session, notice.incident_id)
    wanted = {locale: locale_for(notice, locale, set(by_locale)) for locale, _ in read}
    needed = {notice.default_locale, *(locale for locale in wanted.values() if locale)}
    problems = [
        Problem(f"{locale}.{gap.field}", gap.why, gap.mend)
        for locale in sorted(needed)
        for gap in gaps(by_locale.get(locale, NoticeWords()))
    ]
    uncovered = [
        Problem(
            f"locale {locale or '(not known)'}",
            f"{count:,} people read it, and the notice has no words for them",
            "write that language, or choose one for them in locale_choices",
        )
        for locale, count in read
        if wanted[locale] is None
    ]
    too_long = [] if problems else _too_long(work, notice, by_locale, needed)
    return [*problems, *too_long, *uncovered, *_forbidden(work, notice, by_locale, despite)]


def _too_long(
    work: Work, notice: Notice, words: Mapping[str, NoticeWords], needed: Collection[str]
) -> list[Problem]:
    """Languages whose SMS no provider would take, even in its short form."""
    sms = {
        locale: freezing.render(work, notice, locale, "sms", words[locale]).text
        for locale in sorted(needed)
    }
    return [
        Problem(f"{locale}.title", why, "write a shorter title or name of the organisation")
        for locale, text in sms.items()
        if (why := sms_words.too_long(text))
    ]


def _forbidden(
    work: Work, notice: Notice, words: Mapping[str, NoticeWords], despite: Collection[str]
) -> list[Problem]:
    """What the law of a place where people read it forbids the notice to tell."""
    owed = {
        duty.rule
        for duty in duties_of(work.session, notice.incident_id)
        if duty.status in {"open", "met"} and duty.standing in {"owed", "unknown"}
    }
    rules = [rule for rule in law_packs.in_use(work).rules if rule.id in owed]
    known = facts.known(work, notice.incident_id)
    affected = population_by_place(work.session, notice.incident_id)
    by_facts: dict[str, int] = known.get("people_by_place") or {}
    readers = readers_by_place(work.session, notice.incident_id) if affected else by_facts
    found = limits(rules, readers, affected or by_facts, known.get("people_count"))
    return list(objections(found, words, despite))


def locale_for(notice: Notice, person_locale: str, written: set[str]) -> str | None:
    """The language of the notice that somebody gets; None when nobody decided."""
    chosen = notice.locale_choices.get(person_locale)
    if chosen in written:
        return str(chosen)
    return covering_locale(person_locale, sorted(written), notice.default_locale)


def approve(
    work: Work, notice_id: UUID, version: int, despite: Collection[str] = ()
) -> NoticeApproval:
    """Approve the words as they stand; none of their editors may. They freeze byte for byte.

    despite  rules that forbid to tell something, for which the approver answers that the words
             do not tell it
    Raises   NotPermitted  for an editor; InvalidInput with all that is missing or forbidden
    """
    require(work.actor, Permission.APPROVE_NOTICE)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    check_version(notice.version, version)
    after = NOTICE.after(notice.status, "approve")
    if str(work.actor.id) in notice.editors:
        raise NotPermitted("an editor may not approve their own notice; ask another approver")
    problems = _missing(work, notice, despite)
    if problems:
        raise InvalidInput(
            f"the notice cannot be approved yet: missing in {len(problems)} places", *problems
        )
    complete = {locale: w for locale, w in _words(work, notice).items() if not gaps(w)}
    approval = freezing.freeze(work, notice, complete)
    notice.status = after
    _tell(work, "notice.approve", notice, content=approval.sha256, despite=sorted(despite))
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
