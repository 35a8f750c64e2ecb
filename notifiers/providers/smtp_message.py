"""One email as RFC 5322 has it: two versions of the words, names and subject in any script."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from notifiers.envelope import Envelope, Person
from notifiers.errors import Refused
from notifiers.tokens import personal

# ASCII on the wire, whatever the words: not every server on the way takes eight bits.
POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every message of ours.

    list_unsubscribe  a mailto: or https: URL; '' for none. A breach notice is owed by law and
                      nobody can unsubscribe from it; mail programs show this as a button that
                      says so, and some file what bears it as advertising
    """

    sender: Address
    list_unsubscribe: str = ""


def message(envelope: Envelope, head: Letterhead) -> bytes:
    """The message but for its Date: the same bytes every time. Raises Refused."""
    if len(envelope.people) != 1:
        raise Refused(f"a message by SMTP goes to one person, not {len(envelope.people)}")
    person = envelope.people[0]
    words = personal(envelope.words, envelope.nonce, person)
    made = _headed(envelope, head, person)
    made["Subject"] = words.subject
    made.set_content(words.text)
    made.add_alternative(words.html, subtype="html")
    made.set_boundary(f"=_{_digest(envelope.attempt, person.ref)}")
    return made.as_bytes()


def _headed(envelope: Envelope, head: Letterhead, person: Person) -> EmailMessage:
    made = EmailMessage(policy=POLICY)
    made["Message-ID"] = f"<{_digest(envelope.attempt, person.ref)}@{head.sender.domain}>"
    made["From"] = head.sender
    made["To"] = _address(person)
    if head.list_unsubscribe:
        made["List-Unsubscribe"] = f"<{head.list_unsubscribe}>"
    made["Content-Language"] = envelope.locale
    # RFC 3834: keeps holiday answers from coming back.
    made["Auto-Submitted"] = "auto-generated"
    return made


def _digest(attempt: str, ref: str) -> str:
    return hashlib.sha256(f"{attempt}/{ref}".encode()).hexdigest()[:32]


def _address(person: Person) -> Address:
    if not person.address.isascii():
        raise Refused("the address needs SMTPUTF8, which few servers take")
    try:
        return Address(addr_spec=person.address)
    except (ValueError, IndexError):
        raise Refused("the address is none that a server takes") from None
