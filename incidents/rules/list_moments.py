"""Moments as they stand in a list that somebody sends. Pure."""

from datetime import UTC, datetime


def moment_in(text: str) -> datetime | None:
    """A moment in UTC from ISO 8601, which without a zone is taken as UTC; None: none is told.

    Raises  ValueError  no moment, or one that no calendar has in UTC
    """
    if not text:
        return None
    told = datetime.fromisoformat(text)
    try:
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # in the first or the last hours of all years
        raise ValueError("outside of all years") from None
