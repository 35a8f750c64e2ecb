"""The number of one letter: which call printed it, and which letter of the call it is.

Printed on the sheet and listed for the printer, so that a letter that comes back tells whose
it is, without a name. Letters and digits that nobody takes for one another when typing.
"""

from __future__ import annotations

import base64
import binascii
import re
from uuid import UUID

_PIECE = re.compile(r"([A-Z2-7]{26})-(\d{1,6})")


def piece_of(attempt: UUID, number: int) -> str:
    """The number of the `number`-th letter, from 1, of an attempt."""
    return f"{base64.b32encode(attempt.bytes).decode().rstrip('=')}-{number:04}"


def read_piece(text: str) -> tuple[UUID, int] | None:
    """Attempt and number behind a piece; None if it is none of ours."""
    found = _PIECE.fullmatch("".join(text.split()).upper())
    if found is None:
        return None
    try:
        attempt = UUID(bytes=base64.b32decode(found.group(1) + "======"))
    except binascii.Error:
        return None
    number = int(found.group(2))
    # Spare bits at the end of base32: one letter has one number only.
    return (attempt, number) if piece_of(attempt, number).startswith(found.group(1)) else None
