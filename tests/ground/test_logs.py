"""No personal data in a log line, whoever writes it and however it gets there."""

import json
import logging
import uuid

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from incidents.logs import configure_logs, mask


@pytest.fixture
def _our_logs():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.com",
        "to=<anna.o'neil+news@mail.example.co.uk>",
        "DETAIL: Key (email)=(anna@example.com) already exists",
        "李雷@例子.example.cn",
        "+86 139 0000 0000",
        "+12025550143",
        "call 202-555-0143 or (202) 555-0143",
        "13900000000",
    ],
)
def test_what_looks_like_personal_data_is_masked(text):
    masked = mask(text)
    assert "[email]" in masked or "[phone]" in masked
    assert "anna" not in masked
    assert "0143" not in masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T19:56:41.123456Z",
        "2026-11-22 19:56:41,123",
        "INC-2026-0042 has 10000 people, 12 of 4000 unknown",
        str(uuid.UUID("0193a2b4-1111-7222-8333-944455556666")),
        "took 0.123456789012 s on 127.0.0.1:50123",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_we_need_to_read_stays(text):
    assert mask(text) == text


@pytest.mark.usefixtures("_our_logs")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_of_a_library_is_masked_too(capsys, log_format):
    configure_logs(log_format)
    try:
        raise ValueError("no such person: anna@example.com")
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", "+12025550143")
        structlog.get_logger("ours").warning("envelope refused", why="anna@example.com")
    written = capsys.readouterr().err
    assert "anna" not in written
    assert "5550143" not in written
    assert "ValueError" in written
    assert "envelope refused" in written
    if log_format == "json":
        assert [json.loads(line)["level"] for line in written.splitlines()] == ["error", "warning"]


@pytest.mark.usefixtures("_our_logs")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_variables_and_no_values_of_a_statement(capsys, office, log_format):
    configure_logs(log_format)
    secret = "Zanzibar"
    try:
        with office.engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": secret})
    except DBAPIError:
        structlog.get_logger("ours").exception("unforeseen")
    written = capsys.readouterr().err
    assert "nowhere" in written
    assert "Zanzibar" not in written.replace('secret = "Zanzibar"', "")


def test_the_secret_address_of_a_calendar_is_not_logged():
    line = '"GET /calendar/Zk3-0123456789_01234567890abc.ics HTTP/1.1" 200'
    assert mask(line) == '"GET /calendar/[secret].ics HTTP/1.1" 200'


@pytest.mark.usefixtures("_our_logs")
def test_a_callback_that_was_taken_gets_no_line_and_one_that_was_refused_does(capsys):
    configure_logs("json")
    log = logging.getLogger("uvicorn.access")
    asked = "/api/v1/webhooks/twilio/status?a=1&r=2.0"
    for path, status in ((asked, 200), (asked, 403), ("/api/v1/incidents", 200)):
        log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:50123", "POST", path, "1.1", status)
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"].split("HTTP/1.1")[1].strip('" ') for line in lines] == [
        "403",
        "200",
    ]
    assert "incidents" in lines[1]
