"""Whose token a command uses, and that a token is shown to no server but its own."""

from __future__ import annotations

import json
import stat

import pytest

from incidents.first_start import PEOPLE, first_people, remember_url
from incidents.kept_tokens import TOKENS_FILE, known_people, write_tokens


@pytest.fixture
def home(tmp_path):
    """The data folder of the command under test."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_the_first_start_makes_people_whose_tokens_only_their_owner_can_read(office, url):
    folder = office.settings.data_folder
    path = first_people(office, url)
    assert path == folder / TOKENS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert known_people(folder)[0] == url
    assert list(known_people(folder)[1]) == list(PEOPLE)


def test_a_second_start_makes_nobody(office, url):
    first_people(office, url)
    before = known_people(office.settings.data_folder)
    assert first_people(office, url) is None
    assert known_people(office.settings.data_folder) == before


def test_nobody_of_the_first_people_can_both_write_and_approve():
    assert not [roles for roles in PEOPLE.values() if "approver" in roles and len(roles) > 1]


def test_the_kept_tokens_follow_the_server_to_another_port(office, url):
    first_people(office, url)
    remember_url(office.settings, "http://127.0.0.1:9")
    assert known_people(office.settings.data_folder)[0] == "http://127.0.0.1:9"


def test_a_command_asks_as_the_first_person_or_as_the_one_named(office, url, home, tocsin):
    first_people(office, url)
    write_tokens(home, *known_people(office.settings.data_folder))
    made = tocsin("incident", "open", "other", "Something odd", "--json")
    assert json.loads(made.out)["number"]
    refused = tocsin("incident", "open", "other", "Something odd", "--as", "bo")
    assert refused.code == 1
    assert "ask reporter" in refused.err


def test_an_unknown_name_is_answered_with_those_there_are(home, tocsin):
    write_tokens(home, "http://127.0.0.1:9", {"ada-responder": "toc_live_x"})
    said = tocsin("incident", "list", "--as", "zoe")
    assert said.code == 2
    assert "ada-responder" in said.err


def test_a_kept_token_is_shown_to_no_other_server(home, tocsin, url):
    write_tokens(home, "http://127.0.0.1:9", {"ada-responder": "toc_live_x"})
    said = tocsin("incident", "list", "--url", url)
    assert said.code == 2
    assert "TOCSIN_TOKEN is not set" in said.err


def test_without_any_token_it_says_how_to_get_one(tocsin):
    said = tocsin("incident", "list")
    assert said.code == 2
    assert "tocsin token create" in said.err


def test_where_nobody_listens_the_exit_code_is_three(home, tocsin):
    write_tokens(home, "http://127.0.0.1:9", {"ada-responder": "toc_live_x"})
    said = tocsin("incident", "list")
    assert said.code == 3
    assert "tocsin serve" in said.err


def test_a_token_file_that_others_can_read_is_refused(home, tocsin):
    path = write_tokens(home, "http://127.0.0.1:9", {"ada-responder": "toc_live_x"})
    path.chmod(0o644)
    said = tocsin("incident", "list")
    assert said.code == 1
    assert "chmod 600" in said.err
