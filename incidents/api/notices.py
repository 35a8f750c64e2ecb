"""Notices over HTTP: draft, edit, preview, check, approve."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from incidents.api.door import IfMatch, LookWork, OpenWork, Shape, View, etag, needs, router_for
from incidents.api.problems import FieldProblem
from incidents.database.notices import Notice
from incidents.rules.ladder import Channel
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.services import notice_drafts, notice_looks, notices
from incidents.work import Work

router = router_for("notices")

Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
AnyLocale = Annotated[str, Field(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=20)]
Place = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", max_length=6)]
Variant = Annotated[
    str,
    Query(
        pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$",
        description="The place whose people get these words; empty: everybody else.",
    ),
]
Rule = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+(:[A-Z]{2}(-[A-Z0-9]{1,3})?)?$", max_length=80)
]


class ChooseLocales(Shape):
    """Which language people get whose own is not offered, or is not known."""

    default_locale: Locale = "en"
    locale_choices: dict[AnyLocale, Locale] = Field(default={}, max_length=200)


class Approve(Shape):
    """Rules that forbid to tell something: the approver answers that the words do not tell it.

    Of the words for one place with that place, such as `us-ma-93h-people:US-MA`.
    """

    despite: Annotated[list[Rule], Field(max_length=20)] = []


class Withdraw(Shape):
    """Why it is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class NoticeView(View):
    """A notice as it stands.

    supplements  the notice that it adds to: it goes to exactly those who got that
    rest_of      the notice whose campaign was stopped: it goes to exactly those whom that did not
                 reach
    """

    id: UUID
    incident_id: UUID
    mode: str
    kind: str
    reference: str
    status: str
    default_locale: str
    locale_choices: dict[str, Any]
    supplements: UUID | None
    rest_of: UUID | None
    drafted_at: datetime
    drafted_by: UUID
    version: int


class SmsView(View):
    """What an SMS takes at the worst, for a person of a long name.

    units          septets of GSM-7, or 16-bit units of UCS-2
    segments       messages that it is sent and billed as
    is_short_form  the whole text does not fit: the SMS leads to it
    """

    characters: int
    encoding: str
    units: int
    segments: int
    is_short_form: bool


class LimitView(View):
    """What one law keeps out of a notice to the people of its place.

    told  what may not be told, in words
    """

    rule: str
    place: str
    forbids: list[str]
    told: str
    source: str


class PlaceView(View):
    """The words for the people of one place, and what laws keep out of them.

    people  how many get them
    """

    place: str
    people: int
    words: dict[str, NoticeWords]
    sms: dict[str, SmsView]
    limits: list[LimitView]


class NoticeWithWords(NoticeView):
    """A notice, its words by language, and what still keeps it from being approved.

    sms     by language, where the words are complete
    places  words that only the people of one place get, instead of those for everybody
    """

    words: dict[str, NoticeWords]
    sms: dict[str, SmsView]
    places: list[PlaceView]
    missing: list[FieldProblem]


class PreviewView(View):
    """What one channel carries in one language; `%%…%%` is where a person's fields will stand."""

    subject: str | None
    text: str
    html: str | None
    sms: SmsView | None = None


class ApprovalView(View):
    """An approval: whose, when, and the hash of exactly what was approved."""

    id: UUID
    notice_id: UUID
    sha256: str
    approver_id: UUID
    approved_at: datetime


def _view(notice: Notice, response: Response) -> NoticeView:
    etag(response, notice.version)
    return NoticeView.model_validate(notice)


@router.post("/incidents/{incident_id}/notices", status_code=201, **needs(Permission.EDIT_NOTICE))
def draft_notice(incident_id: UUID, work: OpenWork, response: Response) -> NoticeView:
    """Draft a notice to the affected people from the facts, in every language offered."""
    return _view(notice_drafts.draft(work, incident_id), response)


@router.get("/incidents/{incident_id}/notices", **needs(Permission.READ_NOTICE))
def list_notices(incident_id: UUID, work: LookWork) -> list[NoticeView]:
    """The notices of an incident."""
    return [NoticeView.model_validate(row) for row in notices.of_incident(work, incident_id)]


@router.get("/notices/{notice_id}", **needs(Permission.READ_NOTICE))
def read_notice(notice_id: UUID, work: LookWork, response: Response) -> NoticeWithWords:
    """One notice with its words, and the list of what is still missing."""
    notice = notices.read(work, notice_id)
    missing = [
        FieldProblem(field=p.field, why=p.why, mend=p.mend)
        for p in notice_looks.missing(work, notice_id)
    ]
    return NoticeWithWords(
        **_view(notice, response).model_dump(),
        words=notice_looks.words(work, notice_id),
        sms=_sms(work, notice_id),
        places=[
            PlaceView(
                place=one.variant,
                people=one.people,
                words=one.words,
                sms=_sms(work, notice_id, one.variant),
                limits=[LimitView.model_validate(limit) for limit in one.limits],
            )
            for one in notice_looks.places(work, notice_id)
        ],
        missing=missing,
    )


def _sms(work: Work, notice_id: UUID, variant: str = "") -> dict[str, SmsView]:
    looks = notice_looks.sms_looks(work, notice_id, variant)
    return {locale: SmsView.model_validate(one) for locale, one in looks.items()}


@router.put("/notices/{notice_id}/words/{locale}", **needs(Permission.EDIT_NOTICE))
def edit_words(
    notice_id: UUID,
    locale: Locale,
    body: NoticeWords,
    version: IfMatch,
    work: OpenWork,
    response: Response,
    variant: Variant = "",
) -> NoticeView:
    """Write the words of one language; an approval given before is void from then on."""
    return _view(notices.edit(work, notice_id, version, locale, body, variant), response)


@router.delete("/notices/{notice_id}/words/{locale}", **needs(Permission.EDIT_NOTICE))
def leave_out_language(
    notice_id: UUID,
    locale: Locale,
    version: IfMatch,
    work: OpenWork,
    response: Response,
    variant: Variant = "",
) -> NoticeView:
    """Drop a language that nobody needs: from the notice, or from the words for one place."""
    return _view(notices.leave_out(work, notice_id, version, locale, variant), response)


@router.delete("/notices/{notice_id}/places/{place}", **needs(Permission.EDIT_NOTICE))
def leave_out_place(
    notice_id: UUID, place: Place, version: IfMatch, work: OpenWork, response: Response
) -> NoticeView:
    """Drop the words for a place: its people get those for everybody."""
    return _view(notices.leave_out_place(work, notice_id, version, place), response)


@router.put("/notices/{notice_id}/locales", **needs(Permission.EDIT_NOTICE))
def choose_locales(
    notice_id: UUID, body: ChooseLocales, version: IfMatch, work: OpenWork, response: Response
) -> NoticeView:
    """Decide which language people get whose own is not offered."""
    notice = notices.choose_locales(
        work, notice_id, version, body.default_locale, body.locale_choices
    )
    return _view(notice, response)


@router.post("/notices/{notice_id}/redraft", **needs(Permission.EDIT_NOTICE))
def redraft_notice(
    notice_id: UUID, version: IfMatch, work: OpenWork, response: Response
) -> NoticeView:
    """Draft again from the facts known now; what people wrote stays."""
    return _view(notice_drafts.redraft(work, notice_id, version), response)


@router.post("/notices/{notice_id}/supplements", status_code=201, **needs(Permission.EDIT_NOTICE))
def supplement_notice(notice_id: UUID, work: OpenWork, response: Response) -> NoticeView:
    """Draft a notice that adds to one that went out."""
    return _view(notice_drafts.supplement(work, notice_id), response)


@router.post("/notices/{notice_id}/rest", status_code=201, **needs(Permission.EDIT_NOTICE))
def draft_rest(notice_id: UUID, work: OpenWork, response: Response) -> NoticeView:
    """Draft a notice to exactly those whom the stopped campaign of this one did not reach.

    In its words until they are edited; approved anew, and launched as any other. Who was told,
    or may have been, is left out.
    """
    return _view(notice_drafts.draft_rest(work, notice_id), response)


@router.get("/notices/{notice_id}/preview", **needs(Permission.READ_NOTICE))
def preview_notice(
    notice_id: UUID,
    work: LookWork,
    channel: Annotated[Channel, Query()] = "email",
    locale: Annotated[Locale, Query()] = "en",
    variant: Variant = "",
) -> PreviewView:
    """One language on one channel, as it would go out."""
    made = notice_looks.preview(work, notice_id, locale, channel, variant)
    sms = SmsView.model_validate(notice_looks.sms_look(made)) if channel == "sms" else None
    return PreviewView(subject=made.subject, text=made.text, html=made.html, sms=sms)


@router.post("/notices/{notice_id}/approvals", status_code=201, **needs(Permission.APPROVE_NOTICE))
def approve_notice(
    notice_id: UUID, version: IfMatch, work: OpenWork, body: Approve | None = None
) -> ApprovalView:
    """Approve the words as they stand. Their author may not."""
    despite = body.despite if body else ()
    return ApprovalView.model_validate(notices.approve(work, notice_id, version, despite))


@router.post("/notices/{notice_id}/withdrawal", **needs(Permission.EDIT_NOTICE))
def withdraw_notice(
    notice_id: UUID, body: Withdraw, version: IfMatch, work: OpenWork, response: Response
) -> NoticeView:
    """Take a notice back before it goes out."""
    return _view(notices.withdraw(work, notice_id, version, body.reason), response)
