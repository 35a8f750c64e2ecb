"""How many SMS a text is: what the carrier bills, and what a sender's rate is counted in.

One sign outside the GSM alphabet puts the whole text into UCS-2, where a message holds less
than half. A text too long for one message goes as several, each with a header that joins them
again; a sign of two units is never torn apart between two messages.

Sources  3GPP TS 23.038 6.2.1 (alphabet and extension table), TS 23.040 9.2.3.24.1 (header)
         https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# Encoding -> units that fit a message on its own, and one that is joined to others.
_ROOM: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")  # an escape, then the sign
_GSM = _BASIC | _DOUBLE


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as SMS. units: septets in GSM-7, 16-bit units in UCS-2; count: messages."""

    encoding: Encoding
    units: int
    count: int


def sms_segments(text: str) -> Segments:
    """How a text travels; an empty one is one message."""
    encoding: Encoding = "GSM-7" if _GSM.issuperset(text) else "UCS-2"
    units = len(text) + sum(1 for sign in text if _is_double(sign, encoding))
    alone, joined = _ROOM[encoding]
    if units <= alone:
        return Segments(encoding, units, 1)
    sizes = (2 if _is_double(sign, encoding) else 1 for sign in text)
    return Segments(encoding, units, _packed(sizes, joined))


def _is_double(sign: str, encoding: Encoding) -> bool:
    return sign in _DOUBLE if encoding == "GSM-7" else sign > "\uffff"


def _packed(sizes: Iterable[int], room: int) -> int:
    """How many messages hold signs of these sizes, in order, none of them torn apart."""
    count, left = 1, room
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count
