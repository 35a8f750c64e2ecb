"""Playbooks from their files; whatever is wrong with one is told with file, field and reason."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from playbooks.errors import PlaybookError
from playbooks.playbook import Playbook

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARY = Path(__file__).parent / "library"

Model = TypeVar("Model", bound=BaseModel)


@cache
def load(folder: Path = LIBRARY) -> Mapping[str, Playbook]:
    """Every playbook of a folder by its id; read once per process."""
    return read_folder(folder, Playbook)


def parse(text: str, file: str = "<text>") -> Playbook:
    """One playbook from YAML text."""
    return read(text, file, Playbook)


def read_folder(folder: Path, model: type[Model]) -> Mapping[str, Model]:
    """All YAML files of a folder; each is named after the id of what it holds."""
    found: dict[str, Model] = {}
    for path in sorted(folder.glob("*.yaml")):
        one = read(path.read_text(encoding="utf-8"), path.name, model)
        name = str(one.id)  # type: ignore[attr-defined]
        if name != path.stem:
            raise PlaybookError(path.name, "id", f"is {name!r} but the file is named {path.stem!r}")
        found[name] = one
    if not found:
        raise PlaybookError(str(folder), "file", "the folder holds no *.yaml file")
    return MappingProxyType(found)


def read(text: str, file: str, model: type[Model]) -> Model:
    """YAML text as a model, or the PlaybookError that says what to mend."""
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 a SafeLoader that refuses doubled keys
    except yaml.YAMLError as error:
        raise PlaybookError(
            file, _line(error), f"not readable as YAML: {_reason(error)}"
        ) from error
    if not isinstance(raw, dict):
        raise PlaybookError(file, "file", "must be a mapping of fields")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise PlaybookError.from_validation(file, error) from error


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key written twice is an error: the first would be lost silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else "file"


def _reason(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)
