"""What a bundle is made of, as its verifier reads it: no imports but the tree's arithmetic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from incidents.audit.merkle import (
    TILE,
    Frontier,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from incidents.audit.note import Head

_LONGEST_LINE = 1_000_000
_ENTRY, _BODY, _TILE, _SINCE = b'{"seq":', b',"body":', b'{"tile":', b'{"since":'


class Bad(Exception):
    """Something is wrong: what, and from which seq on."""

    def __init__(self, reason: str, seq: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seq = seq


class Lines:
    """The lines of a file, one ahead."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0
        self.line = b""
        self.take()

    def take(self) -> bytes:
        """The current line; the next becomes current. Empty at the end."""
        taken, self.line = self.line, self._file.readline(_LONGEST_LINE)
        self.number += 1
        return taken


@dataclass(frozen=True, slots=True)
class Remembered:
    """The head seen last time, and whose it was."""

    key: str
    size: int
    root: bytes

    @classmethod
    def load(cls, path: Path | None) -> Remembered | None:
        """What the file remembers; None without a file."""
        if path is None or not path.exists():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(kept["key"], kept["size"], bytes.fromhex(kept["root"]))

    def keep(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        kept = {"key": self.key, "size": self.size, "root": self.root.hex()}
        draft = path.with_name(f"{path.name}.new")
        draft.write_text(json.dumps(kept) + "\n", encoding="utf-8")
        draft.replace(path)


class Whole:
    """The trail from its first entry on: the tree is built again, tile by tile."""

    def __init__(self, heads: Sequence[Head], seen: Remembered | None) -> None:
        self.checked = 0
        self._size = heads[-1].size
        self._roots = {head.size: head.root for head in heads}
        self._seen = seen
        self._tiles = Frontier()
        self._row: list[bytes] = []  # the leaves since the last full tile
        self._signed = 0  # entries below this lead to a signed head
        self._gone: list[list[int]] = []  # runs of entries without a body: [first, stop]
        self._pruned_below = 0

    def read(self, lines: Lines) -> None:
        """Take every entry line, and the tile lines between them."""
        stops = {*self._roots, *([self._seen.size] if self._seen else [])}
        row, seq = self._row, 0
        while lines.line.startswith(_ENTRY):
            line = lines.take()
            head, _, rest = line.partition(_BODY)
            body = rest[:-2]
            leaf = sha256(b"\0" + body).digest()
            exact = b'{"seq":%d,"leaf":"%s"' % (seq, leaf.hex().encode())
            if head != exact or rest[-2:] != b"}\n":
                leaf = self._bodiless(line, seq)
            elif b'"audit.prune"' in body:
                self._note_pruning(json.loads(body))
            row.append(leaf)
            seq += 1
            if len(row) == TILE:
                self._close_tile(lines, seq)
            if seq in stops:
                self._compare(seq)
            self.checked = seq
        self._finish(seq)

    def _bodiless(self, line: bytes, seq: int) -> bytes:
        """The leaf of a pruned entry; Bad for every other reason not to fit."""
        shown = _parsed(line, seq)
        if shown["seq"] > seq:
            raise Bad(f"entry {seq} is missing: {shown['seq']} follows", seq)
        if shown["seq"] < seq:
            raise Bad(f"entry {shown['seq']} stands where {seq} belongs: slipped in", seq)
        if shown["body"] is not None:
            raise Bad("its body does not give its leaf: one of them was changed", seq)
        if self._gone and self._gone[-1][1] == seq:
            self._gone[-1][1] = seq + 1
        else:
            self._gone.append([seq, seq + 1])
        return bytes.fromhex(shown["leaf"])

    def _note_pruning(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "audit.prune":
            self._pruned_below = max(self._pruned_below, entry["detail"]["below"])

    def _close_tile(self, lines: Lines, seq: int) -> None:
        """A full tile: compare it with the one kept, which narrows the search."""
        tile = root_of(self._row)
        self._row.clear()
        self._tiles.append(tile)
        if lines.line.startswith(_TILE) and json.loads(lines.take())["hash"] != tile.hex():
            first = max(seq - TILE, self._signed)
            raise Bad(f"among entries {first} to {seq - 1} one was changed with its leaf", first)

    def _compare(self, size: int) -> None:
        """The tree as it is now with what was signed, or seen, at this size."""
        root = self._tiles.root(root_of(self._row) if self._row else None)
        if self._roots.get(size, root) != root:
            raise Bad(
                f"entries {self._signed} to {size - 1} do not lead to the head signed at {size}:"
                " one was changed, swapped, added or taken away",
                self._signed,
            )
        if self._seen and self._seen.size == size and self._seen.root != root:
            raise Bad(f"the first {size} entries are not those last seen: history was rewritten", 0)
        self._signed = size if size in self._roots else self._signed

    def _finish(self, seq: int) -> None:
        if seq < self._size:
            raise Bad(f"entry {seq} is missing: the trail goes on to {self._size - 1}", seq)
        if seq > self._size:
            raise Bad(f"entry {self._size} is beyond the signed head", self._size)
        for first, stop in self._gone:
            if stop > self._pruned_below:
                missing = max(first, self._pruned_below)
                raise Bad("its body is gone, and no pruning is on record for it", missing)


class Selection:
    """Some entries, each with the proof that it is in the signed tree."""

    def __init__(
        self, head: Head, seen: Remembered | None, start: int, stop: int, *, gapless: bool
    ) -> None:
        self.checked = 0
        self._head = head
        self._seen = seen
        self._range = range(start, stop)
        self._gapless = gapless

    def read(self, lines: Lines) -> None:
        """Take the consistency proof, if any, and every entry line."""
        since = json.loads(lines.take()) if lines.line.startswith(_SINCE) else None
        if self._seen:
            self._grew_from(self._seen, since)
        last: int | None = None
        while lines.line.startswith(_ENTRY):
            last = self._entry(lines.take(), last)
            self.checked += 1
        if self._gapless and self.checked != len(self._range):
            missing = self._range[self.checked]
            raise Bad(f"entry {missing} is missing: the range goes on", missing)

    def _grew_from(self, seen: Remembered, since: dict[str, Any] | None) -> None:
        if since is None and seen.size != self._head.size:
            raise Bad(f"no proof that the trail grew from the {seen.size} entries last seen")
        if since is not None and since["since"] != seen.size:
            raise Bad(f"the proof starts at {since['since']}, last seen were {seen.size} entries")
        proof = _hashes(since["proof"], None) if since else []
        if not verify_consistency(seen.size, self._head.size, seen.root, self._head.root, proof):
            raise Bad("the trail did not grow from the one last seen: history was rewritten", 0)

    def _entry(self, line: bytes, last: int | None) -> int:
        expected = self._range.start if last is None else last + 1
        shown = _parsed(line, expected if self._gapless else None)
        seq = int(shown["seq"])
        if seq not in self._range or (self._gapless and seq != expected):
            raise Bad(f"entry {expected} is missing: {seq} follows", expected)
        if shown["after"] != last:
            raise Bad(f"entry {shown['after']} is missing before {seq}", shown["after"])
        if shown["body"] is None:
            raise Bad("its body is gone: only the whole trail tells whether it was pruned", seq)
        leaf = leaf_hash(line.partition(_BODY)[2][:-2])
        if leaf.hex() != shown["leaf"]:
            raise Bad("its body does not give its leaf: one of them was changed", seq)
        proof = _hashes(shown["proof"], seq)
        if not verify_inclusion(leaf, seq, self._head.size, proof, self._head.root):
            raise Bad("its proof does not lead to the signed head", seq)
        return seq


def _parsed(line: bytes, seq: int | None) -> dict[str, Any]:
    try:
        shown: dict[str, Any] = json.loads(line)
        return {"after": None, "proof": [], "body": None} | shown
    except (ValueError, KeyError):
        raise Bad("its line cannot be read", seq) from None


def _hashes(parts: Sequence[str], seq: int | None) -> list[bytes]:
    """Hashes from hex, in the one way that we write them."""
    found = [bytes.fromhex(part) for part in parts]
    if [value.hex() for value in found] != parts:
        raise Bad("its proof is not written as we write it", seq)
    return found
