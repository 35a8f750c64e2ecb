"""When a person who did not answer is called again. Pure."""

from datetime import datetime, timedelta

# After the first call and after the second: once when a short errand is over, once at another
# time of the day. A third silence says that calling does not reach this person.
PAUSES = (timedelta(minutes=30), timedelta(hours=4))


def call_again_at(calls: int, now: datetime) -> datetime | None:
    """When to call somebody again who was called `calls` times in vain; None: no more."""
    return now + PAUSES[calls - 1] if calls <= len(PAUSES) else None
