"""What requests and replies are made of: shapes, moments, pages, versions."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from incidents.errors import BadRequest, PreconditionRequired, Problem

T = TypeVar("T")

# No incident is older, and every calendar can be counted in.
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"


class Shape(BaseModel):
    """The base of every request body: a field that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """The base of every reply: read straight from the row."""

    model_config = ConfigDict(from_attributes=True)


def _in_utc(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment.astimezone(UTC)


# A moment in any zone; taken in as UTC.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
# One line of text; a line that must not be empty; a sentence or more.
Words = Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
Reason = Annotated[str, Field(max_length=1000, pattern=_NO_NUL)]
# What the facts of one request may be called, and how many there may be.
Name = Annotated[str, Field(max_length=60)]
Facts = Annotated[dict[Name, Any], Field(max_length=200)]
# Words in an address.
Sought = Annotated[str, Query(max_length=200, pattern=_NO_NUL)]


def _if_match(
    if_match: Annotated[
        str | None, Header(description='The ETag that was read, such as "3".')
    ] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequired(
            "send If-Match with the ETag that you read, so that nobody's edit is lost",
            Problem("If-Match", "is missing", 'send e.g. If-Match: "3"'),
        )
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise BadRequest(
            "If-Match is not an ETag of ours",
            Problem("If-Match", "is not a version", 'send it as you read it, e.g. "3"'),
        )
    return int(digits)


IfMatch = Annotated[int, Depends(_if_match)]


def etag(response: Response, version: int) -> None:
    """Say which version was read, for the If-Match of an edit."""
    response.headers["ETag"] = f'"{version}"'


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the address of the page after it."""

    items: list[T]
    total: int
    next: str | None = None


class Paging:
    """Which page is wanted."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=200, description="Items on a page.")] = 50,
        offset: Annotated[int, Query(ge=0, le=10_000_000, description="Items to pass over.")] = 0,
    ) -> None:
        self.request = request
        self.limit = limit
        self.offset = offset

    def rows(
        self, session: Session, query: Select[T], *order: ColumnElement[Any] | Any
    ) -> tuple[list[T], int, str | None]:
        """The rows of the page, how many there are in all, and where the next page is."""
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(*order).limit(self.limit).offset(self.offset)
        return list(session.scalars(ordered)), total, self.next(total)

    def next(self, total: int) -> str | None:
        """The address of the next page; None on the last one."""
        after = self.offset + self.limit
        if after >= total:
            return None
        url = self.request.url.include_query_params(limit=self.limit, offset=after)
        return f"{url.path}?{url.query}"


WantedPage = Annotated[Paging, Depends()]
