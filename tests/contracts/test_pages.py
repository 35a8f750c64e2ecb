"""What pages tell readers to type exists: commands with their options, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from incidents.cli.main import app
from incidents.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ("docs", "docs/how-to", "docs/decisions", "docs/reference")
PAGES = [file for folder in (".", *DOCS) for file in sorted((ROOT / folder).glob("*.md"))]
TYPED = re.compile(r"\btocsin ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^`\n#|]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# Read from the environment by the command and by the tests, which have no settings.
ELSEWHERE = {"TOKEN", "URL", "TEST_SEED"}


def missing(text: str) -> Iterator[str]:
    """Commands and options in a text that there are not."""
    nouns = get_command(app).commands  # type: ignore[attr-defined]
    for noun, verb, rest in TYPED.findall(text):
        command = nouns.get(noun)
        if verb and hasattr(command, "commands"):
            command = command.commands.get(verb)
        if command is None:
            yield f"tocsin {noun} {verb}"
            continue
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        yield from (f"tocsin {noun} {verb} {one}" for one in set(OPTION.findall(rest)) - known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    assert list(missing(page.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "text", ["tocsin campain list", "tocsin campaign lunch INC", "tocsin campaign list --when x"]
)
def test_a_command_that_is_not_there_is_found(text: str) -> None:
    assert len(list(missing(text))) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"\bTOCSIN_([A-Z]+(?:_[A-Z]+)*)", page.read_text("utf-8")))
    assert named - {name.upper() for name in Settings.model_fields} - ELSEWHERE == set()
