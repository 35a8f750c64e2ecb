"""How the fake answers: JSON, and each vendor's way to say that something went wrong."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import Any

import orjson
from aiohttp import web

from notifiers.fake import fcm_side, resend_side, sendgrid_side, twilio_side

NOW = struct.pack("ii", 1, 0)

# What each vendor says of a fault.
FAILED = {
    "sendgrid": sendgrid_side.errors("internal server error"),
    "resend": orjson.dumps(resend_side.error(500, "internal_server_error")),
    "twilio": orjson.dumps(twilio_side.error(20500, "Internal Server Error", 500)),
    "fcm": orjson.dumps(fcm_side.error(500, "INTERNAL", "INTERNAL")),
    "web_push": b"{}",
}
TOO_MANY = {
    "sendgrid": sendgrid_side.errors("too many requests"),
    "resend": orjson.dumps(resend_side.error(429, "rate_limit_exceeded")),
    "twilio": orjson.dumps(twilio_side.error(20429, "Too Many Requests", 429)),
    "fcm": orjson.dumps(fcm_side.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")),
    "web_push": b"{}",
}


def failed(provider: str) -> web.Response:
    """A 500."""
    return raw(FAILED[provider], 500)


def too_many(provider: str, wait_seconds: float) -> web.Response:
    """A 429, with how long to wait."""
    answer = raw(TOO_MANY[provider], 429)
    if provider == "sendgrid":
        answer.headers["X-RateLimit-Reset"] = str(int(time.time() + wait_seconds + 0.999))
    else:
        answer.headers["Retry-After"] = f"{wait_seconds:g}"
    return answer


def reset(request: web.Request) -> None:
    """Close with a TCP reset: no linger, so what was not sent is thrown away."""
    if request.transport is None:
        return
    bare = request.transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    request.transport.abort()


def raw(body: bytes, status: int = 200) -> web.Response:
    """JSON that is already written."""
    return web.Response(body=body, status=status, content_type="application/json")


def as_json(told: Any, status: int = 200) -> web.Response:
    """Anything, as JSON."""
    return raw(orjson.dumps(told), status)
