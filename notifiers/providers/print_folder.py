"""Letters, handed to a printer through a folder: a batch is one ZIP of a PDF and its manifest.

The printer (or whatever carries files to it) takes batches from `outbox/` and moves each to
`taken/` when it has it; it may put files with what became of letters into `statuses/`. A batch
bears the id of its attempt and appears in `outbox/` whole or not at all, so it can always be
told whether it was handed over, and the same batch is never there twice.

In `<attempt>.zip`: `letters.pdf`, every letter one after the other with all fonts embedded;
`manifest.json`, the PDF's SHA-256, the notice's reference and language, and for each letter its
number, its first and its last page. No name stands in the manifest.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    OutcomeKind,
    Person,
    Receipt,
)
from notifiers.errors import Ambiguous, BadSignature, Refused, Unavailable
from notifiers.letters.pieces import piece_of
from notifiers.letters.press import Letter, Press, Printed
from notifiers.letters.window import Window, lines_of
from notifiers.tokens import escaped, tokens_used

# A batch that a press prints in well under a second, and an operator still can look through.
MOST_LETTERS = 500
MANIFEST = "tocsin-letters/1"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP knows: equal input, equal bytes


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, as it stands on the sheet; address on one line."""

    name: str
    address: str = ""


class PrintFolder:
    """Letters through a folder.

    folder  is made, with its parts, where it does not exist
    """

    name = "print_folder"
    channel = Channel.LETTER
    capabilities = Capabilities(
        max_people=MOST_LETTERS,
        native_key=True,  # a batch bears its attempt's id: handed over again, it is there already
        echoes_attempt=True,
        looks_up=True,
        settle_seconds=0.0,  # the folder itself is looked at: it has no lag
        live=True,
    )

    def __init__(self, folder: Path, press: Press, window: Window, sender: Sender) -> None:
        self._folder, self._press, self._window, self._sender = folder, press, window, sender

    def body(self, envelope: Envelope) -> bytes:
        """The ZIP of a batch. Raises Refused, naming those whose address no window would show."""
        if not 1 <= len(envelope.people) <= MOST_LETTERS:
            raise Refused(f"a batch holds 1 to {MOST_LETTERS} letters, not {len(envelope.people)}")
        addresses = self._addresses(envelope.people)
        letters = [
            self._letter(envelope, number, person, address)
            for number, (person, address) in enumerate(
                zip(envelope.people, addresses, strict=True), start=1
            )
        ]
        printed = self._press.print(self._head(envelope), envelope.words.html, letters)
        return _zipped(
            {
                "letters.pdf": printed.pdf,
                "manifest.json": _manifest(envelope, letters, printed),
            }
        )

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Put the batch into the outbox, whole. Raises Unavailable, Ambiguous."""
        return await asyncio.to_thread(self._hand_over, envelope, body)

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Whether the batch is in the outbox, or was taken from it."""
        name = f"{query.attempt}.zip"
        try:
            for part in ("outbox", "taken"):
                if (self._folder / part / name).exists():
                    return Finding(FindingKind.FOUND, query.attempt, f"the batch is in {part}")
            there = (self._folder / "outbox").is_dir()
        except OSError as error:
            return Finding(FindingKind.CANNOT_TELL, evidence=f"folder: {type(error).__name__}")
        if not there:  # not mounted: it would look as if nothing had ever been handed over
            return Finding(FindingKind.CANNOT_TELL, evidence="the folder is not there")
        return Finding(FindingKind.ABSENT, evidence="the batch is in neither outbox nor taken")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """A printer posts no webhook: it leaves files, or somebody hands them in."""
        raise BadSignature("a printer sends no receipts")

    async def close(self) -> None:
        """Nothing is open."""

    def _addresses(self, people: tuple[Person, ...]) -> list[tuple[str, ...]]:
        """What stands in the window of each. Raises Refused, naming whose no window would show."""
        addresses = [self._window.broken(lines_of(person.address)) for person in people]
        flaws = {
            person.ref: flaw
            for person, lines in zip(people, addresses, strict=True)
            if (flaw := self._window.flaw(lines))
        }
        if flaws:
            raise Refused(next(iter(flaws.values())), refs=tuple(flaws))
        return addresses

    def _letter(
        self, envelope: Envelope, number: int, person: Person, address: tuple[str, ...]
    ) -> Letter:
        used = tokens_used(envelope.words, envelope.nonce)
        try:
            # What typst is given is text, whatever is in it: nothing to escape but line breaks.
            values = {mark: escaped(person.fields[field], "t") for mark, field, _ in used}
        except KeyError as missing:
            raise Refused(f"person {person.ref} has no field {missing}") from None
        return Letter(piece_of(UUID(hex=envelope.attempt), number), address, values)

    def _head(self, envelope: Envelope) -> Mapping[str, object]:
        language, _, script = envelope.locale.partition("-")
        return {
            "title": envelope.words.subject,
            "organisation": self._sender.name,
            "sender": " · ".join(filter(None, (self._sender.name, self._sender.address))),
            "lang": {"language": language, "script": script.lower() or "latn"},
        }

    def _hand_over(self, envelope: Envelope, body: bytes) -> Outcome:
        accepted = Outcome(OutcomeKind.ACCEPTED, provider_ref=envelope.attempt)
        name = f"{envelope.attempt}.zip"
        unfinished = self._folder / "outbox" / f".{name}.part"
        try:
            if (self._folder / "taken" / name).exists():
                return accepted
            self._prepare()
            _write(unfinished, body)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise Unavailable(f"print folder: {_plain(error)}") from error
        if envelope.not_after is not None and time.monotonic() > envelope.not_after:
            unfinished.unlink(missing_ok=True)
            raise Unavailable("out of time before handing over")
        try:
            unfinished.replace(self._folder / "outbox" / name)  # from here on it may be taken
            _flush(self._folder / "outbox")
        except OSError as error:
            raise Ambiguous(f"print folder: {_plain(error)}") from error
        return accepted

    def _prepare(self) -> None:
        for part in ("outbox", "taken", "statuses"):
            (self._folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)


def _manifest(envelope: Envelope, letters: list[Letter], printed: Printed) -> bytes:
    listed = [
        {"piece": letter.piece, "first_page": first, "last_page": last}
        for letter, (first, last) in zip(letters, printed.pages, strict=True)
    ]
    told = {
        "format": MANIFEST,
        "batch": envelope.attempt,
        "envelope": envelope.id,
        "reference": envelope.reference,
        "locale": envelope.locale,
        "pdf_sha256": hashlib.sha256(printed.pdf).hexdigest(),
        "page_count": printed.pages[-1][1],
        "letters": listed,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    return packed.getvalue()


def _write(path: Path, body: bytes) -> None:
    # For the printer's eyes and ours: names and addresses are in it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
