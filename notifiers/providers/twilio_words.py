"""What a call says, as TwiML: the words twice in the voice of their language, until a key comes.

`Gather` posts the pressed key to its action, signed as every callback is, and says what that
answers: https://www.twilio.com/docs/voice/twiml/gather
"""

from __future__ import annotations

import re

from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

from notifiers.envelope import Envelope
from notifiers.errors import Refused
from notifiers.providers.twilio_account import callback_url, one_person
from notifiers.tokens import fill, values

HEARD = "1"  # the key that confirms; an answering machine presses none. Any other: say it again

# Locale -> Twilio's language and voice.
# https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
VOICES = {
    "en": ("en-US", "Polly.Joanna"),
    "zh-Hans": ("cmn-CN", "Polly.Zhiyu"),
    "de": ("de-DE", "Polly.Vicki"),
    "fr": ("fr-FR", "Polly.Lea"),
    "es": ("es-ES", "Polly.Lucia"),
    "ja": ("ja-JP", "Polly.Mizuki"),
}

# What XML cannot hold, even escaped; a name may.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def spoken(envelope: Envelope) -> str:
    """The TwiML of a call: said twice, until a key is pressed where we can be told of it."""
    person = one_person(envelope, "a call")
    text = fill(envelope.words.text, values(envelope.words, envelope.nonce, person))
    response = VoiceResponse()
    if not envelope.callback:
        return str(_say(response, envelope.locale, text, times=2))
    action = callback_url(envelope, person)
    gather = Gather(action=action, method="POST", num_digits=1, timeout=8)
    response.append(_say(gather, envelope.locale, text, times=2))
    return str(response)


def said(locale: str, text: str) -> str:
    """The TwiML that answers a pressed key: a sentence, then the call ends."""
    response = _say(VoiceResponse(), locale, text, times=1)
    response.hangup()
    return str(response)


def _say(verb: VoiceResponse, locale: str, text: str, *, times: int) -> VoiceResponse:
    if locale not in VOICES:
        raise Refused(f"no voice speaks {locale}")
    language, voice = VOICES[locale]
    more = {"loop": times} if times > 1 else {}
    verb.say(_NOT_XML.sub(" ", text), language=language, voice=voice, **more)
    return verb
