"""Headings, labels and stock sentences of each language, read once from `templates/locales/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from incidents.errors import NotFound

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def page_locales() -> list[str]:
    """The locales that pages, headings and labels exist in."""
    return sorted(file.stem for file in (TEMPLATES / "locales").glob("*.yaml"))


@cache
def vocabulary(locale: str) -> Mapping[str, Any]:
    """What a locale calls things. Raises NotFound for a locale that has no words."""
    if locale not in page_locales():
        raise NotFound(
            f"no words for the locale {locale!r}; there are: {', '.join(page_locales())}"
        )
    return dict(yaml.safe_load((TEMPLATES / "locales" / f"{locale}.yaml").read_text("utf-8")))


def unnamed(locale: str) -> str:
    """What stands for `name` where a person's name is not known, so that the greeting reads."""
    return str(vocabulary(locale)["unnamed"])
