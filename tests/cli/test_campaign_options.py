"""How a launch says what it does not understand: the option, what was told, what to tell."""

import pytest


@pytest.mark.parametrize(
    ("option", "told", "mend"),
    [
        ("--wait", "fax=3", "email, sms, push, call, letter"),
        ("--wait", "sms=soon", "name=number"),
        ("--wait", "sms", "or none"),
        ("--brake", "failed=8,angry=1", "failed, complained, refused, after"),
        ("--quiet", "at night", "22:00-07:30"),
    ],
)
def test_what_a_launch_does_not_understand_is_told_before_the_server_is_asked(
    tocsin, option, told, mend
):
    said = tocsin("campaign", "launch", "INC-2026-0001", option, told)
    assert said.code == 1
    assert option in said.err
    assert told.split(",")[-1] in said.err
    assert mend in said.err
