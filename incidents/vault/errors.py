"""What can go wrong with keys and sealed data."""

from __future__ import annotations

from incidents.errors import IncidentsError


class KeyDestroyed(IncidentsError):
    """The data key is gone for ever: what it sealed cannot be read by anyone."""

    status = 410
    title = "Erased"


class Unreadable(IncidentsError):
    """A sealed value does not open: wrong key, moved to another row, or changed."""

    title = "A sealed value cannot be opened"


class KeyFileExposed(IncidentsError):
    """A key file that others than its owner may read is refused."""

    title = "A key file is readable by others"


class KeyMissing(IncidentsError):
    """The key that something was wrapped under is not in the key ring."""

    title = "A key is missing"
