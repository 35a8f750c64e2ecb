"""Posts of a provider that come in together are folded together, and each hears its own answer."""

import time
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import func, select

from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import ProviderReceipt
from incidents.receipt_desk import ReceiptDesk
from incidents.work import TOCSIN
from notifiers.courier import RawRequest
from notifiers.errors import BadSignature, MalformedReceipt
from notifiers.fake.keys import Keys
from notifiers.providers.sendgrid import SIGNATURE, TIMESTAMP, SendGrid
from notifiers.transport import Transport

KEYS = Keys()


@pytest.fixture
def desk(office):
    courier = SendGrid(
        Transport(),
        api_key="SG.fake",
        from_email="privacy@example.com",
        public_key=KEYS.sendgrid_public_key,
    )
    return ReceiptDesk(office, courier)


def post(body, keys=KEYS):
    headers = {TIMESTAMP: "1772442000", SIGNATURE: keys.sign(b"1772442000" + body)}
    return RawRequest("https://tocsin.example.com/events", headers, body)


def events(*ids):
    one = {"event": "delivered", "timestamp": int(time.time()), "a": uuid4().hex, "r": "nobody.0"}
    return orjson.dumps([one | {"sg_event_id": event_id} for event_id in ids])


def count(office, query):
    with office.look(TOCSIN) as work:
        return work.session.scalar(query)


def test_each_post_hears_its_own_answer(office, desk):
    forged = desk.take(post(events("forged"), Keys()))
    broken = desk.take(post(b'[{"event": 1}, 2]'))
    good = [desk.take(post(events(f"{n}-a", f"{n}-b"))) for n in range(20)]
    twice = desk.take(post(events("0-a", "new", "new")))
    assert [answer.result(20) for answer in good] == [2] * 20
    assert twice.result(20) == 1
    assert isinstance(forged.exception(20), BadSignature)
    assert isinstance(broken.exception(20), MalformedReceipt)
    assert count(office, select(func.count()).select_from(ProviderReceipt)) == 41


def test_posts_that_wait_are_folded_in_one_transaction(office, desk):
    answers = [desk.take(post(events(f"event-{n}"))) for n in range(60)]
    assert sum(answer.result(20) for answer in answers) == 60
    folds = select(func.count()).where(AuditEntry.kind == "receipts.fold")
    assert 1 <= count(office, folds) < 60


def test_what_cannot_be_kept_does_not_take_the_others_with_it(office, desk):
    bad = desk.take(post(events("a\0b")))
    good = [desk.take(post(events(f"{n}"))) for n in range(5)]
    assert [answer.result(20) for answer in good] == [1] * 5
    if office.engine.dialect.name == "postgresql":  # SQLite keeps a NUL
        assert bad.exception(20) is not None
