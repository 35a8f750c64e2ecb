import subprocess
import sys
import time
from pathlib import Path

import pytest

from incidents import failpoints

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def disarmed():
    yield
    failpoints.arm("")


def test_nothing_happens_where_nothing_was_asked_for():
    failpoints.arm("recorded=kill")
    for place in set(failpoints.PLACES) - {"recorded"}:
        failpoints.reach(place)


def test_a_process_freezes_once():
    failpoints.arm("intended=sleep:0.2")
    begun = time.monotonic()
    failpoints.reach("intended")
    failpoints.reach("intended")
    assert 0.2 <= time.monotonic() - begun < 0.4


def test_a_process_is_killed_where_it_was_asked_for():
    code = "from incidents import failpoints; failpoints.reach('leased'); print('alive')"
    environment = {"TOCSIN_FAILPOINTS": "leased=kill", "PATH": ""}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == -9
    assert ended.stdout == b""


@pytest.mark.parametrize("asked", ["somewhere=kill", "leased=burn", "leased=sleep", "leased"])
def test_a_place_or_an_action_that_is_none_is_refused(asked):
    with pytest.raises(ValueError, match=r"no such failpoint|could not convert"):
        failpoints.arm(asked)


def test_every_failpoint_stands_in_the_sending_path():
    code = "".join(path.read_text() for path in (ROOT / "incidents/services").glob("*.py"))
    for place in failpoints.PLACES:
        assert code.count(f'failpoints.reach("{place}")') == 1, place
