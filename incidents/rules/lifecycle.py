"""Every state table. A thing moves along an arrow that stands here, or not at all."""

from collections.abc import Mapping

from incidents.errors import InvalidTransition


class Lifecycle:
    """A state table: where a thing starts, and where each action takes it from each state."""

    def __init__(self, name: str, start: str, arrows: Mapping[tuple[str, str], str]) -> None:
        self.name = name
        self.start = start
        self.arrows = arrows

    def after(self, state: str, action: str) -> str:
        """The state that `action` leads to; else InvalidTransition with the moves there are."""
        try:
            return self.arrows[state, action]
        except KeyError:
            moves = ", ".join(self.moves(state)) or "none"
            raise InvalidTransition(
                f"{self.name} is {state}: it cannot {action}; allowed from here: {moves}"
            ) from None

    def moves(self, state: str) -> list[str]:
        """The actions possible in `state`."""
        return sorted(action for (at, action) in self.arrows if at == state)

    @property
    def states(self) -> set[str]:
        """Every state in the table."""
        return {self.start, *(at for at, _ in self.arrows), *self.arrows.values()}

    @property
    def actions(self) -> set[str]:
        """Every action in the table."""
        return {action for _, action in self.arrows}


# NIST SP 800-61 phases, with ISO/IEC 27035 names for the two ends.
INCIDENT = Lifecycle(
    "the incident",
    start="reported",
    arrows={
        ("reported", "triage"): "triaged",
        ("reported", "dismiss"): "dismissed",
        ("triaged", "confirm"): "confirmed",
        ("triaged", "dismiss"): "dismissed",
        ("confirmed", "contain"): "contained",
        ("confirmed", "dismiss"): "dismissed",
        ("contained", "resolve"): "resolved",
        ("resolved", "close"): "closed",
        ("contained", "reopen"): "confirmed",
        ("resolved", "reopen"): "confirmed",
        ("closed", "reopen"): "confirmed",
        ("dismissed", "reopen"): "triaged",
    },
)

# Where an incident is over, until it is reopened.
ENDED = frozenset({"closed", "dismissed"})

DUTY = Lifecycle(
    "the duty",
    start="open",
    arrows={
        ("open", "meet"): "met",
        ("met", "unmeet"): "open",
        ("open", "end"): "no_longer_owed",
        ("no_longer_owed", "renew"): "open",
        ("met", "end"): "no_longer_owed",
        ("open", "waive"): "waived",
        ("waived", "reopen"): "open",
    },
)

# A due time that would move later: the earlier one stands until a second person agrees.
EXTENSION = Lifecycle(
    "the extension",
    start="pending",
    arrows={
        ("pending", "confirm"): "confirmed",
        ("pending", "refuse"): "refused",
        ("pending", "lapse"): "moot",
    },
)

# An office asked us to wait: it moves clocks once a second person has seen the paper.
HOLD = Lifecycle(
    "the hold",
    start="asked",
    arrows={
        ("asked", "confirm"): "standing",
        ("asked", "refuse"): "refused",
        ("asked", "lift"): "lifted",
        ("standing", "lift"): "lifted",
        ("standing", "expire"): "expired",
        ("asked", "expire"): "expired",
    },
)

TASK = Lifecycle(
    "the task",
    start="waiting",
    arrows={
        ("waiting", "ready"): "open",
        ("waiting", "drop"): "not_applicable",
        ("open", "wait"): "waiting",
        ("open", "drop"): "not_applicable",
        ("not_applicable", "ready"): "open",
        ("not_applicable", "wait"): "waiting",
        ("open", "start"): "in_progress",
        ("open", "complete"): "done",
        ("in_progress", "complete"): "done",
        ("open", "skip"): "skipped",
        ("waiting", "skip"): "skipped",
        ("in_progress", "skip"): "skipped",
        ("done", "reopen"): "open",
        ("skipped", "reopen"): "open",
    },
)

NOTICE = Lifecycle(
    "the notice",
    start="draft",
    arrows={
        ("draft", "edit"): "draft",
        ("approved", "edit"): "draft",
        ("draft", "approve"): "approved",
        ("approved", "issue"): "issued",
        ("draft", "withdraw"): "withdrawn",
        ("approved", "withdraw"): "withdrawn",
    },
)

CAMPAIGN = Lifecycle(
    "the campaign",
    start="planned",
    arrows={
        ("planned", "launch"): "running",
        ("running", "pause"): "paused",
        ("paused", "resume"): "running",
        ("running", "stop"): "stopped",
        ("paused", "stop"): "stopped",
        ("running", "finish"): "finished",
        ("finished", "rejoin"): "running",
    },
)

# How many of a campaign's people may be told: the canary, then all, unless the brake trips.
# It moves while the campaign runs; pausing and stopping are moves of the campaign itself.
GATE = Lifecycle(
    "the canary",
    start="canary",
    arrows={
        ("canary", "hold"): "holding",
        ("canary", "continue"): "open",
        ("holding", "continue"): "open",
    },
)

ENVELOPE = Lifecycle(
    "the envelope",
    start="ready",
    arrows={
        ("ready", "lease"): "leased",
        ("ready", "cancel"): "cancelled",
        # Its provider is in trouble, and the next one carries fewer people in a call.
        ("ready", "split"): "split",
        # Evidence that came late: what was to be sent again had arrived after all.
        ("ready", "accept"): "accepted",
        ("leased", "accept"): "accepted",
        ("leased", "retry"): "ready",
        ("leased", "refuse"): "refused",
        ("leased", "split"): "split",
        ("leased", "lose"): "unknown",
        ("leased", "hold"): "held",
        ("unknown", "accept"): "accepted",
        ("unknown", "retry"): "ready",
        # The worker that was thought dead tells what it got, under the same epoch.
        ("unknown", "refuse"): "refused",
        ("unknown", "split"): "split",
        ("unknown", "hold"): "held",
        # No evidence will come: its people are tried on their next channel, and counted.
        ("unknown", "give_up"): "unresolved",
        ("unresolved", "accept"): "accepted",
        # A call that nobody confirmed.
        ("accepted", "call_again"): "ready",
        ("held", "accept"): "accepted",
        ("held", "retry"): "ready",
        # A person waits no longer: for evidence, or for what nobody could open and never left.
        ("held", "give_up"): "unresolved",
        ("held", "cancel"): "cancelled",
    },
)

ANNOUNCEMENT = Lifecycle(
    "the announcement",
    start="proposed",
    arrows={
        ("proposed", "approve"): "approved",
        ("proposed", "withdraw"): "withdrawn",
        ("approved", "publish"): "published",
        ("approved", "withdraw"): "withdrawn",
        ("published", "withdraw"): "withdrawn",
    },
)

REPORT = Lifecycle(
    "the report",
    start="draft",
    arrows={
        ("draft", "amend"): "draft",
        ("draft", "file"): "filed",
        ("draft", "withdraw"): "withdrawn",
        ("filed", "withdraw"): "withdrawn",
    },
)

ALARM = Lifecycle(
    "the alarm",
    start="open",
    arrows={
        ("open", "acknowledge"): "acknowledged",
        # What it rang for was settled before anybody acknowledged it.
        ("open", "end"): "over",
    },
)

# Whether a provider is given anything: rules/breaker decides, a person may reset.
BREAKER = Lifecycle(
    "the breaker",
    start="closed",
    arrows={
        ("closed", "trip"): "open",
        ("open", "probe"): "half_open",
        # The worker that carried the probe did not come back.
        ("half_open", "probe"): "half_open",
        ("half_open", "trip"): "open",
        ("half_open", "close"): "closed",
        ("open", "reset"): "closed",
        ("half_open", "reset"): "closed",
    },
)

TABLES = (
    INCIDENT,
    DUTY,
    EXTENSION,
    HOLD,
    TASK,
    NOTICE,
    CAMPAIGN,
    GATE,
    ENVELOPE,
    ANNOUNCEMENT,
    REPORT,
    ALARM,
    BREAKER,
)
