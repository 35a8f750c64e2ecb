"""How people go up the ladder of channels, and what silence means. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Literal, get_args

from incidents.errors import InvalidInput, Problem

Channel = Literal["email", "sms", "push", "call", "letter", "announcement"]
CHANNELS: tuple[str, ...] = get_args(Channel)
LAST = "announcement"
# A bit for each channel that may not be used for a person (Recipient.barred).
BARRED: Mapping[str, int] = {"email": 1, "sms": 2, "push": 4, "call": 8, "letter": 16}
UNKNOWN_POLICIES = ("hold", "resend_marked", "next_channel")

# Hours of silence after acceptance after which a person moves on, where nothing else is said.
# email    none: nearly every server says `delivered` or bounces, and a mailbox is read in its time.
# letter   none: handed over to the printer is as far as we see; what comes back moves on by itself.
# sms      Twilio tries for ten hours; longer silence is a handset off, or a carrier that tells
#          nothing. https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
# call     a key pressed is proof; a call that was answered by a machine or by nobody is not.
# push     a push service says that it took a message, never that somebody saw it.
WAITS: Mapping[str, float] = {"sms": 24, "call": 4, "push": 24}
LONGEST_WAIT_HOURS = 24 * 30

# How many people one call to a courier may carry; those that are not named take one.
PEOPLE_PER_CALL: Mapping[str, int] = {
    "sendgrid": 1000,
    "sandbox": 1000,
    "print_folder": 500,
    "resend": 100,
}

# Who can call back what is not due yet, and how many calls at one time.
# https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends
CANCELS = frozenset({"sendgrid"})
CANCELLABLE_CALLS = 10

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=5)
# One absent read may be the lag of the provider's index; so may two in the same moment.
ABSENT_READS = 2
MOST_READS = 10


class Verdict(StrEnum):
    """What to do with an unknown envelope after a look at the provider's records."""

    ACCEPT = "accept"  # there is proof that it went
    AGAIN = "again"  # there is proof that it did not: send it
    REPLACE = "replace"  # no proof will come, and a copy takes the place of what may be there
    RESEND = "resend"  # no proof will come; the campaign's policy is to send again, counted
    NEXT = "next"  # no proof will come; the policy is to try the next channel, counted
    HOLD = "hold"  # no proof will come; a person must decide
    LOOK = "look"  # look once more, later


def checked_ladder(channels: Sequence[str], routes: Mapping[str, str]) -> list[str]:
    """The rungs of a campaign, announcement last. Raises InvalidInput.

    routes  channel -> courier: a rung that nobody carries is refused before anybody waits on it
    """
    rungs = [channel for channel in channels if channel != LAST]
    for channel in rungs:
        if channel not in CHANNELS:
            raise _bad_ladder(f"{channel} is no channel", f"one of {', '.join(CHANNELS)}")
        if channel not in routes:
            raise _bad_ladder(f"nobody carries {channel}", "leave it out, or set a provider for it")
    if len(set(rungs)) != len(rungs):
        raise _bad_ladder("a channel stands on two rungs", "name each once")
    return [*rungs, LAST]


def checked_policy(policy: str) -> str:
    """The same policy. Raises InvalidInput for one that there is not."""
    if policy not in UNKNOWN_POLICIES:
        raise InvalidInput(
            f"there is no policy {policy!r}",
            Problem("unknown_policy", "is not known", f"one of {', '.join(UNKNOWN_POLICIES)}"),
        )
    return policy


def checked_waits(wanted: Mapping[str, float] | None, ladder: Sequence[str]) -> dict[str, float]:
    """The waits of a campaign: channel -> hours; 0 says none. Raises InvalidInput.

    wanted  None: the usual ones; what is not named has none
    """
    waits = WAITS if wanted is None else wanted
    for channel, hours in (wanted or {}).items():
        if channel not in ladder[:-1]:
            raise _bad_wait(channel, "stands on no rung", "name a channel of the ladder")
        if not 0 <= hours <= LONGEST_WAIT_HOURS:
            raise _bad_wait(channel, "is no wait", f"give 0 to {LONGEST_WAIT_HOURS} hours")
    return {channel: waits[channel] for channel in ladder[:-1] if waits.get(channel)}


def awaits_word(waits: Mapping[str, float], ladder: Sequence[str], rung: int) -> bool:
    """Whether silence on a rung moves people on.

    Never from the last rung that carries a message: an announcement is no better than one that
    was accepted.
    """
    return bool(waits.get(ladder[rung])) and rung < len(ladder) - 2


def people_per_envelope(courier: str, wanted: int) -> int:
    """How many people share an envelope of this courier."""
    return min(wanted, PEOPLE_PER_CALL.get(courier, 1))


def retry_after(attempts: int, asked_seconds: float | None, jitter: float) -> timedelta:
    """How long to wait after the `attempts`-th failure that surely sent nothing.

    asked_seconds  what the provider asked for: never less than that; 0 is no answer to overload
    jitter         0 to 1, so that many do not come back in the same moment
    """
    doublings = max(0, min(attempts - 1, 10))
    doubled = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    wait = timedelta(seconds=asked_seconds) if asked_seconds else doubled
    return wait + min(wait, doubled) * (jitter / 2)


def verdict(
    finding: str, reads: int, *, absent: int, can_look: bool, replaces: bool, policy: str
) -> Verdict:
    """What a look-up says of an unknown envelope.

    finding   found | absent | cancelled | cannot_tell
    reads     looks so far, this one included; of them `absent` showed that nothing had come
    can_look  whether the provider's records can show an attempt at all
    replaces  whether a copy would take the place of the first one, and none was sent so far
    policy    the campaign's, for when no evidence will come
    """
    if finding == "found":
        return Verdict.ACCEPT
    if finding == "cancelled":
        return Verdict.AGAIN
    if finding == "absent":
        return Verdict.AGAIN if absent >= ABSENT_READS else Verdict.LOOK
    if can_look and reads < MOST_READS:
        return Verdict.LOOK
    if replaces:
        return Verdict.REPLACE
    return _BY_POLICY.get(policy, Verdict.HOLD)


_BY_POLICY = {"resend_marked": Verdict.RESEND, "next_channel": Verdict.NEXT}


def _bad_wait(channel: str, why: str, mend: str) -> InvalidInput:
    return InvalidInput("these waits cannot be used", Problem(f"waits.{channel}", why, mend))


def _bad_ladder(why: str, mend: str) -> InvalidInput:
    return InvalidInput(f"this ladder cannot be used: {why}", Problem("ladder", why, mend))
