"""What can go wrong with the trail itself."""

from __future__ import annotations

from incidents.errors import IncidentsError


class TrailTampered(IncidentsError):
    """The trail is not what was signed: somebody changed it behind our back."""

    title = "The audit trail was changed"


class TrailRewound(TrailTampered):
    """The trail is shorter than a head kept elsewhere: an older backup was restored."""

    title = "The audit trail is older than its anchor"
