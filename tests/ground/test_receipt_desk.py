"""Posts of a provider that come in together are folded together, and each hears its own answer."""

import asyncio
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


def take(desk, *requests):
    """What each of these posts is told; all of them wait at once."""

    async def all_at_once():
        asked = (desk.take(request) for request in requests)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_at_once())


def test_each_post_hears_its_own_answer(office, desk):
    good = [post(events(f"{n}-a", f"{n}-b")) for n in range(20)]
    forged, broken = post(events("forged"), Keys()), post(b'[{"event": 1}, 2]')
    answers = take(desk, forged, broken, *good, post(events("0-a", "new", "new")))
    assert [type(answer) for answer in answers[:2]] == [BadSignature, MalformedReceipt]
    assert answers[2:] == [2] * 20 + [1]
    assert count(office, select(func.count()).select_from(ProviderReceipt)) == 41


def test_posts_that_wait_are_folded_in_one_transaction(office, desk):
    assert sum(take(desk, *(post(events(f"event-{n}")) for n in range(60)))) == 60
    folds = select(func.count()).where(AuditEntry.kind == "receipts.fold")
    assert 1 <= count(office, folds) < 60


def test_what_is_said_in_large_posts_that_are_folded_side_by_side_counts_once(office, desk):
    large = b" " * 3_000_000  # two of them fill a transaction
    posts = [post(events(f"event-{n}", "said in each") + large) for n in range(8)]
    assert sorted(take(desk, *posts)) == [1] * 7 + [2]
    assert count(office, select(func.count()).select_from(ProviderReceipt)) == 9


def test_what_cannot_be_kept_does_not_take_the_others_with_it(office, desk):
    bad, *good = take(desk, post(events("a\0b")), *(post(events(f"{n}")) for n in range(5)))
    assert good == [1] * 5
    if office.engine.dialect.name == "postgresql":  # SQLite keeps a NUL
        assert isinstance(bad, Exception)


def test_who_no_longer_waits_is_not_taken_in_and_may_post_again(office, desk):
    async def gives_up():
        waiting = asyncio.create_task(desk.take(post(events("given-up"))))
        await asyncio.sleep(0)  # it stands in the queue now
        waiting.cancel()
        return await desk.take(post(events("stays")))

    assert asyncio.run(gives_up()) == 1
    assert count(office, select(func.count()).select_from(ProviderReceipt)) == 1
    assert take(desk, post(events("given-up"))) == [1]
