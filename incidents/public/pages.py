"""What strangers may see: announcements, their feed, and «is this notice real?»."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse

from incidents.api.door import office_of
from incidents.database.announcements import Announcement
from incidents.database.notices import NoticeBody
from incidents.errors import NotFound
from incidents.rendering import render_page
from incidents.rules.notice_words import covering_locale
from incidents.rules.vocabulary import page_locales
from incidents.services import announcements
from incidents.work import NOBODY, Work

router = APIRouter(include_in_schema=False)

# Nothing of ours needs a script, and nothing comes from elsewhere.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}
Place = Annotated[str, Query(alias="place", max_length=6)]
Wanted = Annotated[str, Query(alias="lang", max_length=20)]
Accepted = Annotated[str, Header(alias="accept-language")]


@router.get("/announcements", response_class=HTMLResponse)
def list_announcements(request: Request, lang: Wanted = "", accept: Accepted = "") -> Response:
    """Every announcement that stands, newest first."""
    with office_of(request).look(NOBODY) as work:
        rows = announcements.public_list(work)
        locale = _choose(lang, accept, None)
        shown = [_shown(work, row, pages, locale) for row, pages in rows]
        return _page(work, "announcements", locale, announcements=shown)


@router.get("/announcements/feed.atom")
def feed(request: Request, lang: Wanted = "", accept: Accepted = "") -> Response:
    """The announcements as an Atom feed (RFC 4287)."""
    with office_of(request).look(NOBODY) as work:
        rows = announcements.public_list(work)
        locale = _choose(lang, accept, None)
        shown = [_shown(work, row, pages, locale) for row, pages in rows]
        newest = max((entry["published_at"] for entry in shown), default=_NEVER)
        context = {"site": _site(work), "announcements": shown, "updated_at": newest}
        body = render_page("feed", locale, context)
    return Response(body, media_type="application/atom+xml", headers=_HEADERS)


@router.get("/announcements/{slug}", response_class=HTMLResponse)
def read_announcement(
    slug: str, request: Request, lang: Wanted = "", accept: Accepted = ""
) -> Response:
    """One announcement, in the reader's language where there is one."""
    with office_of(request).look(NOBODY) as work:
        try:
            row, pages = announcements.public_page(work, slug)
        except NotFound:
            return _not_found(work, lang, accept)
        locale = _choose(lang, accept, pages)
        shown = _shown(work, row, pages, locale)
        return _page(work, "announcement", locale, announcement=shown)


@router.get("/notices/{reference}", response_class=HTMLResponse)
def check_notice(
    reference: str, request: Request, place: Place = "", lang: Wanted = "", accept: Accepted = ""
) -> Response:
    """Is this notice real? Yes, if it stands here; and these are its words.

    A copy in words for one place names that place in its link, and finds the same words here.
    """
    with office_of(request).look(NOBODY) as work:
        try:
            notice, approval, pages = announcements.public_notice(work, reference.upper(), place)
        except NotFound:
            return _not_found(work, lang, accept)
        locale = _choose(lang, accept, pages)
        own = f"?place={pages[0].variant}" if pages[0].variant else ""
        url = f"{_base(work)}/notices/{notice.reference}{own}"
        shown = _languages(pages, url, locale) | {
            "sha256": approval.sha256,
            "published_at": approval.approved_at,
            "updated_at": approval.approved_at,
            "reference": notice.reference,
        }
        return _page(work, "announcement", locale, announcement=shown)


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _shown(work: Work, row: Announcement, pages: list[NoticeBody], locale: str) -> dict[str, Any]:
    published = row.published_at or _NEVER
    url = f"{_base(work)}/announcements/{row.slug}"
    return _languages(pages, url, locale) | {
        "sha256": row.sha256,
        "published_at": published,
        "updated_at": published,
    }


def _languages(pages: list[NoticeBody], url: str, locale: str) -> dict[str, Any]:
    by_locale = {page.locale: page for page in pages}
    page = by_locale.get(covering_locale(locale, by_locale) or "") or pages[0]
    return {
        "title": page.subject,
        "html": page.html,
        "locale": page.locale,
        "url": _in(page.locale, url),
        "languages": [{"locale": tag, "url": _in(tag, url)} for tag in sorted(by_locale)],
    }


def _in(locale: str, url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}lang={locale}"


def _choose(lang: str, accept: str, pages: Iterable[NoticeBody] | None) -> str:
    """The language asked for in the address, else the first of the browser's that is offered."""
    offered = [page.locale for page in pages] if pages is not None else page_locales()
    wanted = [lang, *(part.split(";")[0].strip() for part in accept.split(","))]
    for tag in wanted:
        if tag and (found := covering_locale(tag, offered, default="")):
            return found
    return "en" if "en" in offered else offered[0]


def _page(work: Work, name: str, locale: str, **context: Any) -> HTMLResponse:
    body = render_page(name, locale, {"site": _site(work), **context})
    return HTMLResponse(body, headers=_HEADERS)


def _not_found(work: Work, lang: str, accept: str) -> HTMLResponse:
    body = render_page("not_found", _choose(lang, accept, None), {"site": _site(work)})
    return HTMLResponse(body, 404, headers=_HEADERS)


def _base(work: Work) -> str:
    return work.settings.public_url.rstrip("/")


def _site(work: Work) -> dict[str, str]:
    return {
        "name": work.settings.organisation_name,
        "url": _base(work),
        "announcements_url": f"{_base(work)}/announcements",
        "feed_url": f"{_base(work)}/announcements/feed.atom",
    }
