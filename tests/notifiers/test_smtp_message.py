"""The message itself: as approved, in any script, by the standards; and its DKIM signature."""

from __future__ import annotations

import base64
import email
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from notifiers.dispatch import Dispatch
from notifiers.envelope import OutcomeKind, Words
from notifiers.errors import Refused
from notifiers.providers.dkim_signature import Dkim
from notifiers.providers.smtp import Smtp
from notifiers.providers.smtp_message import Letterhead, message
from notifiers.providers.smtp_pool import Server
from tests.notifiers.makers import make_envelope, make_person
from tests.notifiers.test_smtp import Inbox, mail_server

SENDER = Address(display_name="Example 调查", addr_spec="notice@example.com")
HEAD = Letterhead(SENDER)
CHINESE = Words(
    "关于您的数据 %%7f3a.name.t%%", "你好 %%7f3a.name.t%%\n.\n再见\n", "<p>%%7f3a.name.h%%</p>"
)
Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def parsed(raw: bytes) -> EmailMessage:
    read = email.message_from_bytes(raw, policy=default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def arrived(courier_dkim: Dkim | None = None, **changes: Any) -> bytes:
    """One message, over the wire and out of the inbox of a real server."""
    inbox = Inbox()
    with mail_server(inbox) as port:
        server = Server("127.0.0.1", port, security="none", total_seconds=3)
        courier = Smtp(server, HEAD, courier_dkim)
        envelope = make_envelope(**changes)
        dispatch = Dispatch([courier])
        (outcome,) = dispatch.send_all([("smtp", envelope, courier.body(envelope))])
        dispatch.close()
    assert (outcome.kind, outcome.http_status) == (OutcomeKind.ACCEPTED, 250)
    return inbox.messages[0]


def test_a_message_arrives_as_it_was_approved() -> None:
    read = parsed(arrived(words=CHINESE, people=(make_person(fields={"name": "李 <b>"}),)))
    assert read["Subject"] == "关于您的数据 李 <b>"
    assert read["From"].addresses[0].display_name == "Example 调查"
    assert read["To"] == "person0@example.com"
    assert read["Date"].datetime is not None
    assert read["Auto-Submitted"] == "auto-generated"
    plain, rich = read.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == "你好 李 <b>\n.\n再见\n"
    assert rich.get_content().strip() == "<p>李 &lt;b&gt;</p>"


@pytest.mark.parametrize("words", [CHINESE, Words("s", "长" * 3000, "<p>长</p>" * 500)])
def test_the_message_is_multipart_alternative_with_short_ascii_lines(words: Words) -> None:
    body = message(make_envelope(words=words), HEAD)
    read = parsed(body)
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert read["MIME-Version"] == "1.0"
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))
    assert body.isascii()
    assert b"\n" not in body.replace(b"\r\n", b"")


def test_bytes_and_message_id_are_the_same_every_time() -> None:
    assert message(make_envelope(), HEAD) == message(make_envelope(), HEAD)
    ids = {parsed(message(make_envelope(attempt=one), HEAD))["Message-ID"] for one in ("a", "b")}
    assert len(ids) == 2
    assert all(one.endswith("@example.com>") for one in ids)


def test_nobody_is_offered_to_unsubscribe_from_what_they_are_owed_unless_that_is_set() -> None:
    assert parsed(message(make_envelope(), HEAD))["List-Unsubscribe"] is None
    asked = Letterhead(SENDER, list_unsubscribe="https://example.com/preferences")
    told = parsed(message(make_envelope(), asked))["List-Unsubscribe"]
    assert told == "<https://example.com/preferences>"


@pytest.mark.parametrize(
    "address", ["jo@example.com\r\nBcc: x@example.com", "jö@example.com", "nobody", ""]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        message(make_envelope(make_person(address=address)), HEAD)
    assert not address or address not in str(refused.value)


def test_only_one_person_sees_a_message() -> None:
    with pytest.raises(Refused, match="one person"):
        message(make_envelope(make_person(1), make_person(2)), HEAD)


# --- DKIM


def keys() -> list[Key]:
    return [rsa.generate_private_key(65_537, 2_048), ed25519.Ed25519PrivateKey.generate()]


def pem(key: Any) -> bytes:
    private: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private


def record(key: Key) -> bytes:
    """What stands in the DNS for it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(raw)
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)


def verifies(raw: bytes, key: Key) -> bool:
    """What dkimpy, which others use to judge, says of it."""
    asked = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record(key)

    try:
        good = dkim.verify(raw, dnsfunc=dns)
    except dkim.DKIMException:
        return False
    assert asked == [b"s1._domainkey.example.com."]
    return bool(good)


@pytest.mark.parametrize("words", [CHINESE, Words("s", "a  b \n\n\n", "<p>x</p>\n\n")])
@pytest.mark.parametrize("key", keys(), ids=["rsa", "ed25519"])
def test_what_arrives_verifies(key: Key, words: Words) -> None:
    raw = arrived(Dkim("example.com", "s1", pem(key)), words=words)
    assert verifies(raw, key)
    assert all(len(line) <= 78 for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize(
    ("what", "other"),
    [
        (b"person0", b"person1"),
        (b"Subject: About", b"Subject: Above"),
        (b"Dear", b"Deer"),
        (b"Date: ", b"Date:  Mon, "),
        (b"To: ", b"From: evil@example.com\r\nTo: "),
        (b"Auto-Submitted: auto-generated", b"Auto-Submitted: no"),
    ],
)
def test_what_was_changed_on_the_way_does_not(what: bytes, other: bytes) -> None:
    key = keys()[0]
    raw = arrived(Dkim("example.com", "s1", pem(key)))
    assert what in raw
    assert verifies(raw, key)
    assert not verifies(raw.replace(what, other, 1), key)


def test_refolding_on_the_way_breaks_nothing() -> None:
    key = keys()[0]
    raw = arrived(Dkim("example.com", "s1", pem(key)))
    assert verifies(raw.replace(b"Subject: About your", b"Subject:  About\r\n  your", 1), key)


@pytest.mark.parametrize("key", [pem(ec.generate_private_key(ec.SECP256R1())), b"", b"none"])
def test_a_key_that_cannot_sign_is_said_at_once(key: bytes) -> None:
    with pytest.raises(ValueError, match="RSA or Ed25519"):
        Dkim("example.com", "s1", key)
