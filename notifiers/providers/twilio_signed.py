"""What Twilio posts to us, once its signature is known to be Twilio's."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from notifiers.courier import RawRequest
from notifiers.errors import BadSignature

SIGNATURE = "X-Twilio-Signature"


def signed_form(token: bytes, url: str, request: RawRequest) -> dict[str, str]:
    """The form of a request that Twilio made to `url`; else BadSignature.

    url  as configured, with the query that came: a Host header proves nothing
    """
    try:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise BadSignature("not a form") from error
    given = request.header(SIGNATURE)
    # Twilio signs with and without the port, whichever it was given.
    wanted = (signature(token, one, form) for one in _with_and_without_port(url))
    if not any(hmac.compare_digest(one.encode(), given.encode()) for one in wanted):
        raise BadSignature("not signed by Twilio with the token we hold")
    return form


def signature(token: bytes, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the URL and the sorted parameters, in base64.

    Source  https://www.twilio.com/docs/usage/security#validating-requests
    """
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token, signed.encode(), hashlib.sha1).digest()).decode()


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.port is not None:
        yield urlunsplit(parts._replace(netloc=host.removesuffix(f":{parts.port}")))
    else:
        port = 443 if parts.scheme == "https" else 80
        yield urlunsplit(parts._replace(netloc=f"{host}:{port}"))
