"""Notices over HTTP: draft, edit, preview, check, approve."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from incidents.api.door import IfMatch, LookWork, OpenWork, Shape, View, etag, needs, router_for
from incidents.api.problems import FieldProblem
from incidents.database.notices import Notice
from incidents.rules.notice_words import NoticeWords
from incidents.rules.permissions import Permission
from incidents.services import notices

router = router_for("notices")

Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
AnyLocale = Annotated[str, Field(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=20)]
Channel = Literal["email", "sms", "push", "call", "letter", "announcement"]


class ChooseLocales(Shape):
    """Which language people get whose own is not offered, or is not known."""

    default_locale: Locale = "en"
    locale_choices: dict[AnyLocale, Locale] = Field(default={}, max_length=200)


Rule = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$", max_length=80)]


class Approve(Shape):
    """Rules that forbid to tell something: the approver answers that the words do not tell it."""

    despite: Annotated[list[Rule], Field(max_length=20)] = []


class Withdraw(Shape):
    """Why it is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class NoticeView(View):
    """A notice as it stands."""

    id: UUID
    incident_id: UUID
    mode: str
    kind: str
    reference: str
    status: str
    default_locale: str
    locale_choices: dict[str, Any]
    supplements: UUID | None
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


class NoticeWithWords(NoticeView):
    """A notice, its words by language, and what still keeps it from being approved.

    sms  by language, where the words are complete
    """

    words: dict[str, NoticeWords]
    sms: dict[str, SmsView]
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
    return _view(notices.draft(work, incident_id), response)


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
        for p in notices.missing(work, notice_id)
    ]
    return NoticeWithWords(
        **_view(notice, response).model_dump(),
        words=notices.words(work, notice_id),
        sms={
            locale: SmsView.model_validate(one)
            for locale, one in notices.sms_looks(work, notice_id).items()
        },
        missing=missing,
    )


@router.put("/notices/{notice_id}/words/{locale}", **needs(Permission.EDIT_NOTICE))
def edit_words(
    notice_id: UUID,
    locale: Locale,
    body: NoticeWords,
    version: IfMatch,
    work: OpenWork,
    response: Response,
) -> NoticeView:
    """Write the words of one language; an approval given before is void from then on."""
    return _view(notices.edit(work, notice_id, version, locale, body), response)


@router.delete("/notices/{notice_id}/words/{locale}", **needs(Permission.EDIT_NOTICE))
def leave_out_language(
    notice_id: UUID, locale: Locale, version: IfMatch, work: OpenWork, response: Response
) -> NoticeView:
    """Drop a language that nobody needs."""
    return _view(notices.leave_out(work, notice_id, version, locale), response)


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
    return _view(notices.redraft(work, notice_id, version), response)


@router.post("/notices/{notice_id}/supplements", status_code=201, **needs(Permission.EDIT_NOTICE))
def supplement_notice(notice_id: UUID, work: OpenWork, response: Response) -> NoticeView:
    """Draft a notice that adds to one that went out."""
    return _view(notices.supplement(work, notice_id), response)


@router.get("/notices/{notice_id}/preview", **needs(Permission.READ_NOTICE))
def preview_notice(
    notice_id: UUID,
    work: LookWork,
    channel: Annotated[Channel, Query()] = "email",
    locale: Annotated[Locale, Query()] = "en",
) -> PreviewView:
    """One language on one channel, as it would go out."""
    made = notices.preview(work, notice_id, locale, channel)
    sms = SmsView.model_validate(notices.sms_look(made)) if channel == "sms" else None
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
