"""The pages of the API and of the command say what the code says."""

import runpy
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["api", "cli"])
def test_a_page_of_reference_is_drawn_from_the_code(name):
    drawn = runpy.run_path(str(REFERENCE / f"make_{name}.py"))["page"]()
    assert (REFERENCE / f"{name}.md").read_text() == drawn, "run make docs"
