"""The doctor says who is on duty, and refuses a house at work that could wake nobody."""

import pytest

from incidents.cli.rota_checks import people
from incidents.errors import IncidentsError
from incidents.rules.permissions import Role
from incidents.services import rota
from incidents.settings import Settings
from incidents.work import Actor
from tests.factories import TOCSIN, make_user


def test_a_house_at_work_needs_somebody_to_wake(office, settings):
    at_work = Settings(
        data_folder=settings.data_folder,
        database_url=settings.database_url,
        broker_url="redis://127.0.0.1:1/0",
    )
    assert "no commander and no privacy officer" in people(settings)
    with pytest.raises(IncidentsError, match="nobody now"):
        people(at_work)
    with office.work(TOCSIN) as work:
        kim = make_user(work, "commander", name="kim")
        work.actor = Actor.with_roles(kim.id, kim.name, Role.COMMANDER)
        rota.set_contact(work, kim.id, "kim@example.com")
    told = people(at_work)
    assert told.startswith("kim now; there is no rota: commanders and privacy officers are woken")
