"""The printer's side of the fake: takes batches from a folder, checks them, tells what became.

As strict as a print house: a batch whose manifest and PDF do not fit together is left where it
is, under a name that says so. Every letter is `posted`; the share `bounce_share` comes back.
"""

from __future__ import annotations

import csv
import hashlib
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import orjson

from notifiers.fake.faults import Dice
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.providers.print_folder import MANIFEST, PrintFolder


class BadBatch(Exception):
    """A batch that no printer could print."""


class PrintHouse:
    """Looks after one folder."""

    def __init__(self, folder: Path, ledger: Ledger, dice: Dice) -> None:
        self._folder, self._ledger, self._dice = folder, ledger, dice

    def collect(self) -> int:
        """Take every batch that waits; how many were taken."""
        return sum(self._take(path) for path in sorted((self._folder / "outbox").glob("*.zip")))

    def _take(self, path: Path) -> bool:
        try:
            manifest = checked(path)
        except (BadBatch, zipfile.BadZipFile, KeyError, ValueError):
            path.replace(path.with_suffix(".refused"))
            return False
        pieces = [letter["piece"] for letter in manifest["letters"]]
        self._ledger.add(
            Accepted(
                PrintFolder.name,
                manifest["batch"],
                manifest["batch"],
                time.time(),
                [(piece, piece) for piece in pieces],
                {"pages": manifest["page_count"]},
            )
        )
        path.replace(self._folder / "taken" / path.name)
        if self._dice.faults.receipts:
            self._tell(manifest["batch"], pieces)
        return True

    def _tell(self, batch: str, pieces: list[str]) -> None:
        unfinished = self._folder / "statuses" / f".{batch}.part"
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("piece", "status", "at", "reason"))
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            for piece in pieces:
                lines.writerow((piece, "posted", now, ""))
                if zlib.crc32(piece.encode()) < self._dice.faults.bounce_share * 2**32:
                    lines.writerow((piece, "returned", now, "moved away"))
        unfinished.replace(unfinished.with_name(f"{batch}.csv"))


def checked(path: Path) -> dict[str, Any]:
    """The manifest of a batch that can be printed. Raises BadBatch, and what reading raises."""
    with zipfile.ZipFile(path) as archive:
        manifest: dict[str, Any] = orjson.loads(archive.read("manifest.json"))
        pdf = archive.read("letters.pdf")
    if manifest["format"] != MANIFEST or hashlib.sha256(pdf).hexdigest() != manifest["pdf_sha256"]:
        raise BadBatch("the PDF is not the one of the manifest")
    page = 0
    for letter in manifest["letters"]:
        if letter["first_page"] != page + 1 or letter["last_page"] < letter["first_page"]:
            raise BadBatch("the pages do not follow one another")
        page = letter["last_page"]
    if page != manifest["page_count"] or path.stem != manifest["batch"]:
        raise BadBatch("the manifest is not of this batch")
    return manifest
