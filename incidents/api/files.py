"""Sending a file that was made for one answer."""

from collections.abc import Iterator
from typing import IO

from fastapi.responses import StreamingResponse

_CHUNK_BYTES = 256 * 1024


def streamed(file: IO[bytes], media_type: str, name: str) -> StreamingResponse:
    """A file as an answer, told piece by piece and closed after the last."""
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_told(file), media_type=media_type, headers=named)


def _told(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
