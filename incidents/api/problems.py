"""Errors as problem+json (RFC 9457): what happened, which field, how to mend it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from incidents.errors import IncidentsError, Problem

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
# On every answer of the API: it is for whoever asked, and is what it says it is.
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class FieldProblem(BaseModel):
    """One thing wrong with the request."""

    field: str
    why: str
    mend: str = ""


class ProblemView(BaseModel):
    """An error as the API tells it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    problems: list[FieldProblem] = []


def problem_response(
    status: int,
    title: str,
    detail: str,
    problems: Sequence[Problem] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The reply for one error."""
    body = ProblemView(
        title=title,
        status=status,
        detail=detail,
        problems=[FieldProblem(field=p.field, why=p.why, mend=p.mend) for p in problems],
    )
    return JSONResponse(
        body.model_dump(), status, {**SAFE_HEADERS, **(headers or {})}, media_type=MEDIA_TYPE
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Translate everything that can be raised; nothing leaves as a traceback."""
    for kind, handler in (
        (IncidentsError, _ours),
        (RequestValidationError, _invalid),
        (HTTPException, _http),
        (StaleDataError, _stale),
        (IntegrityError, _integrity),
        (DataError, _data),
        (OverflowError, _data),
        (StatementError, _statement),
        (OperationalError, _database_away),
        (PoolTimeout, _database_busy),
        (Exception, _unforeseen),
    ):
        app.add_exception_handler(kind, handler)


def _ours(_request: Request, error: Any) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return problem_response(error.status, error.title, error.detail, error.problems, headers)


def _invalid(_request: Request, error: Any) -> JSONResponse:
    problems = [_field_problem(item) for item in error.errors()]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem_response(
            400, "The request cannot be read", "the body is not valid JSON", problems
        )
    count = len(problems)
    detail = f"{count} field{'s' if count != 1 else ''} of the request cannot be used"
    return problem_response(422, "The input is not valid", detail, problems)


_LONGEST = 200
_OF_PATTERN = {
    r"^[^\x00]*$": "leave the NUL character out",
    r"^[^\x00-\x1f\x7f]*$": "write it on one line, without control characters",
}


def _field_problem(item: dict[str, Any]) -> Problem:
    where = [str(part) for part in item["loc"] if part != "[key]"]
    if len(where) > 1 and where[0] in {"body", "query", "path", "header"}:
        where = where[1:]
    why, mend = item["msg"], ""
    if item["type"] == "extra_forbidden":
        mend = "leave it out, or see the names in /api/v1/openapi.json"
    elif item["type"] == "missing":
        mend = "add it"
    elif item["type"] == "string_pattern_mismatch":
        pattern = item["ctx"]["pattern"]
        why, mend = "is not written as it must be", _OF_PATTERN.get(pattern, f"it fits {pattern}")
    elif item["type"] == "literal_error":
        why, mend = "is not known here", f"one of {item['ctx']['expected']}"
    # Where and why may quote the input: a problem never grows as long as what caused it.
    return Problem(".".join(where)[:_LONGEST], why[:_LONGEST], mend)


def _http(_request: Request, error: Any) -> JSONResponse:
    title = HTTPStatus(error.status_code).phrase
    detail = _DETAIL.get(error.status_code, str(error.detail))
    return problem_response(error.status_code, title, detail, headers=dict(error.headers or {}))


_DETAIL = {
    404: "there is nothing at this address; /api/v1/openapi.json lists what there is",
    405: "this address does not take this method; the header Allow says which it takes",
}


def _stale(_request: Request, _error: Any) -> JSONResponse:
    return problem_response(
        412, "Changed since you read it", "somebody else changed it; read it again, then edit"
    )


def _integrity(_request: Request, error: Any) -> JSONResponse:
    log.warning("refused_by_database", constraint=_constraint(error))
    return problem_response(
        409, "Conflict", "this would contradict what is kept already; read it again, then retry"
    )


def _constraint(error: Any) -> str:
    # The message of the database may quote values; only the constraint's name is logged.
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or type(error.orig).__name__


def _data(_request: Request, _error: Any) -> JSONResponse:
    return problem_response(
        422, "The input is not valid", "a value is too large, or has signs that cannot be kept"
    )


def _statement(request: Request, error: Any) -> JSONResponse:
    # Raised before the database was asked: a value that its column cannot take.
    if isinstance(error.orig, (OverflowError, ValueError)):
        return _data(request, error)
    return _unforeseen(request, error)


def _database_busy(_request: Request, _error: Any) -> JSONResponse:
    return problem_response(
        503,
        "Too many requests at once",
        "nothing was changed; try again in a few seconds",
        headers={"Retry-After": "5"},
    )


def _database_away(_request: Request, error: Any) -> JSONResponse:
    log.error("database_away", kind=type(error.orig).__name__)
    return problem_response(
        503,
        "The database cannot be reached",
        "nothing was changed; try again in a few seconds",
        headers={"Retry-After": "5"},
    )


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("unforeseen", path=request.url.path, kind=type(error).__name__, exc_info=error)
    return problem_response(
        500, "Something went wrong", "this is our mistake; nothing was changed, and it is logged"
    )
