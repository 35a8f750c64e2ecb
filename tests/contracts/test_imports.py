"""Arrows point down, and the pure parts stay pure."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_keep_to_their_contracts():
    # In a process of its own: the linter silences every logger that it finds.
    code = "from importlinter.cli import lint_imports; print(lint_imports(no_cache=True))"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert " 0 broken." in told, told


def test_celery_constants_import_nothing_of_ours():
    code = "import celeryconfig, sys; assert not {'incidents', 'celery'} & set(sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
