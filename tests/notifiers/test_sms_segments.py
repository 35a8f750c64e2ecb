import pytest

from notifiers.sms_segments import Segments, sms_segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("a" * 1530, "GSM-7", 1530, 10),
        ("a" * 1531, "GSM-7", 1531, 11),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("[]{}\\~^|€\f", "GSM-7", 20, 1),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", "GSM-7", 44, 1),
        ("ç" + "a" * 69, "UCS-2", 70, 1),  # Ç is in the alphabet, ç is not
        ("ç" + "a" * 70, "UCS-2", 71, 2),
        ("’" + "a" * 133, "UCS-2", 134, 2),
        ("’" + "a" * 134, "UCS-2", 135, 3),
        ("您" * 70, "UCS-2", 70, 1),
        ("您" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
    ],
)
def test_known_texts(text: str, encoding: str, units: int, count: int) -> None:
    assert sms_segments(text) == Segments(encoding, units, count)  # type: ignore[arg-type]


def test_a_sign_of_two_septets_is_not_torn_apart_between_messages() -> None:
    # 306 septets would fit two messages, but one place at the end of the first stays empty.
    assert sms_segments("a" * 152 + "€" + "a" * 152) == Segments("GSM-7", 306, 3)
    assert sms_segments("a" * 151 + "€" + "a" * 153) == Segments("GSM-7", 306, 2)


def test_a_sign_of_two_16_bit_units_is_not_torn_apart_between_messages() -> None:
    assert sms_segments("您" * 66 + "😀" + "您" * 66) == Segments("UCS-2", 134, 3)
    assert sms_segments("您" * 65 + "😀" + "您" * 67) == Segments("UCS-2", 134, 2)


def test_one_name_can_double_what_an_sms_costs() -> None:
    text = "Dear {}, your data was seen. " + "x" * 110
    assert sms_segments(text.format("Anna")).count == 1
    assert sms_segments(text.format("Łukasz")).count == 3
