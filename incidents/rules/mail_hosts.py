"""Which domains are one mail host, that takes mail in by one measure. Pure.

Only the large hosts of private mailboxes: whose a company's domain is, a look-up would say, and
an import asks nobody.
"""

from __future__ import annotations

import re

# So many numbers are given out; a host shares its number with one domain in so many.
NUMBERS = 4_095

# Each under all of its endings: hotmail.co.uk, yahoo.co.jp, gmx.at.
_FAMILIES = {
    "hotmail": "outlook.com", "live": "outlook.com", "outlook": "outlook.com",
    "yahoo": "yahoo.com", "gmx": "gmx.net",
}  # fmt: skip
_FAMILY = re.compile(rf"({'|'.join(_FAMILIES)})\.(?:com|net|(?:com?\.)?[a-z]{{2}})")
_SAME = {
    "googlemail.com": "gmail.com",
    "msn.com": "outlook.com",
    **dict.fromkeys(("ymail.com", "rocketmail.com", "aol.com"), "yahoo.com"),
    **dict.fromkeys(("me.com", "mac.com"), "icloud.com"),
    "web.de": "gmx.net",
    **dict.fromkeys(("foxmail.com", "vip.qq.com"), "qq.com"),
    **dict.fromkeys(("126.com", "yeah.net"), "163.com"),
    **dict.fromkeys(("bk.ru", "inbox.ru", "list.ru"), "mail.ru"),
    **dict.fromkeys(("protonmail.com", "pm.me"), "proton.me"),
}


def host_of(domain: str) -> str:
    """The domain by which the host of a domain, in lower case, goes; mostly itself."""
    if family := _FAMILY.fullmatch(domain):
        return _FAMILIES[family[1]]
    return _SAME.get(domain, domain)


def number_of(index: bytes) -> int:
    """The number of a host, 1 to NUMBERS, from its keyed hash; 0 is nobody's."""
    return int.from_bytes(index[:4], "big") % NUMBERS + 1
