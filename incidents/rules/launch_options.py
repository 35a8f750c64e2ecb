"""How somebody wants people to be told: all that a launch may be given, and what is usual. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from incidents.rules.brake import Brake
from incidents.rules.canary import NO_CANARY, Canary


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What a campaign is launched with. Unless something is said there is neither canary nor
    brake, wait nor quiet hours: so code that plays a part has it (a drill's clock leaps over
    nights). What is usual for people stands in the doors.

    ladder          channels in the order in which each person is tried on them
    unknown_policy  when no evidence will come of what was sent: hold | resend_marked |
                    next_channel
    canary          who goes first, and for how long the others wait
    brake           thresholds at which it pauses by itself; None: it never does
    waits           channel -> hours of silence after which a person moves on; None: the usual
    quiet           from, to, channels, zone: when nobody is disturbed; None: the usual night
    recallable      what can be is due a while later, and cancelled where it is in doubt
    """

    ladder: Sequence[str] = ("email", "sms", "announcement")
    unknown_policy: str = "hold"
    canary: Canary = NO_CANARY
    brake: Brake | None = None
    waits: Mapping[Any, float] | None = field(default_factory=dict)
    quiet: Mapping[str, Any] | None = field(default_factory=dict)
    recallable: bool = False
