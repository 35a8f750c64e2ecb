"""Resend's side of the fake: batches as strict as the vendor, events as it tells them.

From its OpenAPI file and its pages on errors, tags and webhooks.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from notifiers.envelope import ReceiptKind
from notifiers.fake.ledger import Accepted
from notifiers.fake.sendgrid_side import ADDRESS
from notifiers.providers import resend
from notifiers.rehearsal import Fate
from notifiers.standard_webhooks import sign

PATH = "/emails/batch"
MOST_MESSAGES = 100
# https://resend.com/docs/api-reference/emails/send-batch-emails
MESSAGE_KEYS = frozenset(
    [
        "from",
        "to",
        "subject",
        "bcc",
        "cc",
        "reply_to",
        "html",
        "text",
        "template",
        "headers",
        "tags",
        "topic_id",
    ]
)
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
EVENT_NAMES = {kind: name for name, kind in resend.EVENTS.items()}


class BadBatch(Exception):
    """A refusal: its status, name and message."""

    def __init__(self, status: int, name: str, message: str = "") -> None:
        super().__init__(message)
        self.status, self.told = status, error(status, name, message)


def error(status: int, name: str, message: str = "") -> dict[str, Any]:
    """An error body in Resend's shape."""
    return {"statusCode": status, "name": name, "message": message or name}


def sha256(body: bytes) -> str:
    """What a body is known by under its key."""
    return hashlib.sha256(body).hexdigest()


def accepted(body: bytes, key: str) -> Accepted:
    """What a batch would send. Raises BadBatch: it is taken whole or not at all."""
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadBatch(400, "validation_error", "not JSON") from None
    _need(isinstance(batch, list) and 1 <= len(batch) <= MOST_MESSAGES, "1 to 100 messages")
    tags = [_tags(place, one) for place, one in enumerate(batch)]
    people = [
        (one["to"][0], tag.get("r", "").replace("_", "."))
        for one, tag in zip(batch, tags, strict=True)
    ]
    ids = [str(uuid.uuid4()) for _ in batch]
    more = {"key": key, "sha256": sha256(body), "ids": ids}
    return Accepted("resend", ids[0], tags[0].get("a", ""), time.time(), people, more)


def answer(taken: Accepted) -> dict[str, Any]:
    """What a batch is answered, the first time and under its key ever after."""
    return {"data": [{"id": one} for one in taken.more["ids"]]}


def events(taken: Accepted, end_of: Callable[[str], Fate]) -> list[dict[str, Any]]:
    """All that is told of a batch, one post each: the post's id and its body."""
    return [
        {"id": f"msg_{uuid.uuid4().hex}", "told": _event(taken, place, kind, end.code)}
        for place, (to, _) in enumerate(taken.people)
        for end in [end_of(to)]
        for kind in (ReceiptKind.PROCESSED, *end.heard)
        if kind in EVENT_NAMES
    ]


def signed(secret: str, post: str, body: bytes) -> dict[str, str]:
    """The headers of a post."""
    now = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        resend.ID: post,
        resend.TIMESTAMP: now,
        resend.SIGNATURE: sign(secret, post, now, body),
    }


def _event(taken: Accepted, place: int, kind: ReceiptKind, code: str) -> dict[str, Any]:
    (to, ref), now = taken.people[place], datetime.now(UTC).isoformat()
    data: dict[str, Any] = {
        "email_id": taken.more["ids"][place],
        "created_at": now,
        "from": "",
        "to": [to],
        "subject": "",
        "tags": {"a": taken.attempt, "r": ref.replace(".", "_")},
    }
    if kind is ReceiptKind.BOUNCED:
        why = {"type": "Permanent", "subType": "General", "message": f"550 {code} {to}"}
        data["bounce"] = why | {"diagnosticCode": [f"smtp; 550 {code}"]}
    elif kind is ReceiptKind.DROPPED:
        why = {"type": "OnAccountSuppressionList", "reason": "previous_bounce", "message": code}
        data["suppressed"] = why | {"diagnosticCode": []}
    return {"type": EVENT_NAMES[kind], "created_at": now, "data": data}


def _tags(place: int, one: Any) -> dict[str, str]:
    """A message's tags, once it is known to be a good one."""
    _need(isinstance(one, dict) and not one.keys() - MESSAGE_KEYS, f"unknown key in {place}")
    if not {"from", "to", "subject"} <= one.keys() or not (one.get("html") or one.get("text")):
        raise BadBatch(422, "missing_required_field", f"Missing a field in {place}")
    to = one["to"] if isinstance(one["to"], list) else [one["to"]]
    good = len(to) <= 50 and all(isinstance(it, str) and ADDRESS.fullmatch(it) for it in to)
    _need(good, "Invalid `to` field.", 422)
    tags = {tag["name"]: tag["value"] for tag in one.get("tags", [])}
    _need(all(map(TAG.fullmatch, (*tags, *tags.values()))), "Tags should only contain ASCII", 422)
    return tags


def _need(true: Any, message: str, status: int = 400) -> None:
    if not true:
        raise BadBatch(status, "validation_error", message)
