"""A law pack: documents of law by their path, hashed, read into a catalogue; contracts among them.

A contract of ours is a file like any law. Its instrument's id begins with `contract.`, the ids
of its rules with `contract-`, and each rule names the customer in the place of the authority.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from incidents.errors import CatalogueError
from incidents.rules.catalogue import (
    Catalogue,
    Law,
    documents,
    hash_of_all,
    law_files,
    law_from,
    made_of,
)

# Path -> the bytes of the first document: the law without its worked examples.
Pack = Mapping[str, bytes]

CONTRACTS = "contracts/"


def read_folder(folder: Path) -> Pack:
    """Every law below a folder. Raises CatalogueError where there is none."""
    return {
        path.relative_to(folder).as_posix(): documents(path.read_bytes())[0]
        for path in law_files(folder)
    }


def read_contracts(folder: Path) -> Pack:
    """Every contract below a folder, if there is such a folder."""
    if not any(folder.rglob("*.yaml")):
        return {}
    return {CONTRACTS + path: raw for path, raw in read_folder(folder).items()}


def sha256_of(raw: bytes) -> str:
    """The hash of one law: what a duty is pinned to."""
    return hashlib.sha256(raw).hexdigest()


def hash_of(pack: Pack) -> str:
    """The hash of a whole pack; that of the catalogue made of it."""
    return hash_of_all({path: sha256_of(raw) for path, raw in pack.items()})


def catalogue_of(pack: Pack) -> Catalogue:
    """The laws of a pack, read.

    Raises  CatalogueError  file, field and reason of the first thing that is wrong
    """
    laws = [law_from(raw, path) for path, raw in sorted(pack.items())]
    for law in laws:
        check_contract(law)
    return made_of(laws)


def check_contract(law: Law) -> None:
    """Refuse a contract that could be taken for a law, or a law for a contract."""
    named = law.content.instrument.id.startswith("contract.")
    if law.path.startswith(CONTRACTS) and not named:
        why = "the id of a contract begins with contract."
        raise CatalogueError(law.path, "instrument.id", why)
    for rule in law.content.rules:
        field = f"rules[{rule.id}]"
        if is_contractual(rule.id) is not named:
            why = "rules of contracts, and no others, have ids that begin with contract-"
            raise CatalogueError(law.path, f"{field}.id", why)
        if named and rule.authority is None:
            why = "name the customer, or whoever else the contract is with"
            raise CatalogueError(law.path, f"{field}.authority", why)


def is_contractual(rule_id: str) -> bool:
    """Whether a rule is a clause of a contract of ours, not of a law."""
    return rule_id.startswith("contract-")
