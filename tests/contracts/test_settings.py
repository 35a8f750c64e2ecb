"""Every setting has a line in the documentation, and the page says what the code says."""

import runpy
from pathlib import Path

from incidents.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_the_page_of_settings_is_drawn_from_the_code():
    drawn = runpy.run_path(str(REFERENCE / "make_settings.py"))["page"]()
    assert (REFERENCE / "settings.md").read_text() == drawn, "run make docs"


def test_every_setting_says_what_it_is():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
