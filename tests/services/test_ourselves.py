import pytest

from incidents.errors import InvalidInput
from incidents.office import open_office
from incidents.services.ourselves import own_facts
from incidents.settings import Settings


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
