"""What the couriers of push messages share: one device a message, and the mark of a notice."""

from __future__ import annotations

import base64
import hashlib

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import Envelope, Finding, FindingKind, Person, Receipt
from notifiers.errors import BadSignature, Refused

# A push service takes a message and tells no more of it: nothing is echoed, nothing can be
# looked up. Acceptance is what there is.
CAPABILITIES = Capabilities(
    max_people=1,
    native_key=False,
    echoes_attempt=False,
    looks_up=False,
    settle_seconds=0.0,
    live=True,
    replaces_copy=True,
)


class Pushed:
    """The part of a push courier that is the same for all of them."""

    name = "push"
    capabilities = CAPABILITIES

    async def look_up(self, query: AttemptQuery) -> Finding:
        """A push service shows no records of what it took."""
        return Finding(FindingKind.CANNOT_TELL, evidence="push services keep no records to ask")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Push services post no webhook: whatever claims to be one is forged."""
        raise BadSignature(f"{self.name} sends no receipts")


def only_person(envelope: Envelope) -> Person:
    """The one person of the envelope. Raises Refused for more."""
    if len(envelope.people) != 1:
        raise Refused(f"a push message goes to one person, not {len(envelope.people)}")
    return envelope.people[0]


def mark(envelope: Envelope, person: Person) -> str:
    """What makes a copy replace the first one: of this notice, on this device, to this person.

    The person is part of it because a family may share a device. 22 letters of base64url:
    a Topic may have 32 (RFC 8030 section 5.4), an apns-collapse-id 64 bytes.
    """
    told = f"{envelope.reference}/{person.ref}".encode()
    return base64.urlsafe_b64encode(hashlib.sha256(told).digest()[:16]).decode().rstrip("=")
