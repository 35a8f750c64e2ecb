"""What becomes of a made-up address: the sandbox and the provider fake share these rules.

So that a drill, a demo and a test can steer. By the local part of an email address, or any
part of a push token or postal address:

| holds | what happens |
|---|---|
| `bounce` | bounced |
| `dropped` | dropped before it was sent |
| `complaint` | delivered, then reported as spam |
| `flaky` | delivered, then bounced all the same |
| `deferred` | deferred, then delivered |
| `silent` | accepted, then nothing is ever heard |
| `unregistered` | refused at once, 404: the app or the browser is gone |
| `mismatch` | refused at once, 403: the token was made for somebody else |

By the end of a phone number:

| ends in | what happens |
|---|---|
| 0190 | undelivered, 30003: the handset is off |
| 0191 | undelivered, 30005: the number is unknown |
| 0192 | refused at once, 21610: the person replied STOP |
| 0193 | refused at once, 21211: the number is not valid |
| 0194 | undelivered, 30006: a landline |
| 0195 | accepted, then nothing is ever heard |

Anything else is delivered.

A call to a number goes its own way, so that one number can tell a whole story:

| ends in | what happens to a call |
|---|---|
| 0190 | nobody answers |
| 0191 | failed, 404: the number is unknown |
| 0193 | refused at once, 21211: the number is not valid |
| 0195 | accepted, then nothing is ever heard |
| 0196 | an answering machine takes the words |
| 0197 | busy |
| 0198 | answered, and hung up without a key |
| 0199 | answered, asked for once more (key 2), then confirmed (key 1) |

Anything else is answered and confirmed (key 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from notifiers.envelope import ReceiptKind


@dataclass(frozen=True, slots=True)
class Fate:
    """What is heard of a message, in order.

    refused  the provider's code if it would not even take the message; 0 otherwise
    """

    heard: tuple[ReceiptKind, ...] = (ReceiptKind.DELIVERED,)
    code: str = ""
    refused: int = 0


_DELIVERED = Fate()

_BY_WORD = {
    "bounce": Fate((ReceiptKind.BOUNCED,), "5.1.1"),
    "dropped": Fate((ReceiptKind.DROPPED,), "Bounced Address"),
    "complaint": Fate((ReceiptKind.DELIVERED, ReceiptKind.COMPLAINED)),
    "flaky": Fate((ReceiptKind.DELIVERED, ReceiptKind.BOUNCED), "5.2.1"),
    "deferred": Fate((ReceiptKind.DEFERRED, ReceiptKind.DELIVERED)),
    "silent": Fate(()),
    "unregistered": Fate((), "404", 404),
    "mismatch": Fate((), "403", 403),
}

_BY_ENDING = {
    "0190": Fate((ReceiptKind.UNDELIVERED,), "30003"),
    "0191": Fate((ReceiptKind.UNDELIVERED,), "30005"),
    "0192": Fate((), "21610", 21610),
    "0193": Fate((), "21211", 21211),
    "0194": Fate((ReceiptKind.UNDELIVERED,), "30006"),
    "0195": Fate(()),
}

_CALL_BY_ENDING = {
    "0190": Fate((ReceiptKind.UNANSWERED,), "no-answer"),
    "0191": Fate((ReceiptKind.FAILED,), "404"),
    "0193": Fate((), "21211", 21211),
    "0195": Fate(()),
    "0196": Fate((ReceiptKind.LEFT,), "machine_end_beep"),
    "0197": Fate((ReceiptKind.UNANSWERED,), "busy"),
    "0198": Fate((ReceiptKind.UNANSWERED,), "no key"),
    "0199": Fate((ReceiptKind.DELIVERED,), "21"),
}
_CONFIRMED = Fate((ReceiptKind.DELIVERED,), "1")


def call_fate(number: str) -> Fate:
    """What becomes of a call to this number; the code of a delivered one is the keys pressed."""
    return _CALL_BY_ENDING.get(number[-4:], _CONFIRMED)


def fate(address: str) -> Fate:
    """What becomes of a message to this address."""
    if address.startswith("+"):
        return _BY_ENDING.get(address[-4:], _DELIVERED)
    local = address.partition("@")[0].casefold()
    return next((end for word, end in _BY_WORD.items() if word in local), _DELIVERED)
