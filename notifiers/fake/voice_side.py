"""Twilio's voice side of the fake: Calls, created and listed, with the codes of its error pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from notifiers.envelope import ReceiptKind
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.fake.twilio_side import NUMBER, BadMessage, page_of
from notifiers.rehearsal import Fate

PROVIDER = "twilio_voice"  # in the ledger, apart from SMS
MOST_TWIML = 4_000
PARAMETERS = frozenset(
    [
        "To",
        "From",
        "Twiml",
        "Url",
        "Method",
        "FallbackUrl",
        "FallbackMethod",
        "StatusCallback",
        "StatusCallbackEvent",
        "StatusCallbackMethod",
        "SendDigits",
        "Timeout",
        "Record",
        "MachineDetection",
        "MachineDetectionTimeout",
        "TimeLimit",
        "CallerId",
        "CallReason",
    ]
)


def path(account: str) -> str:
    """Where an account's calls are."""
    return f"/2010-04-01/Accounts/{account}/Calls.json"


def accepted(body: bytes, end_of: Callable[[str], Fate]) -> Accepted:
    """What a create would ring and say. Raises BadMessage."""
    form = _form(body)
    if refused := end_of(form["To"]).refused:
        raise BadMessage(refused, "'To' phone number cannot be reached")
    callback = form.get("StatusCallback", "")
    ids = dict(parse_qsl(urlsplit(callback).query))
    more = {
        "from": form["From"],
        "twiml": form.get("Twiml", ""),
        "url": form.get("Url", ""),
        "timeout": form.get("Timeout", "60"),
        "callback": callback,
    }
    people = [(form["To"], ids.get("r", ""))]
    sid = f"CA{uuid.uuid4().hex}"
    return Accepted(PROVIDER, sid, ids.get("a", ""), time.time(), people, more)


def listed(
    ledger: Ledger,
    account: str,
    query: Mapping[str, list[str]],
    lag_seconds: float,
    end_of: Callable[[str], Fate],
) -> dict[str, Any]:
    """One page of a number's calls, newest first. Raises ValueError for a bad query."""
    before = time.time() - lag_seconds
    found = ledger.of_number(PROVIDER, query.get("To", [""])[0])
    here, rest = page_of([one for one in found if one.at <= before], query, path(account))
    return {"calls": [resource(one, account, end_of) for one in here], **rest}


def end_of_call(end: Fate) -> tuple[str, dict[str, str]]:
    """The last status of a call, and what is told beside it; '' if nothing is ever told."""
    if not end.heard:
        return "", {}
    if end.heard[-1] is ReceiptKind.LEFT:
        return "completed", {"AnsweredBy": end.code}
    if end.heard[-1] is ReceiptKind.FAILED:
        return "failed", {"SipResponseCode": end.code}
    if end.code in {"busy", "no-answer"}:
        return end.code, {}
    return "completed", {"AnsweredBy": "human"}


def resource(one: Accepted, account: str, end_of: Callable[[str], Fate]) -> dict[str, Any]:
    """A call as Twilio shows it; what became of it shows after a second. No words, no callback."""
    to, _ = one.people[0]
    made = format_datetime(datetime.fromtimestamp(one.at, UTC))
    status, more = end_of_call(end_of(to)) if time.time() - one.at > 1 else ("queued", {})
    return {
        "sid": one.id,
        "account_sid": account,
        "api_version": "2010-04-01",
        "date_created": made,
        "date_updated": made,
        "direction": "outbound-api",
        "from": one.more["from"],
        "status": status or "in-progress",
        "answered_by": more.get("AnsweredBy"),
        "start_time": made if status not in {"queued", ""} else None,
        "to": to,
        "uri": f"/2010-04-01/Accounts/{account}/Calls/{one.id}.json",
    }


def _form(body: bytes) -> Mapping[str, str]:
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    except ValueError:
        raise BadMessage(21201, "No 'To' number is specified") from None
    _need(not form.keys() - PARAMETERS, 20001, "Unknown parameter")
    _need(form.get("To"), 21201, "No 'To' number is specified")
    _need(NUMBER.fullmatch(form["To"]), 21211, "Invalid 'To' Phone Number")
    _need(form.get("From"), 21213, "'From' phone number is required")
    _need(NUMBER.fullmatch(form["From"]), 21212, "Invalid From Number")
    words = form.get("Twiml", "")
    _need(words or form.get("Url"), 21205, "Url is not valid")
    _need(len(words) <= MOST_TWIML, 20001, "Twiml exceeds 4000 characters")
    _need(not words or is_twiml(words), 12100, "Document parse failure")
    _need(form.get("Timeout", "60").isdigit(), 20001, "Timeout must be a number")
    return form


def is_twiml(text: str) -> bool:
    """Whether a text is a TwiML document."""
    try:
        return ElementTree.fromstring(text).tag == "Response"  # noqa: S314 our own tests' words
    except ElementTree.ParseError:
        return False


def _need(true: Any, code: int, message: str) -> None:
    if not true:
        raise BadMessage(code, message)
