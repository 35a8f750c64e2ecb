import pytest

from notifiers.providers.twilio_inbound import is_stop


@pytest.mark.parametrize(
    ("form", "stops"),
    [
        ({"Body": "STOP"}, True),
        ({"Body": " stop\n"}, True),
        ({"Body": "StopAll"}, True),
        ({"Body": "Stop please"}, False),
        ({"Body": "START"}, False),
        ({"Body": ""}, False),
        ({}, False),
        ({"Body": "arrêt", "OptOutType": "STOP"}, True),  # a word of the account's own list
        ({"Body": "STOP", "OptOutType": "HELP"}, False),
    ],
)
def test_who_wants_no_more_sms(form: dict[str, str], stops: bool) -> None:
    assert is_stop(form) is stops
