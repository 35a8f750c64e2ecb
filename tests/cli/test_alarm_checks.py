"""The doctor says whether alarms can ring, and whether anybody would notice if they could not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents.cli.alarm_checks import channels, sentinel
from incidents.errors import IncidentsError
from incidents.sentinel.kept import path_of
from incidents.settings import Settings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AT_WORK = {"broker_url": "redis://127.0.0.1:1/0"}
SMTP = {"email_provider": "smtp"}
SWITCH = {"dead_man_url": "https://switch.example.com/abc"}


def test_a_house_at_work_needs_a_channel_and_a_dead_mans_switch():
    with pytest.raises(IncidentsError, match="no channel wakes anybody"):
        channels(Settings(**AT_WORK, **SWITCH))
    with pytest.raises(IncidentsError, match="nobody would notice"):
        channels(Settings(**AT_WORK, **SMTP))
    assert "email" in channels(Settings(**AT_WORK, **SMTP, **SWITCH))


def test_whoever_tries_tocsin_out_is_told_but_not_refused():
    assert "no channel wakes anybody" in channels(Settings())


@pytest.fixture
def settings(tmp_path):
    settings = Settings(data_folder=tmp_path)
    path_of(settings).parent.mkdir()
    return settings


def keep(settings, age: timedelta, mode: int = 0o600):
    path_of(settings).write_text(json.dumps({"made_at": (NOW - age).isoformat()}))
    path_of(settings).chmod(mode)


def test_a_fresh_copy_is_well_and_a_stale_one_is_not(settings):
    assert "none has run" in sentinel(settings, NOW)
    keep(settings, timedelta(minutes=5))
    assert sentinel(settings, NOW) == "its copy is 300 s old"
    keep(settings, timedelta(minutes=6))
    with pytest.raises(IncidentsError, match="6 min old"):
        sentinel(settings, NOW)


def test_a_copy_that_others_may_read_is_not_well(settings):
    keep(settings, timedelta(minutes=1), mode=0o640)
    with pytest.raises(IncidentsError, match="mode 0640"):
        sentinel(settings, NOW)


def test_what_is_no_copy_is_told(settings):
    path_of(settings).write_text("nothing")
    path_of(settings).chmod(0o600)
    with pytest.raises(IncidentsError, match="is no copy"):
        sentinel(settings, NOW)
