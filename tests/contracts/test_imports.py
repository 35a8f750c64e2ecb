"""Arrows point down, and the pure parts stay pure."""

import os
import subprocess
import sys
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


def test_imports_keep_to_their_contracts(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    failed = lint_imports(no_cache=True)
    assert not failed, capsys.readouterr().out


def test_celery_constants_import_nothing_of_ours():
    code = "import celeryconfig, sys; assert not {'incidents', 'celery'} & set(sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
