"""Every bell that is rung has a task, and every task a queue that workers hear."""

import ast
import fnmatch
from pathlib import Path

import pytest

import celeryconfig
from incidents.tasks import TASKS

INCIDENTS = Path(__file__).parents[2] / "incidents"


def rung() -> set[str]:
    """The name of each `….ring("name", …)` in our code."""
    return {
        node.args[0].value
        for path in INCIDENTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "ring"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_bell_has_a_task():
    assert "incidents.review" in rung()
    assert rung() - set(TASKS) == set()


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_has_one_queue(name):
    queues = [
        route["queue"]
        for pattern, route in celeryconfig.task_routes.items()
        if fnmatch.fnmatch(name, pattern)
    ]
    assert len(queues) == 1
