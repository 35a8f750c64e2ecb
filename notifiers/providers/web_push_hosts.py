"""Which push services may be asked: an endpoint comes from a list of people, not from us."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

# Two readers of a URL may differ on anything else, such as a backslash.
_PLAIN = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")


class Hosts:
    """The hosts that a subscription may name.

    names     exact ones, or `*.` and what a host ends in
    loopback  this machine over http, and nothing else: for the provider fake
    """

    def __init__(self, names: Sequence[str], *, loopback: bool = False) -> None:
        self._exact = {name.lower() for name in names if not name.startswith("*.")}
        self._endings = tuple(name[1:].lower() for name in names if name.startswith("*."))
        self._loopback = loopback

    def allow(self, endpoint: str) -> bool:
        """Whether it is https to one of them, on the usual port, with no user in the URL."""
        try:
            url = urlsplit(endpoint)
            plain = _PLAIN.fullmatch(endpoint) is not None and url.username is None
            return plain and (_is_loopback(url) if self._loopback else self._is_known(url))
        except ValueError:
            return False

    def _is_known(self, url: SplitResult) -> bool:
        host = url.hostname or ""
        known = host in self._exact or (bool(self._endings) and host.endswith(self._endings))
        return known and url.scheme == "https" and url.port is None


def origin_of(endpoint: str) -> str:
    """Scheme, host and port: all of an endpoint that is not personal."""
    url = urlsplit(endpoint)
    return f"{url.scheme}://{url.netloc}"


def _is_loopback(url: SplitResult) -> bool:
    try:
        return url.scheme == "http" and ip_address(url.hostname or "").is_loopback
    except ValueError:
        return False
