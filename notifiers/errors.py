"""What a courier can say besides an outcome. Nothing here knows of incidents."""

from __future__ import annotations


class NotifierError(Exception):
    """Anything that a courier refuses or cannot do; the text holds no personal data."""


class Refused(NotifierError):
    """Final: the same thing asked again would be refused again.

    refs  the people who spoil it for the others, where they are known
    """

    def __init__(self, reason: str, refs: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.refs = refs


class Unavailable(NotifierError):
    """Not now, and nothing has left: try again, if known after `retry_after` seconds.

    trouble  what ails the provider itself, as in `Outcome`
    """

    def __init__(self, reason: str, retry_after: float | None = None, trouble: str = "") -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.trouble = trouble


class Ambiguous(NotifierError):
    """Bytes may have left and the answer is not known: look it up, never send blindly again."""


class BadSignature(NotifierError):
    """A receipt that its provider did not sign with the key we hold."""


class MalformedReceipt(NotifierError):
    """A well-signed receipt that does not have the shape its provider documents."""


class NoSuchCourier(NotifierError):
    """No courier of that name is wired in this process."""
