"""What can go wrong, in the words of the person who has to mend it.

Every error says what happened and what to do next. The HTTP status stands beside
the class; each door (API, console, command) translates in one place of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    field  where: a JSON path such as `facts.people_by_place.DE`, a column, a header
    why    what was wrong with it
    mend   what to do; may be empty where `why` says it all
    """

    field: str
    why: str
    mend: str = ""


class IncidentsError(Exception):
    """Anything that Tocsin refuses or cannot do; `detail` is fit for a person to read."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, *problems: Problem) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems


class InvalidInput(IncidentsError):
    """The input cannot be used as it stands; `problems` names each field and its mend."""

    status = 422
    title = "The input is not valid"


class BadRequest(IncidentsError):
    """The request cannot be read at all: not JSON, a header missing, a broken signature format."""

    status = 400
    title = "The request cannot be read"


class Unauthenticated(IncidentsError):
    """Nobody we know: no token, or one that is wrong, expired or revoked."""

    status = 401
    title = "Who are you?"


class NotPermitted(IncidentsError):
    """We know who asks; they may not do this."""

    status = 403
    title = "Not permitted"


class NotFound(IncidentsError):
    """No such thing, or none that this actor may know of: both answer alike."""

    status = 404
    title = "Not found"


class InvalidTransition(IncidentsError):
    """The state table has no such arrow; `detail` lists those it has."""

    status = 409
    title = "Not possible in this state"


class Conflict(IncidentsError):
    """Somebody else was first, or the thing exists already."""

    status = 409
    title = "Conflict"


class StaleEdit(IncidentsError):
    """The thing changed since it was read: read it again, then edit."""

    status = 412
    title = "Changed since you read it"


class PreconditionRequired(IncidentsError):
    """An edit without saying which version was read."""

    status = 428
    title = "Say which version you edit"


class TooLarge(IncidentsError):
    """More than is taken in one piece."""

    status = 413
    title = "Too large"


class UnsupportedMedia(IncidentsError):
    """A body of a kind that is not taken here."""

    status = 415
    title = "Not a kind of body that is taken here"


class CatalogueError(IncidentsError):
    """A malformed law, playbook or template, found at start: file, field and reason."""

    title = "The catalogue is malformed"

    def __init__(self, file: str, field: str, why: str) -> None:
        super().__init__(f"{file}: {field}: {why}", Problem(field, why))
        self.file = file
        self.field = field
        self.why = why
