"""Edits that name the version they were made on: nobody's change is lost to another's."""

from incidents.errors import Problem, StaleEdit


def check_version(current: int, read_version: int) -> None:
    """Refuse an edit of something that changed since it was read."""
    if current != read_version:
        raise StaleEdit(
            f"it changed since you read it: you read version {read_version}, it is at {current};"
            " read it again, then edit",
            Problem("If-Match", "is not the current version", f'now "{current}"'),
        )
