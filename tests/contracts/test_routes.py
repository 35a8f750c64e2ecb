"""Every route has a policy, and each role gets from it what the policy says: no more, no less."""

import re

import pytest
from fastapi.routing import APIRoute

from incidents.api import receipts
from incidents.api.door import GuardedRoute
from incidents.app import API, ROUTERS
from incidents.clock import SystemClock
from incidents.rules.permissions import GRANTS, Permission, Role
from incidents.settings import Settings
from incidents.work import SilentBell
from tests.conftest import fresh_database, headers_by_role, opened, web
from tests.factories import make_keyring, uuid7

# Doors without a token, each with what guards it instead.
OPEN = {
    ("GET", "/health"): "tells nothing",
    ("POST", "/webhooks/detections"): "signed by the detection tool",
    ("POST", "/webhooks/resend/events"): "signed by Resend",
    ("POST", "/webhooks/sendgrid/events"): "signed by SendGrid",
    ("POST", "/webhooks/twilio/alarms/{token}"): "signed by Twilio",
    ("POST", "/webhooks/twilio/calls"): "signed by Twilio",
    ("POST", "/webhooks/twilio/sms"): "signed by Twilio",
    ("POST", "/webhooks/twilio/status"): "signed by Twilio",
}
ROUTES = [
    route
    for router in (receipts.router, *ROUTERS)
    for route in router.routes
    if isinstance(route, APIRoute)
]
GUARDED = [route for route in ROUTES if isinstance(route, GuardedRoute)]


def asked(route: APIRoute) -> tuple[str, str]:
    (method,) = route.methods
    return method, route.path.removeprefix(API)


def test_a_route_without_a_token_is_one_that_we_know():
    assert {asked(route) for route in ROUTES if route not in GUARDED} == set(OPEN)


@pytest.fixture(scope="module")
def door(request, tmp_path_factory):
    """A client and `as_role`, made once: what is asked here changes nothing that matters."""
    folder = tmp_path_factory.mktemp("routes")
    with fresh_database(request, folder) as url:
        settings = Settings(data_folder=folder, database_url=url)
        keyring = make_keyring(folder / "keys")
        with (
            opened(settings, keyring, SystemClock(), SilentBell()) as office,
            web(office) as client,
        ):
            yield client, headers_by_role(office)


@pytest.mark.parametrize("path", [path for _, path in OPEN if path.startswith("/webhooks")])
def test_a_webhook_refuses_what_nobody_signed(door, path):
    client, _ = door
    assert client.post(f"/api/v1{path}", json={}).status_code in {400, 401, 403, 404}


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: " ".join(asked(route)))
def test_a_route_answers_each_role_as_its_policy_says(door, route):
    client, as_role = door
    method, path = asked(route)
    needed = Permission(route.openapi_extra["x-permission"])
    url = "/api/v1" + re.sub(r"{[^}]*}", lambda _: str(uuid7()), path)
    assert client.request(method, url).status_code == 401
    for role in Role:
        answer = client.request(method, url, headers=as_role(role))
        assert answer.status_code < 500, (role, answer.text)
        assert answer.status_code != 401, (role, answer.text)
        assert (answer.status_code == 403) == (needed not in GRANTS[role]), (role, answer.text)


def test_every_route_says_in_its_documentation_what_it_needs(door):
    client, _ = door
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for route in GUARDED:
        method, path = asked(route)
        assert paths["/api/v1" + path][method.lower()]["x-permission"] in set(Permission)
