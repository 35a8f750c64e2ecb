"""What people write back to our number, once its signature is known to be Twilio's."""

from __future__ import annotations

from collections.abc import Mapping, Set

# Twilio blocks further SMS by itself at the next one (error 21610), and says so here only of a
# messaging service with Advanced Opt-Out; elsewhere the word alone tells, if nothing else stands
# beside it. https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"}
# … and lifts its block at one of these. https://www.twilio.com/docs/api/errors/23002
START_WORDS = {"START", "YES", "UNSTOP"}


def is_stop(form: Mapping[str, str]) -> bool:
    """Whether whoever wrote this wants no more SMS from us."""
    return _says(form, "STOP", STOP_WORDS)


def is_start(form: Mapping[str, str]) -> bool:
    """Whether whoever wrote this takes their STOP back."""
    return _says(form, "START", START_WORDS)


def _says(form: Mapping[str, str], kind: str, words: Set[str]) -> bool:
    told = form.get("OptOutType", "")
    return told == kind if told else form.get("Body", "").strip().upper() in words
