"""What is shown of personal data by default: enough to recognise, too little to use.

Masks have a fixed width, so they do not tell the length of what they hide.
"""

from __future__ import annotations

HIDDEN = "•••"


def mask_email(address: str) -> str:
    """`a•••@e•••.com`: first letters and the last label."""
    local, _, domain = address.rpartition("@")
    name, _, last = domain.rpartition(".")
    if not (local and name and last.isalnum()):
        return HIDDEN
    return f"{_first(local)}@{_first(name)}.{last}"


def mask_phone(number: str) -> str:
    """`+•• ••• ••12`: the last two digits."""
    digits = [sign for sign in number if sign.isdigit()]
    return f"+•• ••• ••{''.join(digits[-2:])}" if len(digits) >= 7 else HIDDEN


def mask_name(name: str) -> str:
    """`A••• L•••`, `王•••`: the first letter of each word, of three words at the most."""
    return " ".join(_first(word) for word in name.split()[:3]) or HIDDEN


def _first(text: str) -> str:
    """The first letter, unless it is all there is."""
    return text[0] + HIDDEN if len(text) > 1 else HIDDEN
