"""Twilio's side of the fake: Messages, created and listed, with the codes of its error pages."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from math import inf
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifiers.envelope import ReceiptKind
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.rehearsal import Fate

MOST_CHARACTERS = 1_600
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
PARAMETERS = frozenset(
    [
        "To",
        "From",
        "Body",
        "StatusCallback",
        "MessagingServiceSid",
        "MediaUrl",
        "ContentSid",
        "ContentVariables",
        "ApplicationSid",
        "MaxPrice",
        "ProvideFeedback",
        "Attempt",
        "ValidityPeriod",
        "ForceDelivery",
        "ContentRetention",
        "AddressRetention",
        "SmartEncoded",
        "PersistentAction",
        "TrafficType",
        "ShortenUrls",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "RiskCheck",
        "MessageIntent",
        "FallbackFrom",
    ]
)


class BadMessage(Exception):
    """A 400 with one of Twilio's codes."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.told = error(code, message, 400)


def error(code: int, message: str, status: int) -> dict[str, Any]:
    """An error in Twilio's shape."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


def accepted(body: bytes, end_of: Callable[[str], Fate]) -> Accepted:
    """What a create would send. Raises BadMessage."""
    form = _form(body)
    callback = form.get("StatusCallback", "")
    ids = dict(parse_qsl(urlsplit(callback).query))
    more = {
        "from": form.get("From") or form.get("MessagingServiceSid", ""),
        "body": form["Body"],
        "callback": callback,
    }
    refused = end_of(form["To"]).refused
    if refused:
        raise BadMessage(refused, f"The 'To' number {form['To']} cannot be sent to")
    sid = f"SM{uuid.uuid4().hex}"
    people = [(form["To"], ids.get("r", ""))]
    return Accepted("twilio", sid, ids.get("a", ""), time.time(), people, more)


def _form(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadMessage(21604, "A 'To' phone number is required.") from None
    form = dict(pairs)
    _need(not form.keys() - PARAMETERS, 20001, "Unknown parameter")
    _need(form.get("To"), 21604, "A 'To' phone number is required.")
    _need(NUMBER.fullmatch(form["To"]), 21211, f"Invalid 'To' Phone Number: {form['To']}")
    service, sender = form.get("MessagingServiceSid", ""), form.get("From", "")
    _need(service or sender, 21603, "A 'From' phone number is required.")
    _need(not sender or NUMBER.fullmatch(sender), 21212, "Invalid From Number")
    _need(not service or SERVICE.fullmatch(service), 21701, "The Messaging Service does not exist")
    _need(form.get("Body"), 21602, "Message body is required.")
    _need(len(form["Body"]) <= MOST_CHARACTERS, 21617, "The body exceeds the 1600 character limit")
    scheme = urlsplit(form.get("StatusCallback", "https:")).scheme
    _need(scheme in {"http", "https"}, 21609, "Invalid 'StatusCallback'")
    return form


def _need(true: Any, code: int, message: str) -> None:
    if not true:
        raise BadMessage(code, message)


def listed(
    ledger: Ledger,
    account: str,
    query: Mapping[str, list[str]],
    lag_seconds: float,
    end_of: Callable[[str], Fate],
) -> dict[str, Any]:
    """One page of a number's messages, newest first. Raises ValueError for a bad query."""
    since, until = _moment(_one(query, "DateSent>")), _moment(_one(query, "DateSent<"))
    before = min(until or inf, time.time() - lag_seconds)
    found = ledger.of_number("twilio", _one(query, "To"))
    shown = [one for one in found if (since or 0) <= one.at <= before]
    here, rest = page_of(shown, query, path(account))
    return {"messages": [resource(one, account, end_of) for one in here], **rest}


def page_of(
    shown: list[Accepted], query: Mapping[str, list[str]], path: str
) -> tuple[list[Accepted], dict[str, Any]]:
    """What stands on the page that a list was asked for, and what Twilio says of the page."""
    page, size = int(_one(query, "Page", "0")), min(1_000, int(_one(query, "PageSize", "50")))
    more = urlencode({"To": _one(query, "To"), "Page": page + 1, "PageSize": size})
    following = f"{path}?{more}" if len(shown) > (page + 1) * size else None
    rest = {"page": page, "page_size": size, "next_page_uri": following}
    return shown[page * size : (page + 1) * size], rest


def path(account: str) -> str:
    """Where an account's messages are."""
    return f"/2010-04-01/Accounts/{account}/Messages.json"


def _one(query: Mapping[str, list[str]], name: str, default: str = "") -> str:
    return query.get(name, [default])[0]


def resource(one: Accepted, account: str, end_of: Callable[[str], Fate]) -> dict[str, Any]:
    """A message as Twilio shows it; what becomes of it shows after a second."""
    to, _ = one.people[0]
    end = end_of(to)
    heard = end.heard[-1] if end.heard else ReceiptKind.SENT
    made = _told_at(int(one.at))
    old = time.time() - one.at > 1
    failed = old and heard is ReceiptKind.UNDELIVERED
    return {
        "sid": one.id,
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": one.more["body"],
        "date_created": made,
        "date_sent": made if old else None,
        "date_updated": made,
        "direction": "outbound-api",
        "error_code": int(end.code) if failed else None,
        "error_message": None,
        "from": one.more["from"],
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "status": heard.value if old else "queued",
        "subresource_uris": {},
        "to": to,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{one.id}.json",
    }


@lru_cache(maxsize=1_024)
def _told_at(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _moment(text: str) -> float | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
