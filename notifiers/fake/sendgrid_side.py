"""SendGrid's side of the fake: mail/send and the activity feed, as strict as the vendor.

Rules as its pages give them (mail-send/limitations and mail-send/errors), those included that
mock servers made from its OpenAPI file let through: unknown keys, one address twice in a
request, custom arguments that are no strings, no subject.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import orjson

from notifiers.fake.ledger import Accepted, Ledger

MOST_PEOPLE = 1_000
MOST_BYTES = 10_000
TOP_KEYS = frozenset(
    [
        "personalizations",
        "from",
        "reply_to",
        "reply_to_list",
        "subject",
        "content",
        "attachments",
        "template_id",
        "headers",
        "categories",
        "custom_args",
        "send_at",
        "batch_id",
        "asm",
        "ip_pool_name",
        "mail_settings",
        "tracking_settings",
    ]
)
PERSON_KEYS = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "headers",
        "substitutions",
        "dynamic_template_data",
        "custom_args",
        "send_at",
    ]
)
ADDRESS = re.compile(r"[^@\s<>,;\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
QUERY = re.compile(r"""\(?\s*unique_args\['a'\]\s*=\s*"([^"]{1,200})"\s*\)?""")


class BadMail(Exception):
    """A 400: what is wrong, and where."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.body = errors(message, field)


def errors(message: str, field: str | None = None) -> bytes:
    """An error body in SendGrid's shape."""
    return orjson.dumps({"errors": [{"message": message, "field": field, "help": None}]})


def checked(body: bytes) -> dict[str, Any]:
    """A mail/send request, once its parts that are the same for all are known to be good."""
    try:
        mail = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadMail("Bad Request") from None
    _check_mail(mail)
    return dict(mail)


def accepted(mail: dict[str, Any]) -> Accepted:
    """What a mail/send request would send. Raises BadMail."""
    shared = mail.get("custom_args") or {}
    seen: set[str] = set()
    people = [
        _person(place, one, shared, seen) for place, one in enumerate(mail["personalizations"])
    ]
    args = shared | (mail["personalizations"][0].get("custom_args") or {})
    # An id of ours, in the form of X-Message-Id.
    return Accepted("sendgrid", uuid.uuid4().hex[:22], args.get("a", ""), time.time(), people, {})


def found(ledger: Ledger, query: str, limit: int, lag_seconds: float) -> dict[str, Any]:
    """The activity feed's answer to a search by our attempt id. Raises BadMail."""
    asked = QUERY.fullmatch(query)
    if asked is None:
        raise BadMail("invalid query", "query")
    before = time.time() - lag_seconds
    shown = [one for one in ledger.of_attempt(asked.group(1)) if one.at <= before]
    rows = [_row(one, place, to) for one in shown for place, (to, _) in enumerate(one.people)]
    return {"messages": rows[:limit]}


def _row(one: Accepted, place: int, to: str) -> dict[str, Any]:
    return {
        "msg_id": f"{one.id}.{place}",
        "to_email": to,
        "from_email": "",
        "subject": "",
        "status": "processed",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.at)),
    }


def _check_mail(mail: Any) -> None:
    _need(isinstance(mail, dict), "Bad Request", None)
    _need(not mail.keys() - TOP_KEYS, "Additional property is not allowed", None)
    people, sender = mail.get("personalizations"), mail.get("from")
    _need(isinstance(people, list) and people, "required", "personalizations")
    _need(len(people) <= MOST_PEOPLE, "limited to 1000", "personalizations")
    known = isinstance(sender, dict) and _is_address(sender.get("email"))
    _need(known, "Does not contain a valid address.", "from.email")
    _need(_is_text(mail.get("subject")), "The subject is required.", "subject")
    _check_content(mail.get("content"))
    _need(_are_strings(mail.get("custom_args")), "must be strings", "custom_args")
    _need(type(mail.get("send_at", 0)) is int, "must be an integer", "send_at")
    categories = mail.get("categories", [])
    _need(len(categories) <= 10 and all(map(_is_text, categories)), "at most 10", "categories")


def _check_content(content: Any) -> None:
    _need(isinstance(content, list) and content, "The content is required.", "content")
    for place, part in enumerate(content):
        whole = isinstance(part, dict) and _is_text(part.get("type"))
        _need(whole and _is_text(part.get("value")), "at least one character", f"content.{place}")
    types = [part["type"] for part in content]
    late = "text/plain" in types[1:]
    _need(not late, "text/plain must come first, followed by text/html", "content")


def _person(place: int, one: Any, shared: dict[str, str], seen: set[str]) -> tuple[str, str]:
    """Runs for every person of a benchmark: words for a fault are made only where there is one."""
    if not isinstance(one, dict) or not one.keys() <= PERSON_KEYS:
        raise BadMail("Additional property is not allowed", f"personalizations.{place}")
    to = one.get("to")
    if not isinstance(to, list) or not to:
        raise BadMail("The to array is required.", f"personalizations.{place}.to")
    copies = (*one.get("cc", ()), *one.get("bcc", ())) if "cc" in one or "bcc" in one else ()
    for number, entry in enumerate((*to, *copies)):
        _check_address(entry, place, number, seen)
    args, values = one.get("custom_args") or {}, one.get("substitutions") or {}
    if not _are_short(args, values):
        _check_strings(args, place, "custom_args")
        _check_strings(values, place, "substitutions")
    return to[0]["email"], (args or shared).get("r", "")


def _check_address(entry: Any, place: int, number: int, seen: set[str]) -> None:
    address = entry.get("email") if isinstance(entry, dict) else None
    if not isinstance(address, str) or ADDRESS.fullmatch(address) is None:
        field = f"personalizations.{place}.to.{number}.email"
        raise BadMail("Does not contain a valid address.", field)
    low = address.lower()
    if low in seen:
        raise BadMail("Each email address should be unique", "personalizations")
    seen.add(low)


def _are_short(args: Any, values: Any) -> bool:
    """Whether both are strings, and so few that neither can be over the limit."""
    try:
        return len("".join((*args, *args.values(), *values, *values.values()))) < MOST_BYTES // 4
    except (TypeError, AttributeError):
        return False


def _check_strings(given: Any, place: int, name: str) -> None:
    try:
        size = len("".join((*given, *given.values())).encode())
    except (TypeError, AttributeError):
        raise BadMail("must be strings", f"personalizations.{place}.{name}") from None
    if size > MOST_BYTES:
        raise BadMail("may not exceed 10000 bytes", f"personalizations.{place}.{name}")


def _need(true: Any, message: str, field: str | None) -> None:
    if not true:
        raise BadMail(message, field)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def _are_strings(given: Any) -> bool:
    return given is None or (
        isinstance(given, dict) and all(isinstance(value, str) for value in given.values())
    )
