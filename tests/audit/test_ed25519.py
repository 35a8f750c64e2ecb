"""Signatures checked by Python alone are those that `cryptography` would accept, and no others.

Vectors of RFC 8032, section 7.1: https://www.rfc-editor.org/rfc/rfc8032#section-7.1
"""

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from incidents.audit.ed25519 import holds, holds_by_hand

ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19
RFC = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC)
def test_what_the_rfc_signs_holds(key, message, signature):
    assert holds_by_hand(*map(bytes.fromhex, (key, signature, message)))


@pytest.fixture
def signed():
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    message = b"tocsin\n3\n"
    return private.public_key().public_bytes_raw(), private.sign(message), message


def test_both_ways_agree_on_what_was_signed_and_on_every_bit_that_was_changed(signed):
    assert holds(*signed)
    assert holds_by_hand(*signed)
    for part, data in enumerate(signed):
        for bit in random.Random(part).sample(range(8 * len(data)), 24):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            broken = (*signed[:part], bytes(changed), *signed[part + 1 :])
            assert not holds(*broken)
            assert not holds_by_hand(*broken)


def test_a_signature_has_one_form(signed):
    key, signature, message = signed
    again = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + again.to_bytes(32, "little")
    assert not holds_by_hand(key, other, message)
    assert not holds(key, other, message)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param((FIELD + 1).to_bytes(32, "little"), id="written as one more than the field"),
        pytest.param((2).to_bytes(32, "little"), id="not on the curve"),
        pytest.param((1 + 2**255).to_bytes(32, "little"), id="a zero with a sign"),
        pytest.param(bytes(31), id="too short"),
    ],
)
def test_what_is_no_key_has_signed_nothing(key, signed):
    assert not holds_by_hand(key, *signed[1:])


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_signature_is_64_bytes(length, signed):
    key, signature, message = signed
    assert not holds_by_hand(key, (signature + b"\0")[:length], message)
