import pytest

from notifiers.providers.twilio_inbound import is_start, is_stop


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


@pytest.mark.parametrize(
    ("form", "starts"),
    [
        ({"Body": "START"}, True),
        ({"Body": " unstop\n"}, True),
        ({"Body": "Yes"}, True),
        ({"Body": "Start please"}, False),
        ({"Body": "STOP"}, False),
        ({}, False),
        ({"Body": "oui", "OptOutType": "START"}, True),  # a word of the account's own list
        ({"Body": "START", "OptOutType": "HELP"}, False),
    ],
)
def test_who_takes_their_stop_back(form: dict[str, str], starts: bool) -> None:
    assert is_start(form) is starts
