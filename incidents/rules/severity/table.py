"""The table of a method: its factors, their scales and sources, as its YAML file says them."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from incidents.rules.catalogue import read_document

_FOLDER = Path(__file__).parent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Part):
    """One value of a scale: what it means, what it counts, and cases for it."""

    meaning: str
    points: float = 0
    examples: tuple[str, ...] = ()


def _brief(raw: Any) -> Any:
    return {"meaning": raw} if isinstance(raw, str) else raw


class Factor(_Part):
    """One question of a method; its scale goes from the mildest value to the gravest."""

    name: str
    question: str
    scale: dict[str, Annotated[Choice, BeforeValidator(_brief)]] = Field(min_length=2)
    source: str


class Table(_Part):
    """A method as its source has it; levels go from the mildest to the gravest.

    thresholds  numbers that its rule compares with, by name
    """

    name: str
    title: str
    about: str
    source: str
    verified: str
    levels: dict[str, str]
    factors: tuple[Factor, ...]
    thresholds: dict[str, float] = {}

    def points(self, factor: str, value: str) -> float:
        """What a value of a factor counts."""
        return next(one for one in self.factors if one.name == factor).scale[value].points


@cache
def table(name: str) -> Table:
    """The table of a method, read once. Raises CatalogueError for one that is malformed."""
    file = f"{name}.yaml"
    return read_document(Table, (_FOLDER / file).read_bytes(), f"severity/{file}")
