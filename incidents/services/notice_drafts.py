"""Notices drafted from facts: in every language, and for places whose law limits words."""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from incidents import rendering
from incidents.database import notices as rows
from incidents.database.incidents import Incident, next_number
from incidents.database.notices import Notice
from incidents.errors import Conflict
from incidents.rules.lifecycle import NOTICE
from incidents.rules.notice_limits import Limit
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.rules.place_words import PLAIN, Slot
from incidents.services import facts, notice_limits, rest, timeline
from incidents.services import notice_changes as changes
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


def draft_rest(work: Work, notice_id: UUID) -> Notice:
    """Draft a notice to exactly those whom the stopped campaign of another did not reach.

    It begins with the words of that one, which the hands that wrote them may not approve here.
    """
    require(work.actor, Permission.EDIT_NOTICE)
    first = get_of_incident(work, Notice, notice_id, "notice")
    rest.left_out(work, rest.stopped_campaign(work, first))
    notice = _new(
        work,
        get_incident(work, first.incident_id),
        first.kind,
        rest_of=first.id,
        supplements=first.supplements,
        default_locale=first.default_locale,
        locale_choices=dict(first.locale_choices),
        editors=sorted({*first.editors, str(work.actor.id)}),
    )
    for slot, row in rows.newest_versions(work.session, first.id).items():
        words = NoticeWords.model_validate(row.words)
        changes.write(work, notice, slot, words, number=1, by_hand=row.by_hand)
    changes.tell(work, "notice.draft", notice)
    line = f"Notice {notice.reference} drafted, to whom {first.reference} did not reach"
    timeline.note(work, notice.incident_id, "notice", line)
    return notice


def _new(work: Work, incident: Incident, kind: str, **more: Any) -> Notice:
    year = work.now.year
    usual = {
        "default_locale": "en",
        "locale_choices": {},
        "editors": [str(work.actor.id)],
    }
    notice = Notice(
        incident_id=incident.id,
        mode=incident.mode,
        kind=kind,
        reference=f"N-{year}-{next_number(work.session, f'notice-{year}'):04d}",
        status=NOTICE.start,
        nonce=secrets.token_hex(8),
        drafted_at=work.now,
        drafted_by=work.actor.id,
        **{**usual, **more},
    )
    work.session.add(notice)
    work.session.flush()
    return notice


def _draft(work: Work, incident: Incident, *, supplements: UUID | None) -> Notice:
    kind = _PROSE_OF.get(incident.kind, incident.kind)
    kind = kind if kind in rendering.offered_kinds() else _GENERAL
    notice = _new(work, incident, kind, supplements=supplements)
    limited = notice_limits.to_word(work, incident.id)
    for slot, words in _drafted(work, notice, limited):
        changes.write(work, notice, slot, words, number=1)
    changes.tell(work, "notice.draft", notice)
    timeline.note(work, incident.id, "notice", f"Notice {notice.reference} drafted")
    _note_places(work, notice, limited)
    return notice


def _drafted(
    work: Work, notice: Notice, limited: Mapping[str, Iterable[Limit]]
) -> Iterator[tuple[Slot, NoticeWords]]:
    """The words for everybody, and those for places whose law limits what people may be told."""
    known = {"organisation_name": _organisation(work), **facts.known(work, notice.incident_id)}
    earlier = work.session.get(Notice, notice.supplements) if notice.supplements else None
    first = earlier.reference if earlier else ""
    for variant in (PLAIN, *sorted(limited)):
        without = {code for limit in limited.get(variant, ()) for code in limit.forbids}
        for locale in rendering.offered_locales(notice.kind):
            today = rendering.day_there(work.now, locale)
            words = rendering.draft(notice.kind, locale, known, today, without)
            yield (locale, variant), rendering.adding_to(words, locale, first) if first else words


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
    notice = changes.editable(work, notice_id, version)
    limited = notice_limits.to_word(work, notice.incident_id)
    newest = rows.newest_versions(work.session, notice.id)
    by_hand = {variant for (_, variant), row in newest.items() if row.by_hand}
    needless = {slot for slot in newest if slot[1] not in {PLAIN, *limited, *by_hand}}
    rows.drop_words(work.session, notice.id, needless)
    for slot, words in _drafted(work, notice, limited):
        old = newest.get(slot)
        if old is None:
            changes.write(work, notice, slot, words, number=1)
        elif not old.by_hand and NoticeWords.model_validate(old.words) != words:
            changes.write(work, notice, slot, words, number=old.number + 1)
    written = {variant for _, variant in newest}
    _note_places(work, notice, {one: limited[one] for one in limited.keys() - written})
    return changes.changed(work, notice)
