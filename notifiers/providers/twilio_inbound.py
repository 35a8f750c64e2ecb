"""What people write back to our number, once its signature is known to be Twilio's."""

from __future__ import annotations

from collections.abc import Mapping

# Twilio blocks further SMS by itself at the next one (error 21610), and says so here only of a
# messaging service with Advanced Opt-Out; elsewhere the word alone tells, if nothing else stands
# beside it. https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"}


def is_stop(form: Mapping[str, str]) -> bool:
    """Whether whoever wrote this wants no more SMS from us."""
    told = form.get("OptOutType", "")
    return told == "STOP" if told else form.get("Body", "").strip().upper() in STOP_WORDS
