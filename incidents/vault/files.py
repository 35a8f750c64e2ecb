"""Key files: created once, mode 0600, refused when others may read them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from incidents.vault.errors import KeyFileExposed


def read_secret(path: Path) -> str:
    """The text of a key file; KeyFileExposed when its group or others may read it."""
    with path.open(encoding="ascii") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise KeyFileExposed(f"{path} has mode {mode:04o}: run chmod 600 on it")
        return file.read()


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The text of a key file, which the first process to come here creates.

    The file appears whole or not at all, so two processes that start together read the
    same key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{uuid4().hex}")
        write_secret(draft, make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # somebody else was first: theirs counts
        finally:
            draft.unlink()
    return read_secret(path)


def replace_secret(path: Path, text: str) -> None:
    """Put a new text in place of a key file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    write_secret(draft, text)
    draft.replace(path)


def write_secret(path: Path, text: str) -> None:
    """A new file of mode 0600, on disk before this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
