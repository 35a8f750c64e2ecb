"""What can be wrong with a playbook or a scenario: always the file, the field and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class PlaybookError(Exception):
    """A playbook or scenario cannot be used as it stands.

    file   the file's name, or `<text>` when it came from elsewhere
    field  where in it, such as `steps[3].when`
    why    what is wrong there
    """

    def __init__(self, file: str, field: str, why: str) -> None:
        super().__init__(f"{file}: {field}: {why}")
        self.file = file
        self.field = field
        self.why = why

    @classmethod
    def from_validation(cls, file: str, error: ValidationError) -> PlaybookError:
        """The first thing that the model refused, in a reader's words."""
        first = error.errors(include_url=False)[0]
        return cls(file, _path(first["loc"]), first["msg"])


def _path(parts: tuple[int | str, ...]) -> str:
    """`("steps", 3, "when")` as `steps[3].when`."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.lstrip(".") or "file"
