"""Domains of one host are counted together; all others each by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.rules.mail_hosts import NUMBERS, host_of, number_of


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("gmail.com", "gmail.com"),
        ("googlemail.com", "gmail.com"),
        ("hotmail.co.uk", "outlook.com"),
        ("live.nl", "outlook.com"),
        ("yahoo.co.jp", "yahoo.com"),
        ("yahoo.com.br", "yahoo.com"),
        ("gmx.at", "gmx.net"),
        ("foxmail.com", "qq.com"),
        ("example.com", "example.com"),
        ("live.example.com", "live.example.com"),
        ("notgmail.com", "notgmail.com"),
    ],
)
def test_a_domain_goes_by_its_host(domain, host):
    assert host_of(domain) == host


@given(st.binary(min_size=16, max_size=16))
def test_every_host_has_a_number_that_fits_and_is_not_nobodys(index):
    assert 1 <= number_of(index) <= NUMBERS
