"""Whatever a door can call asks for a permission before it does anything else."""

import ast
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from incidents.errors import NotPermitted
from incidents.work import Actor
from tests.factories import uuid7

INCIDENTS = Path(__file__).parents[2] / "incidents"
DOORS = ("api", "console", "public", "cli", "cli.py", "tasks.py")
SERVICES = "incidents.services"
# What strangers may see, and what the door does on its own account.
NEEDS_NONE = {
    "announcements.public_list",
    "announcements.public_notice",
    "announcements.public_page",
    "idempotency.keep",
}


def called_by_doors() -> dict[str, Callable[..., Any]]:
    """`module.function` of each service function that some door mentions and that takes a work."""
    files = [path for door in DOORS for path in _files(INCIDENTS / door)]
    names = {name for path in files for name in _services_in(ast.parse(path.read_text()))}
    asked = sorted(names - NEEDS_NONE)
    return {name: found for name in asked if _takes_work(found := _import(name))}


def _files(door: Path) -> list[Path]:
    if door.is_dir():
        return sorted(door.rglob("*.py"))
    return [door] if door.exists() else []


def _services_in(tree: ast.Module) -> Iterator[str]:
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == SERVICES:
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{SERVICES}."):
            yield from (f"{node.module.removeprefix(SERVICES + '.')}.{a.name}" for a in node.names)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                yield f"{modules[name]}.{attribute}"


def _import(name: str) -> Any:
    module, _, function = name.partition(".")
    return getattr(import_module(f"{SERVICES}.{module}"), function)


def _takes_work(found: Any) -> bool:
    return (
        inspect.isfunction(found) and next(iter(inspect.signature(found).parameters), "") == "work"
    )


def _call(function: Callable[..., Any], work: Any) -> None:
    others = list(inspect.signature(function).parameters.values())[1:]
    needed = [
        one.name for one in others if one.default is one.empty and one.kind != one.VAR_KEYWORD
    ]
    result = function(work, **dict.fromkeys(needed, object()))
    if inspect.isgenerator(result):
        next(result)


@pytest.mark.parametrize(
    "function", [pytest.param(found, id=name) for name, found in called_by_doors().items()]
)
def test_a_service_function_first_asks_for_a_permission(office, function):
    nobody = Actor(uuid7(), "nobody", frozenset())
    with office.look(nobody) as work, pytest.raises(NotPermitted):
        _call(function, work)
