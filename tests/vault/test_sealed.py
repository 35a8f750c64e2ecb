"""Sealed values open only where they belong, and show only their mask."""

import copy
import hmac
import json
import pickle
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from incidents.vault.blind_index import blind_index, indexer
from incidents.vault.errors import Unreadable
from incidents.vault.keys import DataKey, derive, new_secret
from incidents.vault.masks import mask_email, mask_name, mask_phone
from incidents.vault.sealed import (
    Place,
    Sealed,
    key_id_of,
    seal,
    seal_many,
    unseal,
    unseal_many,
)
from tests.factories import uuid7

INCIDENT, ROW = uuid7(), uuid7()
PLACE = {"table": "recipient", "row_id": ROW, "field": "contact", "incident_id": INCIDENT}
ADDRESS = "alice@example.com"


def make_key(incident_id: UUID = INCIDENT) -> DataKey:
    return DataKey(uuid7(), incident_id, "recipients", new_secret())


@pytest.fixture
def key():
    return make_key()


def test_a_value_opens_where_it_was_sealed_and_looks_different_each_time(key):
    blob = seal(key, plaintext=b"secret", **PLACE)
    assert unseal(key, blob=blob, **PLACE) == b"secret"
    assert blob != seal(key, plaintext=b"secret", **PLACE)
    assert b"secret" not in blob
    assert len(blob) == 1 + 16 + 12 + 6 + 16
    assert key_id_of(blob) == key.id


@pytest.mark.parametrize("elsewhere", [{"table": "duty"}, {"row_id": uuid7()}, {"field": "name"}])
def test_a_value_moved_elsewhere_does_not_open(key, elsewhere):
    blob = seal(key, plaintext=b"secret", **PLACE)
    with pytest.raises(Unreadable, match="moved"):
        unseal(key, blob=blob, **PLACE | elsewhere)


def test_a_value_of_another_incident_does_not_open(key):
    blob = seal(key, plaintext=b"secret", **PLACE)
    other = uuid7()
    with pytest.raises(Unreadable, match="another incident"):
        unseal(key, blob=blob, **PLACE | {"incident_id": other})
    same_secret = DataKey(key.id, other, key.purpose, key.secret)
    with pytest.raises(Unreadable):
        unseal(same_secret, blob=blob, **PLACE | {"incident_id": other})


def test_a_wrong_key_does_not_open(key):
    blob = seal(key, plaintext=b"secret", **PLACE)
    with pytest.raises(Unreadable, match="another data key"):
        unseal(make_key(), blob=blob, **PLACE)
    pretender = DataKey(key.id, INCIDENT, "recipients", new_secret())
    with pytest.raises(Unreadable):
        unseal(pretender, blob=blob, **PLACE)


def test_no_byte_of_a_blob_can_be_changed(key):
    blob = seal(key, plaintext=b"secret", **PLACE)
    for at in range(len(blob)):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(Unreadable):
            unseal(key, blob=changed, **PLACE)
    for short in (b"", blob[:1], blob[:17], blob[:30], blob[:-1]):
        with pytest.raises(Unreadable):
            unseal(key, blob=short, **PLACE)


def test_the_fast_form_writes_what_the_plain_form_reads(key):
    rows = [(uuid7(), b"%d" % number) for number in range(50)]
    where = {"table": "recipient", "field": "contact", "incident_id": INCIDENT}
    blobs = seal_many(key, rows=[(row_id.bytes, text) for row_id, text in rows], **where)
    assert len({blob[17:29] for blob in blobs}) == 50
    ids = [row_id for row_id, _ in rows]
    for row_id, blob, (_, plaintext) in zip(ids, blobs, rows, strict=True):
        assert unseal(key, row_id=row_id, blob=blob, **where) == plaintext
    opened = unseal_many(key, rows=zip(ids, blobs, strict=True), **where)
    assert opened == [plaintext for _, plaintext in rows]
    with pytest.raises(Unreadable):
        unseal_many(key, rows=zip(ids, reversed(blobs), strict=True), **where)


class View(BaseModel):
    email: str


def test_a_sealed_value_shows_its_mask_wherever_it_is_written(key):
    value = Sealed.of(key, ADDRESS, Place("recipient", ROW, "contact", INCIDENT), mask_email)
    mask = "a•••@e•••.com"
    shown = [
        str(value),
        repr(value),
        f"{value}",
        "%s" % value,  # noqa: UP031
        json.dumps(value, ensure_ascii=False),
        View(email=value).model_dump_json(),
        str(copy.copy(value)),
        str(pickle.loads(pickle.dumps(value))),
        value + "",
    ]
    assert all(mask in text and "alice" not in text for text in shown)
    assert b"alice" not in pickle.dumps(value)
    assert value.reveal(key) == ADDRESS
    assert b"alice" not in value.blob


def test_a_copy_that_left_the_process_cannot_be_revealed(key):
    value = Sealed.of(key, ADDRESS, Place("recipient", ROW, "contact", INCIDENT), mask_email)
    assert not hasattr(pickle.loads(pickle.dumps(value)), "reveal")


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (mask_email, "alice@example.com", "a•••@e•••.com"),
        (mask_email, "a@example.com", "•••@e•••.com"),
        (mask_email, "alice@x.co.uk", "a•••@x•••.uk"),
        (mask_email, "not an address", "•••"),
        (mask_email, "@", "•••"),
        (mask_phone, "+12025550112", "+•• ••• ••12"),
        (mask_phone, "+1 202 555 0112", "+•• ••• ••12"),
        (mask_phone, "112", "•••"),
        (mask_name, "Alice Example", "A••• E•••"),
        (mask_name, "测试员", "测•••"),
        (mask_name, "X", "•••"),
        (mask_name, "", "•••"),
    ],
)
def test_masks(mask, value, shown):
    assert mask(value) == shown


@settings(deadline=None)
@given(st.text(min_size=3), st.emails(), st.integers(10**6, 10**15 - 1))
def test_masks_never_reveal(name, address, digits):
    local, _, domain = address.partition("@")
    masked = mask_email(address)
    assert local not in masked.partition("@")[0] or local in "•"
    assert domain not in masked
    assert sum(sign.isdigit() for sign in mask_phone(f"+{digits}")) <= 2
    assert all(word not in mask_name(name) for word in name.split() if word.strip("•"))


def test_equal_values_meet_inside_an_incident_and_nowhere_else(key):
    index = blind_index(key, "email", ADDRESS)
    assert len(index) == 16
    assert index == indexer(key, "email")(ADDRESS)
    assert index != blind_index(key, "phone", ADDRESS)
    assert index != blind_index(make_key(uuid7()), "email", ADDRESS)
    assert index != blind_index(key, "email", "bob@example.com")


def test_the_fast_index_is_hmac_sha_256(key):

    expected = hmac.digest(derive(key.secret, "blind index", "email"), ADDRESS.encode(), "sha256")
    assert blind_index(key, "email", ADDRESS) == expected[:16]
