from dataclasses import replace

import pytest

from incidents.database.duties import duties_of
from incidents.errors import InvalidInput
from incidents.office import open_office
from incidents.services import facts, incidents
from incidents.services.ourselves import own_facts
from incidents.settings import Settings
from incidents.work import TOCSIN


def test_what_nobody_set_is_unknown_and_an_empty_list_is_an_answer():
    assert own_facts(Settings()) == {}
    assert own_facts(Settings(organisation_flags="")) == {"organisation_flags": []}


def test_settings_say_what_we_are():
    settings = Settings(
        establishment="DE",
        organisation_role="controller",
        organisation_flags="cii, network_operator",
    )
    assert own_facts(settings) == {
        "role": "controller",
        "establishment": "DE",
        "organisation_flags": ["network_operator", "cii"],
    }


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"organisation_flags": "cii,network_operater"}, "TOCSIN_ORGANISATION_FLAGS"),
        ({"organisation_role": "boss"}, "TOCSIN_ORGANISATION_ROLE"),
        ({"establishment": "Germany"}, "TOCSIN_ESTABLISHMENT"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_names_its_variable(tmp_path, given, variable):
    with pytest.raises(InvalidInput) as refused:
        open_office(Settings(data_folder=tmp_path, **given))
    (problem,) = refused.value.problems
    assert problem.field == variable
    assert problem.mend
    assert list(tmp_path.iterdir()) == []


def test_settings_fill_in_what_the_opener_did_not_say_and_nothing_else(office):
    said = {"establishment": "DE", "organisation_flags": "cii", "organisation_role": "processor"}
    ours = replace(office, settings=office.settings.model_copy(update=said))
    with ours.work(TOCSIN) as work:
        incident = incidents.open_incident(
            work,
            title="A laptop is gone",
            kind="lost_device",
            source="the reporter",
            facts={"role": "controller"},
        )
        sources = {row.name: (row.value, row.source) for row in facts.read(work, incident.id)}
    assert sources["role"] == ("controller", "the reporter")
    assert sources["establishment"] == ("DE", "settings")
    assert sources["organisation_flags"] == (["cii"], "settings")


def test_knowing_what_we_are_leaves_only_the_laws_that_may_bind_us_open(office):
    known = {
        "role": "controller",
        "people_by_place": {"DE": 12},
        "breach_kinds": ["confidentiality"],
    }

    def open_laws(**said):
        ours = replace(office, settings=office.settings.model_copy(update=said))
        with ours.work(TOCSIN) as work:
            incident = incidents.open_incident(
                work, title="A leak", kind="personal_data_leak", facts=known
            )
            duties = duties_of(work.session, incident.id)
            return {row.rule.partition("-")[0] for row in duties if row.status == "open"}

    assert open_laws(establishment="DE", organisation_flags="") <= {"eu", "de"}
    assert len(open_laws()) > 5
