"""Twilio's voice side of the fake: Calls, created with TwiML, with the codes of its error pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from notifiers.fake.ledger import Accepted
from notifiers.fake.twilio_side import NUMBER, BadMessage
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
    if end_of(form["To"]).refused:
        raise BadMessage(21214, "'To' phone number cannot be reached")
    more = {"from": form["From"], "twiml": form["Twiml"], "timeout": form.get("Timeout", "60")}
    people = [(form["To"], "")]
    return Accepted(PROVIDER, f"CA{uuid.uuid4().hex}", "", time.time(), people, more)


def resource(one: Accepted, account: str) -> dict[str, Any]:
    """A call as Twilio shows it right after it was created."""
    to, _ = one.people[0]
    made = format_datetime(datetime.fromtimestamp(one.at, UTC))
    return {
        "sid": one.id,
        "account_sid": account,
        "api_version": "2010-04-01",
        "date_created": made,
        "date_updated": made,
        "direction": "outbound-api",
        "from": one.more["from"],
        "status": "queued",
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
    # This fake fetches no TwiML: it knows only what comes with the call.
    _need(form.get("Twiml"), 21205, "Url is not valid")
    _need(len(form["Twiml"]) <= MOST_TWIML, 20001, "Twiml exceeds 4000 characters")
    _need(_is_twiml(form["Twiml"]), 12100, "Document parse failure")
    _need(form.get("Timeout", "60").isdigit(), 20001, "Timeout must be a number")
    return form


def _is_twiml(text: str) -> bool:
    try:
        return ElementTree.fromstring(text).tag == "Response"  # noqa: S314 our own tests' words
    except ElementTree.ParseError:
        return False


def _need(true: Any, code: int, message: str) -> None:
    if not true:
        raise BadMessage(code, message)
