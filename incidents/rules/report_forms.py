"""The forms of authorities: what each asks at which stage, and which rule of the law it answers.

A form is data: `templates/reports/<form>/form.yaml`. What its fields are called, in each
language, stands in `templates/reports/words/<locale>.yaml`; which facts answer them in
`templates/reports/fields.yaml`. All are read once and checked against one another.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from incidents.errors import CatalogueError, NotFound
from incidents.rules.facts import FACTS
from incidents.rules.report_text import FOLDER, words_of

Stage = Literal["early_warning", "initial", "intermediate", "supplementary", "final", "withdrawn"]
STAGES: tuple[Stage, ...] = get_args(Stage)
# From which stage on an unknown answer counts as missing; `if_any` never does.
NEEDED = (*STAGES[:-1], "if_any")
# The form of whoever has none of their own.
FALLBACK: Mapping[str, str] = {"media": "press", "consumer_reporting_agencies": "us_cra"}
# How the other stages of a duty are called on a form.
_CALLED: Mapping[str, Stage] = {"single": "initial", "annual": "final"}
Texts = dict[str, str]


class Frozen(BaseModel):
    """A value that nobody changes and that holds nothing unforeseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FormSection(Frozen):
    """A heading of a form and the fields under it, by the stage that should know them.

    stages  the stages that have this section
    prose   printed as paragraphs, not as a table
    """

    title: Texts
    stages: tuple[Stage, ...] = STAGES
    prose: bool = False
    early_warning: tuple[str, ...] = ()
    initial: tuple[str, ...] = ()
    intermediate: tuple[str, ...] = ()
    supplementary: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    if_any: tuple[str, ...] = ()

    def fields(self) -> Iterator[tuple[str, str]]:
        """Each field's name with the stage that should know it."""
        for needed in NEEDED:
            yield from ((name, needed) for name in getattr(self, needed))


class Form(Frozen):
    """An authority's form.

    locales      the authority's language first
    by_place     whose authorities read another of them first, by place of establishment
    zone         of the clock times that it prints
    rules        beginnings of the ids of the rules that it answers; none: for whoever has no other
    authority    who reads it; empty: as the law names them
    stage_names  what the authority calls the stages, where that differs from our words
    unknown      what stands for an answer that is not known yet, where the law wants such words
    source       the law's own citation, or one for each language
    hint         for whoever fills it in; never printed
    """

    id: str
    version: str
    locales: tuple[str, ...]
    by_place: dict[str, str] = {}
    zone: str
    audience: Literal["authority", "media", "consumer_reporting_agencies"] = "authority"
    rules: tuple[str, ...]
    stages: tuple[Stage, ...] = ("initial", "supplementary", "final", "withdrawn")
    title: Texts
    authority: Texts = {}
    stage_names: dict[Stage, Texts] = {}
    unknown: Texts = {}
    hint: str = ""
    source: str | Texts
    sections: tuple[FormSection, ...]

    def field_names(self) -> list[str]:
        """Every field of the form, in its order."""
        return [name for section in self.sections for name, _ in section.fields()]

    def locales_for(self, *places: str | None) -> tuple[str, ...]:
        """Its locales, that of the authority of the first of these places first."""
        codes = ((place or "")[:2] for place in places)
        first = next(
            (self.by_place[code] for code in codes if code in self.by_place), self.locales[0]
        )
        return (first, *(locale for locale in self.locales if locale != first))


def stage_on_form(stage: str) -> Stage:
    """What a form calls the stage of a duty: whatever is told once is its initial report."""
    called = _CALLED.get(stage, stage)
    return next(known for known in STAGES if known == called)


@cache
def forms() -> Mapping[str, Form]:
    """Every form there is, by its id."""
    return {file.parent.name: _read(file.parent.name) for file in FOLDER.glob("*/form.yaml")}


def form_named(form_id: str) -> Form:
    """The form with this id. Raises NotFound, naming those there are."""
    if form_id not in forms():
        raise NotFound(f"no report form {form_id!r}; there are: {', '.join(sorted(forms()))}")
    return forms()[form_id]


@cache
def form_for(rule_id: str, audience: str = "authority") -> Form:
    """The form that answers a rule of the law: the longest beginning named, else the fallback."""
    fits = [
        (len(prefix), form.id)
        for form in forms().values()
        for prefix in form.rules
        if form.audience == audience and f"{rule_id}-".startswith(f"{prefix}-")
    ]
    return forms()[max(fits)[1] if fits else FALLBACK.get(audience, "generic")]


def sources(name: str) -> tuple[str, ...]:
    """The facts that answer a field; none when a person has to."""
    return _library().get(name) or ((name,) if name in FACTS else ())


def label_of(name: str, locales: tuple[str, ...]) -> Texts:
    """What a field is called, in each of these locales."""
    return {locale: words_of(locale)["fields"][name] for locale in locales}


@cache
def _library() -> Mapping[str, tuple[str, ...]]:
    raw = yaml.safe_load((FOLDER / "fields.yaml").read_text("utf-8"))
    return {name: tuple(facts) for name, facts in raw.items()}


def _read(form_id: str) -> Form:
    file = FOLDER / form_id / "form.yaml"
    try:
        form = Form(id=form_id, **yaml.safe_load(file.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CatalogueError(f"reports/{form_id}/form.yaml", where, first["msg"]) from error
    for name, reason in _wrong(form):
        raise CatalogueError(f"reports/{form_id}/form.yaml", name, reason)
    return form


def _wrong(form: Form) -> Iterator[tuple[str, str]]:
    """What a form says that its words, its stages or the facts do not bear out."""
    for name in form.field_names():
        yield from _wrong_field(form, name)
    for texts in _texts(form):
        if set(texts) != set(form.locales):
            yield str(texts), f"wants exactly the locales {', '.join(form.locales)}"
    for section in form.sections:
        for stage in NEEDED[:-1]:
            if getattr(section, stage) and stage not in form.stages:
                yield stage, "is no stage of this form"


def _wrong_field(form: Form, name: str) -> Iterator[tuple[str, str]]:
    if name not in _library():
        yield name, "not in fields.yaml"
    for locale in form.locales:
        if name not in words_of(locale)["fields"]:
            yield name, f"has no label in words/{locale}.yaml"
    for fact in _library().get(name, ()):
        if fact not in FACTS:
            yield name, f"fields.yaml: no fact is called {fact!r}"


def _texts(form: Form) -> Iterator[Mapping[str, Any]]:
    yield form.title
    yield from form.stage_names.values()
    yield from (texts for texts in (form.authority, form.unknown) if texts)
    if not isinstance(form.source, str):
        yield form.source
    yield from (section.title for section in form.sections)
