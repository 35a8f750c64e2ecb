"""Who may carry what: settings read, residency kept, trouble avoided where it can be."""

import pytest

from incidents.rules import lanes
from incidents.rules.lanes import may_serve, residency, unserved, weights

BOTH = [{"provider": "sendgrid", "weight": 3}, {"provider": "smtp", "weight": 1}]
STAND_BY = [{"provider": "sendgrid", "weight": 3}, {"provider": "smtp", "weight": 0}]
CN = residency("CN=smtp")


def serving(place, routes=BOTH, rules=CN, shut=()):
    """Provider -> weight of those that may serve a place."""
    found = lanes.lanes(routes, rules, ["CN", "DE"], shut, lambda name: 1)
    return {lane.provider: lane.weight for lane in found if lane.serves(place)}


def test_one_name_or_several_with_weights():
    assert weights("sendgrid") == {"sendgrid": 1}
    assert weights("sendgrid:3, smtp:1") == {"sendgrid": 3, "smtp": 1}


@pytest.mark.parametrize("told", ["", "sendgrid:", "sendgrid:x", "a:0", "smtp,smtp", "a;b", "A"])
def test_weights_that_mean_nothing_are_refused(told):
    if told == "sendgrid:":
        assert weights(told) == {"sendgrid": 1}
        return
    with pytest.raises(ValueError, match=r"is not like|twice|above 0"):
        weights(told)


@pytest.mark.parametrize("told", ["CN", "CN=", "cn=smtp", "CN=smtp;CN=sendgrid", "CN:smtp"])
def test_a_residency_that_means_nothing_is_refused(told):
    with pytest.raises(ValueError, match=r"is not like|twice"):
        residency(told)


@pytest.mark.parametrize(
    ("provider", "place", "may"),
    [
        ("smtp", "CN", True),
        ("sendgrid", "CN", False),
        ("sendgrid", "DE", True),
        ("sendgrid", "", True),
        ("sendgrid", "US-CA", False),
        ("smtp", "US-CA", True),
        ("smtp", "US-TX", False),
        ("twilio", "US-TX", True),
    ],
)
def test_a_place_is_served_only_by_those_allowed_and_a_state_goes_before_its_country(
    provider, place, may
):
    assert may_serve(provider, place, residency("CN=smtp; US=twilio; US-CA=smtp")) is may


def test_people_of_a_place_share_the_providers_allowed_for_it_by_weight():
    assert serving("DE") == {"sendgrid": 3, "smtp": 1}
    assert serving("CN") == {"smtp": 1}


def test_who_stands_by_serves_only_where_nobody_else_may():
    assert serving("DE", STAND_BY) == {"sendgrid": 3}
    assert serving("CN", STAND_BY) == {"smtp": 1}
    assert serving("DE", STAND_BY, shut=["sendgrid"]) == {"smtp": 1}


def test_a_provider_in_trouble_gets_nothing_new_while_another_may_carry_it():
    assert serving("DE", shut=["smtp"]) == {"sendgrid": 3}
    assert serving("CN", shut=["smtp"]) == {"smtp": 1}, "waiting is better than not being told"
    assert serving("DE", shut=["smtp", "sendgrid"]) == {"sendgrid": 3, "smtp": 1}


def test_places_that_nobody_on_the_ladder_may_serve_are_found():
    routes = {"email": [BOTH[0]], "sms": [{"provider": "twilio", "weight": 1}]}
    assert unserved(routes, CN, ["CN", "DE"]) == ["CN"]
    assert unserved({**routes, "sms": [BOTH[1]]}, CN, ["CN", "DE"]) == []
