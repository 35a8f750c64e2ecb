"""The laws, read from their files once: every rule by its id, pinned to its law's hash.

A law file holds two YAML documents: the law, and after `---` its worked examples. The hash is
that of the first alone: a new example pins no duty anew. The second is read when it is asked
for, by `worked_examples`.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import yaml
from pydantic import BaseModel, ValidationError

from incidents.errors import CatalogueError, NotFound
from incidents.rules import chains
from incidents.rules.legal_rule import Grades, LawFile, LegalRule
from incidents.rules.prepared import PreparedRule

LAW = Path(__file__).parent / "law"
Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class Law:
    """One file of law: where it lies, the hash of its first document, what that says."""

    path: str
    sha256: str
    content: LawFile


@dataclass(frozen=True)
class Catalogue:
    """All laws that were read; and what could not be, where somebody asked for the rest."""

    laws: tuple[Law, ...]
    unread: tuple[CatalogueError, ...] = field(default=(), compare=False)
    _of: dict[str, tuple[Law, LegalRule]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_of", dict(self._index()))

    def _index(self) -> Iterator[tuple[str, tuple[Law, LegalRule]]]:
        seen: dict[str, str] = {}
        for law in self.laws:
            for rule in law.content.rules:
                if rule.id in seen:
                    raise CatalogueError(law.path, rule.id, f"the id stands in {seen[rule.id]} too")
                seen[rule.id] = law.path
                yield rule.id, (law, rule)

    @property
    def rules(self) -> tuple[LegalRule, ...]:
        """Every rule, in the order of files and of the rules in them."""
        return tuple(rule for _, rule in self._of.values())

    @cached_property
    def in_order(self) -> tuple[PreparedRule, ...]:
        """Every rule, prepared to be judged; each after what its clock hangs on.

        Raises  BrokenChain  where clocks hang on one another in a circle
        """
        order = chains.in_order({id_: rule for id_, (_, rule) in self._of.items()})
        entries = (self._of[rule_id] for rule_id in order)
        return tuple(
            PreparedRule.of(rule, law.sha256, law.content.instrument.id) for law, rule in entries
        )

    def rule(self, rule_id: str) -> LegalRule:
        """One rule; NotFound if there is none of this id."""
        return self._entry(rule_id)[1]

    def version_of(self, rule_id: str) -> str:
        """The sha256 of the law that holds the rule: what a duty is pinned to."""
        return self._entry(rule_id)[0].sha256

    def around(self, rule_id: str) -> Catalogue:
        """The laws that decide one rule: its own, those that its clock hangs on, the grades."""
        self._entry(rule_id)
        rules = {id_: rule for id_, (_, rule) in self._of.items()}
        near = [self.law_of(link) for link in chains.chain_of(rule_id, rules)]
        near += [other for other in self.laws if other.content.grades]
        return Catalogue(tuple(dict.fromkeys(near)))

    def law_of(self, rule_id: str) -> Law:
        """The file that holds the rule."""
        return self._entry(rule_id)[0]

    def _entry(self, rule_id: str) -> tuple[Law, LegalRule]:
        try:
            return self._of[rule_id]
        except KeyError:
            raise NotFound(f"There is no rule {rule_id!r}.") from None

    @property
    def grades(self) -> Grades | None:
        """The Chinese grades, if their law was read."""
        return next((law.content.grades for law in self.laws if law.content.grades), None)

    @property
    def share_at(self) -> float | None:
        """Our own share of people unreachable from which an announcement is proposed."""
        return next((law.content.house.share_at for law in self.laws if law.content.house), None)

    @cached_property
    def sha256(self) -> str:
        """One hash for all files together."""
        return hash_of_all({law.path: law.sha256 for law in self.laws})


def hash_of_all(files: Mapping[str, str]) -> str:
    """One hash for files of law together: path -> hash of its first document."""
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@cache
def load(folder: Path = LAW) -> Catalogue:
    """Read every law below a folder; once per folder and process.

    Raises  CatalogueError  file, field and reason of the first thing that is wrong
    """
    return made_of(read_file(path, folder) for path in law_files(folder))


def made_of(laws: Iterable[Law]) -> Catalogue:
    """A catalogue of these laws. Raises CatalogueError where a clock hangs on none."""
    with _uncollected():
        catalogue = Catalogue(tuple(laws))
    _check_chains(catalogue)
    return catalogue


@contextmanager
def _uncollected() -> Iterator[None]:
    """All that is read here stays: looking for garbage in it takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@cache
def load_readable(folder: Path = LAW) -> Catalogue:
    """Every law below a folder that can be read; `unread` says which could not, and why."""
    laws: list[Law] = []
    unread: list[CatalogueError] = []
    for path in law_files(folder):
        try:
            laws.append(read_file(path, folder))
        except CatalogueError as error:
            unread.append(error)
    while True:
        try:
            catalogue = Catalogue(tuple(laws), tuple(unread))
            _check_chains(catalogue)
        except CatalogueError as error:
            unread.append(error)
            laws = [law for law in laws if law.path != error.file]
        else:
            return catalogue


def law_files(folder: Path) -> list[Path]:
    """Every law file below a folder. Raises CatalogueError where there is none."""
    paths = sorted(folder.rglob("*.yaml"))
    if not paths:
        raise CatalogueError(str(folder), "*.yaml", "there are no law files here")
    return paths


def read_file(path: Path, folder: Path) -> Law:
    """One law of a folder."""
    raw, _ = documents(path.read_bytes())
    return law_from(raw, path.relative_to(folder).as_posix())


# Packs share most of their laws: each text is read once for as long as anybody holds it.
_READ: WeakValueDictionary[tuple[str, str], Law] = WeakValueDictionary()


def law_from(raw: bytes, name: str) -> Law:
    """One law from the bytes of its document; `name` is its path, and said in errors."""
    sha256 = hashlib.sha256(raw).hexdigest()
    found = _READ.get((name, sha256))
    if found is None:
        found = _READ[name, sha256] = Law(name, sha256, read_law(raw, name))
    return found


def documents(raw: bytes) -> tuple[bytes, bytes]:
    """The two documents of a law file: the law, and its worked examples."""
    law, _, examples = raw.partition(b"\n---\n")
    return law, examples


def read_law(raw: bytes, name: str) -> LawFile:
    """One law from the bytes of its document; `name` is said in errors."""
    return read_document(LawFile, raw, name)


def read_document(shape: type[Document], raw: bytes, name: str) -> Document:
    """One YAML document in its shape; refused with file, field and reason."""
    try:
        data = yaml.load(raw, _Loader)  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        raise CatalogueError(name, _line(error), " ".join(str(error).split())) from None
    except UnicodeDecodeError as error:
        raise CatalogueError(name, f"byte {error.start}", "not UTF-8") from None
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = str(first["msg"]).removeprefix("Value error, ")
        raise CatalogueError(name, _field(first["loc"], data), why) from None


def _field(location: tuple[int | str, ...], data: Any) -> str:
    """`rules[eu-gdpr-33].clock.hours`: the path, with ids or names where a list has them."""
    path = ""
    for step in location:
        if isinstance(step, int):
            data = data[step]
            named = (data.get("id") or data.get("name")) if isinstance(data, Mapping) else None
            path += f"[{named or step}]"
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
            path += f".{step}" if path else step
    return path or "file"


def _line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else "file"


def _check_chains(catalogue: Catalogue) -> None:
    """Clocks that hang on others must have them, and come to an end."""
    try:
        chains.check({rule.id: rule for rule in catalogue.rules})
    except chains.BrokenChain as broken:
        path = catalogue.law_of(broken.rule).path
        raise CatalogueError(path, f"{broken.rule}.trigger.or_due_of", broken.why) from None


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Safe YAML that takes NO for Norway, not for false, and refuses a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                why = f"the key {key.value!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, why, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), list("tf"))
