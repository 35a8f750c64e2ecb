"""What a crash may not undo: a file's name lives in its folder, which is flushed apart."""

import os
from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Have names that were made or changed in a folder on the disk before this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
