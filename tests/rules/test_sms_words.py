import pytest

from incidents.rules.sms_words import LONGEST_FIELD, at_worst, fits_whole, look, too_long

NAME = "%%7f3a.name.t%%"


def test_a_name_is_counted_as_a_long_one_of_another_alphabet():
    assert at_worst("Dear you").encoding == "GSM-7"
    assert at_worst(f"Dear {NAME}") == at_worst(f"Dear {LONGEST_FIELD}")
    assert at_worst(f"Dear {NAME}").encoding == "UCS-2"


@pytest.mark.parametrize(
    ("text", "whole"),
    [("x" * 459, True), ("x" * 460, False), ("文" * 201, True), ("文" * 202, False)],
)
def test_a_text_of_three_messages_goes_whole(text, whole):
    assert fits_whole(text) is whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 1530, ""),
        ("x" * 1531, "takes 11 messages, over 10"),
        ("x" * 1601, "has 1,601 characters, over 1,600"),
        ("文" * 670, ""),
        ("文" * 671, "takes 11 messages, over 10"),
        ("x" * 655 + NAME, "takes 11 messages, over 10"),
    ],
)
def test_what_no_provider_takes_is_said(text, why):
    assert too_long(text).endswith(why)
    assert bool(too_long(text)) is bool(why)


def test_a_look_tells_the_worst():
    seen = look(f"Dear {NAME}", is_short_form=True)
    assert (seen.characters, seen.units, seen.segments) == (25, 25, 1)
    assert seen.is_short_form
