"""Prints `settings.md`, drawn from the declarations in `incidents/settings.py`."""

import types
from pathlib import Path
from typing import Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from incidents.settings import Settings

HEAD = """\
# Settings

Read from the environment. With nothing set, Tocsin runs embedded: one process, SQLite in the
data folder, sandbox providers. Drawn from `incidents/settings.py` by `make docs`.

| variable | type | default | what it is |
|---|---|---|---|"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_row(*item) for item in Settings.model_fields.items())]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`TOCSIN_{name.upper()}`", _type(field.annotation), _default(field))
    return f"| {' | '.join(cells)} | {field.description} |"


def _type(annotation: object) -> str:
    if get_origin(annotation) is Literal:
        return " \\| ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in {Union, types.UnionType}:
        return " or ".join(_type(one) for one in get_args(annotation) if one is not type(None))
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, {"Path": "path", "SecretStr": "secret"}.get(name, name))


# What a default that follows from other settings is drawn from; no folder of this machine.
_DATA = "~/.local/share/tocsin"
_GIVEN = Settings(data_folder=Path(_DATA)).model_dump()


def _default(field: FieldInfo) -> str:
    if field.default_factory_takes_validated_data:
        return f"`{field.get_default(call_default_factory=True, validated_data=_GIVEN)}`"
    if field.default_factory is not None:
        return f"`{_DATA}`"
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, SecretStr):
        return "none"
    return f"`{field.default}`" if field.default not in {"", None} else "none"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
