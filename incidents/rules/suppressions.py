"""What it means that somebody asked not to be written to: which channels it closes. Pure.

A notice of a breach is no advertisement: who wants no marketing is told all the same, and
nothing here keeps a person from being told at all. What one address does not take, the next
rung of the ladder carries.
"""

import re
from collections.abc import Mapping

from incidents.errors import InvalidInput, Problem
from incidents.rules.addresses import Unusable, read_email, read_phone
from incidents.rules.ladder import BARRED
from incidents.rules.people import REASONS as FLAWS
from incidents.rules.people import postal_key, read_postal_address, read_push_token

# The channels that use each kind of address.
KINDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("sms", "call"),
    "push": ("push",),
    "post": ("letter",),
}

# reason -> kind of address -> the channels that it closes.
REASONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # STOP is an answer to messages: it says nothing of calls.
    "stop": {"phone": ("sms",)},
    "push_opt_out": {"push": ("push",)},
    # The address is dead: a mailbox that is gone, a number without a handset, an app removed.
    "hard_bounce": {"email": ("email",), "phone": ("sms",), "push": ("push",), "post": ("letter",)},
    "complaint": {"email": ("email",)},
    # Somebody may read what comes there who must not know: every channel that uses it.
    "do_not_contact": KINDS,
    # Kept, so that nobody takes it for forgotten; it closes nothing for a notice.
    "marketing": dict.fromkeys(KINDS, ()),
}

# What a provider's receipt says for good of an address. A bounce may be of the moment: 4.x.x,
# a full mailbox, a block; only an enhanced status of class 5 is for good (RFC 3463, section 3).
_FOR_GOOD = re.compile(r"5\.\d{1,3}\.\d{1,3}")
_HEARD: Mapping[str, Mapping[str, str]] = {
    "opted_out": {"sms": "stop", "push": "push_opt_out"},
    "bounced": {"email": "hard_bounce", "push": "hard_bounce", "letter": "hard_bounce"},
    "complained": {"email": "complaint"},
}
# Why SendGrid drops what it took, where that says something of the address: it stands on a list of
# the account, and whatever is sent there is dropped until it is taken off. Who unsubscribed wants
# no advertisement. Spam Content, Invalid SMTPAPI header and Recipient List over Package Quota are
# faults of ours. https://www.twilio.com/docs/sendgrid/glossary/drops
_DROPPED: Mapping[str, str] = {
    "bounced address": "hard_bounce",
    "invalid": "hard_bounce",
    "spam reporting address": "complaint",
    "unsubscribed address": "marketing",
}

# … and what a refusal says, whose reason begins with the provider and its code.
_REFUSED = (
    (re.compile(r"twilio 21610\b"), "stop"),
    (re.compile(r"fcm (UNREGISTERED|SENDER_ID_MISMATCH)\b"), "hard_bounce"),
    (re.compile(r"web push (404|410)\b"), "hard_bounce"),
)

_FORMS: Mapping[str, str] = {
    "email": "write one bare address such as name@example.com",
    "phone": "write it with its country code, as +44 7700 900123",
    "push": "write the token as the app gave it",
    "post": "write the address as it stands on the list",
}


def bars(kind: str, reason: str) -> int:
    """The bits of the channels that an address of this kind is closed to for this reason.

    Raises  InvalidInput  for a reason that such an address cannot have
    """
    channels = REASONS.get(reason, {}).get(kind)
    if channels is None:
        fit = ", ".join(name for name, kinds in REASONS.items() if kind in kinds)
        raise InvalidInput(
            "this reason cannot be used",
            Problem("reason", f"is no reason for {kind}", f"one of {fit}"),
        )
    return sum(BARRED[channel] for channel in channels)


def all_bits(kind: str) -> int:
    """The bits of every channel that uses this kind of address."""
    return sum(BARRED[channel] for channel in KINDS[kind])


def kind_of(channel: str) -> str:
    """The kind of address that a channel uses; '' for one that uses none."""
    return next((kind for kind, channels in KINDS.items() if channel in channels), "")


def comparable(address: str, kind: str = "") -> tuple[str, str]:
    """The kind of an address and the one form in which it is compared.

    kind    email | phone | push | post; empty: told by its shape, e-mail or phone
    Raises  InvalidInput  which never repeats the address
    """
    text = address.strip()
    kind = kind or ("email" if "@" in text else "phone" if text.startswith(("+", "00")) else "")
    if kind not in KINDS:
        raise InvalidInput(
            "the kind of this address is not known",
            Problem("kind", "is missing", f"one of {', '.join(KINDS)}"),
        )
    try:
        return kind, _comparable(kind, text)
    except Unusable as unusable:
        wrong = FLAWS.get(unusable.reason, "cannot be used").partition(";")[0]
        raise InvalidInput(
            "this address cannot be used", Problem("address", wrong, _FORMS[kind])
        ) from None


def heard(receipt: str, channel: str, code: str) -> str:
    """The reason that a receipt gives for closing the address it went to; '' if none.

    receipt  kind of receipt: opted_out | bounced | dropped | complained …
    code     the provider's; of a bounced e-mail its enhanced status, of a dropped one why
    """
    if (receipt, channel) == ("dropped", "email"):
        return _DROPPED.get(code.strip().lower(), "")
    reason = _HEARD.get(receipt, {}).get(channel, "")
    if reason == "hard_bounce" and channel == "email" and not _FOR_GOOD.search(code):
        return ""
    return reason


def refused(reason: str) -> str:
    """The reason that a provider's refusal gives for closing the address; '' if none."""
    return next((why for pattern, why in _REFUSED if pattern.match(reason)), "")


def _comparable(kind: str, text: str) -> str:
    if kind == "email":
        return read_email(text).lower()
    if kind == "phone":
        return read_phone(text)
    if kind == "push":
        return read_push_token(text)
    return postal_key(read_postal_address(text))
