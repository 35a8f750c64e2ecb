"""How long a notice is as an SMS, and which form of it goes: whole, or short with a link. Pure."""

from dataclasses import dataclass

from notifiers.sms_segments import Segments, sms_segments
from notifiers.tokens import TOKEN

# Twilio advises 320 characters at the most, for what arrives and for what is read: three
# messages. https://www.twilio.com/docs/glossary/what-sms-character-limit
WHOLE_AT_MOST = 3
# Longer is refused, https://www.twilio.com/docs/api/errors/21617, and ten messages of GSM-7
# are about as much; in UCS-2 they are less than half of it, and reach fewer handsets in order.
MOST_CHARACTERS, MOST_SEGMENTS = 1_600, 10

# A long name, in signs that leave the GSM alphabet.
LONGEST_FIELD = "語" * 20


@dataclass(frozen=True, slots=True)
class SmsLook:
    """What an SMS takes at the worst: for a person of a long name.

    units          septets of GSM-7, or 16-bit units of UCS-2
    segments       messages that it is sent and billed as
    is_short_form  the whole text would have taken more than `WHOLE_AT_MOST`
    """

    characters: int
    encoding: str
    units: int
    segments: int
    is_short_form: bool


def at_worst(text: str) -> Segments:
    """How a text with a person's fields in it travels at the worst."""
    return sms_segments(_longest(text))


def fits_whole(text: str) -> bool:
    """Whether the whole text of a notice may go as an SMS."""
    return at_worst(text).count <= WHOLE_AT_MOST


def look(text: str, *, is_short_form: bool) -> SmsLook:
    """What there is to see of an SMS before it is approved."""
    found = at_worst(text)
    return SmsLook(len(_longest(text)), found.encoding, found.units, found.count, is_short_form)


def too_long(text: str) -> str:
    """Why a text cannot go as an SMS; '' if it can."""
    told, segments = len(_longest(text)), at_worst(text).count
    if told > MOST_CHARACTERS:
        return f"an SMS of it has {told:,} characters, over {MOST_CHARACTERS:,}"
    if segments > MOST_SEGMENTS:
        return f"an SMS of it takes {segments} messages, over {MOST_SEGMENTS}"
    return ""


def _longest(text: str) -> str:
    return TOKEN.sub(LONGEST_FIELD, text)
