"""Who carries push messages: as set, said clearly when it is not, and never in a drill."""

import json

import pytest
from pydantic import SecretStr

from incidents.errors import IncidentsError
from incidents.settings import Settings
from incidents.wiring import couriers_for, routes_for
from notifiers.dispatch import Dispatch
from notifiers.envelope import OutcomeKind
from notifiers.fake.keys import Keys
from notifiers.fake.server import FakeProviders
from notifiers.providers.vapid import new_private_key
from tests.notifiers.makers import make_push


@pytest.fixture
def account(tmp_path):
    file = tmp_path / "account.json"
    file.write_text(json.dumps(Keys().service_account("http://127.0.0.1:1")))
    return file


def settings(account, **changes):
    key = SecretStr(new_private_key())
    given = {"push_provider": "push", "fcm_service_account": account, "vapid_private_key": key}
    return Settings(**(given | changes))


@pytest.mark.parametrize("provider", ["fcm", "web_push", "push"])
def test_the_provider_that_is_set_carries_live_push_and_none_a_drills(account, provider):
    chosen = settings(account, push_provider=provider)
    assert provider in couriers_for(chosen, "live")
    assert set(couriers_for(chosen, "drill")) == {"sandbox"}
    assert routes_for(chosen)["drill"]["push"] == "sandbox"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"fcm_service_account": None}, "TOCSIN_FCM_SERVICE_ACCOUNT"),
        ({"vapid_private_key": SecretStr("")}, "TOCSIN_VAPID_PRIVATE_KEY"),
    ],
)
def test_what_is_missing_is_said_by_its_name_at_the_start(account, changes, names):
    with pytest.raises(IncidentsError, match=names):
        couriers_for(settings(account, **changes), "live")


@pytest.mark.parametrize(
    "kept", [(), ("project_id", "client_email", "token_uri", "private_key_id")]
)
def test_a_key_file_that_is_none_is_said_without_what_stands_in_it(account, kept):
    known = json.loads(account.read_text())
    account.write_text(json.dumps({name: known[name] for name in kept} | {"private_key": "secret"}))
    with pytest.raises(IncidentsError) as refused:
        couriers_for(settings(account), "live")
    assert "secret" not in refused.value.detail


def test_a_subscription_is_never_dialled_inside_our_network_unless_that_is_set(account):
    with FakeProviders() as fake:
        told = [
            outcome_of(settings(account, push_provider="web_push", **more), fake)
            for more in ({"web_push_hosts": "localhost"}, {"web_push_loopback": True})
        ]
    assert told == [OutcomeKind.RETRY, OutcomeKind.ACCEPTED]


def outcome_of(chosen, fake):
    courier = couriers_for(chosen, "live")["web_push"]
    to = fake.subscription("a-browser")
    if not chosen.web_push_loopback:
        to = to.replace(fake.url, "https://localhost")
    envelope = make_push(to)
    dispatch = Dispatch([courier])
    try:
        return dispatch.send_all([("web_push", envelope, courier.body(envelope))])[0].kind
    finally:
        dispatch.close()
