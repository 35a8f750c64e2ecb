"""Checks one person's notice receipt alone: what was sent to them, when, and what came of it.

A receipt is a JSON file. It shows one person's leaves of a campaign's tree with the way from
each to the signed root, the words and the person's own part behind the hashes, and the entries
of the audit trail that tell of the same calls and of the same root. No imports but the tree's
arithmetic and the signature; nothing in a receipt is believed that no hash leads to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from incidents.audit.bundle_parts import Bad
from incidents.audit.merkle import leaf_hash, verify_inclusion
from incidents.audit.note import BadNote, Head, PublicKey, exact, origin_of

FORMAT = "tocsin notice receipt 1"
_PARTS = {"receipt", "key", "note", "told", "trail"}
_TOLD = {"leaf", "index", "proof", "salt", "person", "words", "recorded"}
_RECORDED = {"attempt", "index", "count", "proof", "entry"}
_TRAIL = {"note", "proved", "entries"}
_ENTRY = {"seq", "body", "proof"}


@dataclass(frozen=True, slots=True)
class ReceiptVerification:
    """What was found; `told` holds what each leaf says, in the order of the ladder."""

    ok: bool
    reason: str
    key: str
    key_trusted: bool
    told: Sequence[Mapping[str, Any]] = ()


def written(document: Mapping[str, Any]) -> bytes:
    """The bytes of a receipt: in one way only, so that a changed byte is a changed statement."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def words_hash(words: Mapping[str, str]) -> str:
    """The hash that an approval binds: of subject, text and HTML as they were frozen."""
    digest = sha256()
    for part in (words["subject"], words["text"], words["html"]):
        digest.update(len(part.encode()).to_bytes(8, "big") + part.encode())
    return digest.hexdigest()


def verify_receipt(content: bytes, *, key: str | None = None) -> ReceiptVerification:
    """Verify a receipt's bytes; never raises for what they hold.

    key  the public key (`name+hash+base64`) as published elsewhere
    """
    used, told = key or "", []
    try:
        document = _parsed(content)
        used = key or str(document["key"])
        told = _checked(document, PublicKey.parse(used))
    except Bad as bad:
        return ReceiptVerification(False, bad.reason, used, key is not None)
    except (BadNote, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = f"it cannot be read: {error}"
        return ReceiptVerification(False, reason, used, key is not None)
    return ReceiptVerification(True, "", used, key is not None, told)


def _parsed(content: bytes) -> dict[str, Any]:
    if content.startswith(b"%PDF"):
        raise Bad("this is its paper; what can be checked is notice-receipt.json, attached to it")
    try:
        document: dict[str, Any] = json.loads(content)
    except ValueError:
        raise Bad("it is no notice receipt: not JSON") from None
    if document.get("receipt") != FORMAT:
        raise Bad("not a notice receipt of a version we know")
    if written(document) != content:
        raise Bad("it is not written as we write it")
    _only(document, _PARTS, "the receipt")
    return document


def _checked(document: Mapping[str, Any], key: PublicKey) -> list[dict[str, Any]]:
    if document["key"] != str(key):
        raise Bad("it names another key than the one it is checked with")
    campaign, number = origin_of(document["note"], key)
    head = exact(document["note"], key, document["note"].partition("\n")[0])
    trail = _trail(document["trail"], key)
    _proved(trail[document["trail"]["proved"]], campaign, number, head)
    if not document["told"]:
        raise Bad("it shows nothing of anybody")
    told = [_told(shown, campaign, head, trail) for shown in document["told"]]
    if len({leaf["person"] for leaf in told}) != 1:
        raise Bad("its leaves are of several people")
    return told


def _trail(shown: Mapping[str, Any], key: PublicKey) -> dict[int, dict[str, Any]]:
    """The entries of the audit trail that the receipt leans on, by their number in it."""
    _only(shown, _TRAIL, "the trail")
    head = exact(shown["note"], key)
    entries = {}
    for one in shown["entries"]:
        _only(one, _ENTRY, "an entry")
        leaf = leaf_hash(one["body"].encode())
        if not _leads(leaf, one["seq"], one["proof"], head):
            raise Bad(f"audit entry {one['seq']} does not lead to the signed head of the trail")
        entries[one["seq"]] = json.loads(one["body"])
    return entries


def _proved(entry: Mapping[str, Any], campaign: str, number: int, head: Head) -> None:
    """The root that the trail has on record is the one that was signed."""
    detail = entry["detail"]
    said = (entry["kind"], entry["subject"]["id"], detail["number"], detail["size"], detail["root"])
    if said != ("campaign.prove", campaign, number, head.size, head.root.hex()):
        raise Bad("the trail has another root on record for this proof")


def _told(
    shown: Mapping[str, Any], campaign: str, head: Head, trail: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """One leaf, with what stands behind its hashes."""
    _only(shown, _TOLD, "a leaf")
    leaf: dict[str, Any] = json.loads(shown["leaf"])
    where = f"on rung {leaf['rung']}"
    if not _leads(leaf_hash(shown["leaf"].encode()), shown["index"], shown["proof"], head):
        raise Bad(f"what is said {where} does not lead to the signed root")
    if leaf["campaign"] != campaign:
        raise Bad(f"what is said {where} is of another campaign")
    if sha256(_hex(shown["salt"]) + shown["person"].encode()).hexdigest() != leaf["fields"]:
        raise Bad(f"address and name {where} are not those that were used")
    if leaf["words"] and words_hash(shown["words"]) != leaf["words"]:
        raise Bad(f"the words {where} are not those that were sent")
    _only(shown["words"], {"subject", "text", "html"} if leaf["words"] else set(), "the words")
    calls = {call["id"]: call for call in leaf["attempts"]}
    for one in shown["recorded"]:
        _recorded(one, calls, trail)
    return leaf | {"sent": shown["words"], "own": json.loads(shown["person"])}


def _recorded(
    shown: Mapping[str, Any],
    calls: Mapping[str, Mapping[str, Any]],
    trail: Mapping[int, Mapping[str, Any]],
) -> None:
    """The trail holds the same call: it was recorded when it was answered, not for the proof."""
    _only(shown, _RECORDED, "a call")
    attempt, ordinal, epoch, body, outcome, status, ref = json.loads(shown["attempt"])
    call = calls[f"{attempt[:8]}-{attempt[8:12]}-{attempt[12:16]}-{attempt[16:20]}-{attempt[20:]}"]
    said = (call["epoch"], call["sha256"], call["outcome"], call.get("status"), call["ref"])
    if said != (epoch, body, outcome, status, ref):
        raise Bad(f"call {call['id']} ended otherwise than the trail has it")
    entry = trail[shown["entry"]]
    detail = entry["detail"]
    head = Head("", detail["count"], bytes.fromhex(detail["root"]))
    leaf = leaf_hash(shown["attempt"].encode())
    if entry["kind"] != "sending.record" or shown["count"] != detail["count"]:
        raise Bad(f"audit entry {shown['entry']} records no calls")
    if not _leads(leaf, shown["index"], shown["proof"], head):
        raise Bad(f"audit entry {shown['entry']} does not record call {call['id']} ({ordinal})")


def _leads(leaf: bytes, index: int, proof: Sequence[str], head: Head) -> bool:
    return verify_inclusion(leaf, index, head.size, [_hex(one) for one in proof], head.root)


def _hex(text: str) -> bytes:
    value = bytes.fromhex(text)
    if value.hex() != text:
        raise Bad("a hash is not written as we write it")
    return value


def _only(shown: Mapping[str, Any], names: set[str], what: str) -> None:
    if set(shown) != names:
        raise Bad(f"{what} holds other things than it should")


def heard(leaf: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What was heard since, for reading: of a call that was confirmed, its end is no silence."""
    confirmed = {said["ref"] for said in leaf["receipts"] if said["kind"] == "delivered"}
    for said in leaf["receipts"]:
        is_end = said["kind"] == "unanswered" and said["ref"] in confirmed
        yield said | {"kind": "ended", "code": ""} if is_end else said


def describe(result: ReceiptVerification) -> str:
    """The result in words."""
    if not result.ok:
        return f"NOT SOUND: {result.reason}"
    lines = ["Sound: signed, recorded in the audit trail, and about one person alone."]
    for leaf in result.told:
        lines += _lines(leaf)
    if not result.key_trusted:
        lines.append(
            f"The key came from the file itself; compare it with the published one: {result.key}"
        )
    return "\n".join(lines)


def _lines(leaf: Mapping[str, Any]) -> list[str]:
    who = " ".join(filter(None, (leaf["own"]["fields"].get("name"), leaf["own"]["address"])))
    how = f"{leaf['channel'] or 'no channel'} by {leaf['provider'] or 'nobody'}"
    why = f" ({leaf['why']})" if leaf["why"] else ""
    became = "tried, then moved on" if leaf["bucket"] == "left" else leaf["bucket"]
    lines = [f"  {who}: {how}: {became}{why}"]
    events = [
        (call["ended"] or call["began"], call["outcome"], call["ref"]) for call in leaf["attempts"]
    ] + [(said["at"], said["kind"], said["code"], said["ref"]) for said in heard(leaf)]
    lines += [f"    {'  '.join(filter(None, event))}" for event in events]
    if leaf["words"]:
        lines.append(f"    words {leaf['words']}")
    return lines
