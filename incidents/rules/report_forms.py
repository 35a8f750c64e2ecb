"""Reports to authorities: which forms there are, and how facts fill one.

Not known is a value: every field that a form asks for stands in the report, and `missing`
names those that the stage should know by law. Pure but for reading the packaged forms once.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from incidents.errors import CatalogueError, InvalidInput, NotFound, Problem
from incidents.rules.facts import FACTS
from incidents.rules.report_text import labels, shown
from incidents.rules.vocabulary import TEMPLATES

Stage = Literal["initial", "supplementary", "final", "withdrawn"]
STAGES: tuple[Stage, ...] = ("initial", "supplementary", "final", "withdrawn")
# From which stage on an unknown answer counts as missing; `if_any` never does.
NEEDED = ("initial", "supplementary", "final", "if_any")
FOLDER = TEMPLATES / "reports"
Texts = dict[str, str]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FormSection(_Frozen):
    """A heading of a form and the fields under it, by the stage that should know them."""

    title: Texts
    stages: tuple[Stage, ...] = STAGES
    initial: tuple[str, ...] = ()
    supplementary: tuple[str, ...] = ()
    final: tuple[str, ...] = ()
    if_any: tuple[str, ...] = ()

    def fields(self) -> Iterator[tuple[str, str]]:
        """Each field's name with the stage that should know it."""
        for needed in NEEDED:
            yield from ((name, needed) for name in getattr(self, needed))


class Form(_Frozen):
    """An authority's form. locales: the authority's language first; zone: of its clock times."""

    id: str
    version: str
    locales: tuple[str, ...]
    zone: str
    rules: tuple[str, ...]
    title: Texts
    authority: Texts
    source: str
    sections: tuple[FormSection, ...]

    def field_names(self) -> list[str]:
        """Every field of the form, in its order."""
        return [name for section in self.sections for name, _ in section.fields()]


class ReportField(_Frozen):
    """One answer. value: None when not known yet; text: the answer in words, for each locale."""

    name: str
    label: Texts
    value: JsonValue
    text: Texts
    needs: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether the report can answer."""
        return self.value is not None


class ReportSection(_Frozen):
    """A heading and the answers under it."""

    title: Texts
    fields: tuple[ReportField, ...]


class Difference(_Frozen):
    """One answer that changed between two versions."""

    name: str
    label: Texts
    before: Texts
    after: Texts


class ReportContent(_Frozen):
    """One version of a report: what is filed, rendered and hashed. Holds no personal data."""

    form: str
    form_version: str
    stage: Stage
    filled_at: datetime
    locales: tuple[str, ...]
    zone: str
    title: Texts
    authority: Texts
    source: str
    sections: tuple[ReportSection, ...]
    missing: tuple[str, ...]
    changes: tuple[Difference, ...]
    answers: Annotated[dict[str, str], Field(default_factory=dict)]

    def fields(self) -> Iterator[ReportField]:
        """Every answer, in the order of the form."""
        return (field for section in self.sections for field in section.fields)


@cache
def forms() -> Mapping[str, Form]:
    """Every form there is, by its id."""
    return {file.parent.name: _read(file.parent.name) for file in FOLDER.glob("*/form.yaml")}


def form_named(form_id: str) -> Form:
    """The form with this id. Raises NotFound, naming those there are."""
    if form_id not in forms():
        raise NotFound(f"no report form {form_id!r}; there are: {', '.join(sorted(forms()))}")
    return forms()[form_id]


def form_for(rule_id: str) -> Form:
    """The form that answers a rule of the law: the longest prefix named, else the generic one."""
    fits = [
        (len(prefix), form.id)
        for form in forms().values()
        for prefix in form.rules
        if rule_id == prefix or rule_id.startswith(f"{prefix}-")
    ]
    return forms()[max(fits)[1] if fits else "generic"]


def fill(
    form: Form,
    facts: Mapping[str, Any],
    stage: Stage,
    previous: ReportContent | None = None,
    *,
    now: datetime,
    answers: Mapping[str, str] | None = None,
) -> ReportContent:
    """A version of a report from what is known.

    previous  the last version: answers that people typed are kept, differences are listed
    answers   typed by a person, by field name; they stand before what the facts say
    """
    given = {**(previous.answers if previous else {}), **_checked(form, answers or {})}
    sections = tuple(_filled(form, section, facts, stage, given) for section in form.sections)
    if stage == "withdrawn":
        sections = (_withdrawal(form, given), *sections)
    content = ReportContent(
        form=form.id,
        form_version=form.version,
        stage=stage,
        filled_at=now,
        locales=form.locales,
        zone=form.zone,
        title=form.title,
        authority=form.authority,
        source=form.source,
        sections=tuple(section for section in sections if section.fields),
        missing=(),
        changes=(),
        answers=given,
    )
    changes = tuple(differences(previous, content)) if previous else ()
    return content.model_copy(update={"missing": _missing(form, content), "changes": changes})


def differences(old: ReportContent, new: ReportContent) -> list[Difference]:
    """The answers that differ between two versions of a report, in the order of the new one."""
    before = {field.name: field for field in old.fields()}
    return [
        Difference(
            name=field.name, label=field.label, before=_text_of(before, field), after=field.text
        )
        for field in new.fields()
        if _text_of(before, field) != field.text
    ]


def _text_of(fields: Mapping[str, ReportField], like: ReportField) -> Texts:
    if like.name in fields:
        return fields[like.name].text
    return {locale: labels(locale)["not_known"] for locale in like.text}


def _filled(
    form: Form,
    section: FormSection,
    facts: Mapping[str, Any],
    stage: Stage,
    given: Mapping[str, str],
) -> ReportSection:
    asked = section.fields() if stage in section.stages else iter(())
    answered = [(_answer(form, name, facts, given), needed) for name, needed in asked]
    kept = tuple(field for field, needed in answered if field.known or needed != "if_any")
    return ReportSection(title=section.title, fields=kept)


def _answer(
    form: Form, name: str, facts: Mapping[str, Any], given: Mapping[str, str]
) -> ReportField:
    facts_asked = sources(name)
    known = {fact: _json(facts[fact]) for fact in facts_asked if _is_known(facts.get(fact))}
    value: JsonValue = known if len(facts_asked) > 1 else next(iter(known.values()), None)
    return ReportField(
        name=name,
        label=_label(name, form.locales),
        value=given.get(name) or (value if known else None),
        text={
            locale: given.get(name) or shown(known, locale, form.zone) for locale in form.locales
        },
        needs=tuple(fact for fact in facts_asked if fact not in known),
    )


def _is_known(value: Any) -> bool:
    """No and nought are answers; an empty text or list is none."""
    return value is not None and value not in ("", [], {})


def _json(value: Any) -> JsonValue:
    """A moment as text; all other facts are JSON already."""
    told: JsonValue = value.isoformat() if isinstance(value, datetime) else value
    return told


def _withdrawal(form: Form, given: Mapping[str, str]) -> ReportSection:
    reason = _answer(form, "withdrawal_reason", {}, given)
    return ReportSection(title=reason.label, fields=(reason,))


def _missing(form: Form, content: ReportContent) -> tuple[str, ...]:
    unknown = {field.name for field in content.fields() if not field.known}
    if content.stage == "withdrawn":
        return tuple(unknown & {"withdrawal_reason"})
    due = NEEDED[: NEEDED.index(content.stage) + 1]
    asked = (pair for section in form.sections for pair in section.fields())
    return tuple(name for name, needed in asked if name in unknown and needed in due)


def _checked(form: Form, answers: Mapping[str, str]) -> Mapping[str, str]:
    known = {*form.field_names(), "withdrawal_reason"}
    problems = [
        Problem(f"answers.{name}", f"{form.id} has no such field", f"one of {sorted(known)}")
        for name in answers
        if name not in known
    ]
    if problems:
        raise InvalidInput("The report has no such fields.", *problems)
    return {name: text.strip() for name, text in answers.items()}


@cache
def _library() -> Mapping[str, Mapping[str, Any]]:
    return dict(yaml.safe_load((FOLDER / "fields.yaml").read_text("utf-8")))


def sources(name: str) -> tuple[str, ...]:
    """The facts that answer a field; none when a person has to."""
    default = [name] if name in FACTS else []
    return tuple(_library()[name].get("from", default))


def _label(name: str, locales: tuple[str, ...]) -> Texts:
    return {locale: _library()[name][locale] for locale in locales}


def _read(form_id: str) -> Form:
    file = FOLDER / form_id / "form.yaml"
    try:
        form = Form(id=form_id, **yaml.safe_load(file.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CatalogueError(f"reports/{form_id}/form.yaml", where, first["msg"]) from error
    for name in form.field_names():
        if name not in _library():
            raise CatalogueError(f"reports/{form_id}/form.yaml", name, "not in fields.yaml")
    return form
