"""SMTP as the settings say: encrypted, signed, and a wrong key said at the start."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from incidents.errors import IncidentsError
from incidents.settings import Settings
from incidents.wiring import couriers_for
from notifiers.dispatch import Dispatch
from notifiers.envelope import OutcomeKind
from tests.notifiers.makers import make_envelope
from tests.notifiers.test_smtp import Inbox, mail_server


def sent(port, **changes):
    chosen = Settings(email_provider="smtp", smtp_port=port, **changes)
    courier = couriers_for(chosen, "live")["smtp"]
    envelope = make_envelope()
    dispatch = Dispatch([courier])
    try:
        return dispatch.send_all([("smtp", envelope, courier.body(envelope))])[0]
    finally:
        dispatch.close()


def test_nothing_leaves_in_the_clear_unless_that_is_set():
    inbox = Inbox()
    with mail_server(inbox) as port:
        assert sent(port).kind is OutcomeKind.RETRY
        assert sent(port, smtp_tls=True, http_timeout_seconds=1).kind is OutcomeKind.RETRY
        assert inbox.messages == []
        assert sent(port, smtp_starttls=False).kind is OutcomeKind.ACCEPTED
    assert len(inbox.messages) == 1


def test_messages_are_signed_where_a_selector_is_set(tmp_path):
    file = tmp_path / "dkim.pem"
    key = ed25519.Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    inbox = Inbox()
    with mail_server(inbox) as port:
        sent(port, smtp_starttls=False, dkim_selector="s1", dkim_key=file)
    assert inbox.messages[0].startswith(b"DKIM-Signature: v=1; a=ed25519-sha256;")
    assert b"d=example.com; s=s1;" in inbox.messages[0]


@pytest.mark.parametrize("content", [None, b"", b"no key"])
def test_a_dkim_key_that_is_none_is_said_at_the_start(tmp_path, content):
    file = tmp_path / "dkim.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(IncidentsError, match="TOCSIN_DKIM_KEY"):
        sent(1, dkim_selector="s1", dkim_key=file)
