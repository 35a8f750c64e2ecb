"""The pages of the API and of the command say what the code says."""

import runpy
from pathlib import Path

import pytest

from incidents.rules.catalogue import load
from incidents.rules.worked_examples import of_law

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["api", "cli", "facts"])
def test_a_page_of_reference_is_drawn_from_the_code(name):
    drawn = runpy.run_path(str(REFERENCE / f"make_{name}.py"))["page"]()
    assert (REFERENCE / f"{name}.md").read_text() == drawn, "run make docs"


def test_the_pages_of_law_are_drawn_from_the_law_files_and_there_are_no_others():
    drawn = runpy.run_path(str(REFERENCE / "make_law.py"))["pages"]()
    folder = REFERENCE.parent / "law"
    written = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.md")}
    assert written == drawn, "run make docs"


def test_the_readme_counts_the_laws_as_they_are():
    laws = load().laws
    rules = sum(len(law.content.rules) for law in laws)
    examples = sum(len(some) for law in laws for some in of_law(law).values())
    places = {law.path.partition("/")[0] for law in laws} - {"house"}
    counted = (
        f"{rules} rules from {len(laws) - 1} instruments of {len(places)} places, with"
        f" {examples:,} worked examples"
    )
    readme = (REFERENCE.parents[1] / "README.md").read_text()
    assert counted in " ".join(readme.split())
