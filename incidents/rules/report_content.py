"""Filling a form from facts: what is known in words, what is not, and what changed since.

Not known is a value: every field that a form asks for stands in the report, and `missing`
names those that the stage should know by law. Pure but for reading the packaged forms once.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue

from incidents.errors import InvalidInput, Problem
from incidents.rules.report_forms import (
    NEEDED,
    Form,
    FormSection,
    Frozen,
    Stage,
    Texts,
    label_of,
    sources,
)
from incidents.rules.report_text import labels, language_missing, shown

# What a withdrawal asks, whatever the form.
WITHDRAWAL = "withdrawal_reason"


class ReportField(Frozen):
    """One answer.

    value         None when not known yet
    text          the answer in words, for each locale
    needs         the facts that would answer it better
    needed        from which stage on it is missing; `if_any`: never
    untranslated  the locales whose text had to be taken from another language, and says so
    """

    name: str
    label: Texts
    value: JsonValue
    text: Texts
    needs: tuple[str, ...]
    needed: str = "if_any"
    untranslated: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the report can answer."""
        return self.value is not None


class ReportSection(Frozen):
    """A heading and the answers under it."""

    title: Texts
    fields: tuple[ReportField, ...]
    prose: bool = False


class Difference(Frozen):
    """One answer that changed between two versions."""

    name: str
    label: Texts
    before: Texts
    after: Texts


class ReportContent(Frozen):
    """One version of a report: what is filed, rendered and hashed. Holds no personal data."""

    form: str
    form_version: str
    stage: Stage
    stage_name: Annotated[Texts, Field(default_factory=dict)]
    filled_at: datetime
    locales: tuple[str, ...]
    zone: str
    title: Texts
    authority: Texts
    source: str | Texts
    sections: tuple[ReportSection, ...]
    missing: tuple[str, ...]
    changes: tuple[Difference, ...]
    answers: Annotated[dict[str, str], Field(default_factory=dict)]

    def fields(self) -> Iterator[ReportField]:
        """Every answer, in the order of the form."""
        return (field for section in self.sections for field in section.fields)


def fill(
    form: Form,
    facts: Mapping[str, Any],
    stage: Stage,
    previous: ReportContent | None = None,
    *,
    now: datetime,
    answers: Mapping[str, str] | None = None,
    authority: str = "",
    place: str = "",
) -> ReportContent:
    """A version of a report from what is known.

    previous   the last version: answers that people typed are kept, differences are listed
    answers    typed by a person, by field name; they stand before what the facts say
    authority  who reads it, as the law names them; a form for one authority knows better
    place      where they are, when the duty is owed in one country; else as our establishment says
    """
    locales = form.locales_for(place, facts.get("establishment"))
    given = {**_kept(previous, stage), **_checked(form, answers or {})}
    content = ReportContent(
        form=form.id,
        form_version=form.version,
        stage=stage,
        stage_name=_stage_name(form, stage),
        filled_at=now,
        locales=locales,
        zone=form.zone,
        title=form.title,
        authority=form.authority or _named(authority, locales),
        source=form.source,
        sections=tuple(_sections(form, facts, stage, given)),
        missing=(),
        changes=(),
        answers=given,
    )
    changes = tuple(differences(previous, content)) if previous else ()
    return content.model_copy(update={"missing": _missing(content), "changes": changes})


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
    """What stood there before; a field that was not asked was not known."""
    before = fields[like.name].text if like.name in fields else {}
    known = like.name in fields and fields[like.name].known
    if not known and not like.known:
        return like.text
    return {locale: before.get(locale, labels(locale)["not_known"]) for locale in like.text}


def _kept(previous: ReportContent | None, stage: Stage) -> dict[str, str]:
    """What people typed into the version before; why that was withdrawn concerns it alone."""
    typed = previous.answers if previous else {}
    return {
        name: text for name, text in typed.items() if name != WITHDRAWAL or stage == "withdrawn"
    }


def _stage_name(form: Form, stage: Stage) -> Texts:
    ours = {locale: str(labels(locale)["stages"][stage]) for locale in form.locales}
    return form.stage_names.get(stage, ours)


def _named(authority: str, locales: tuple[str, ...]) -> Texts:
    name = _readable(authority)
    return {locale: name or str(labels(locale)["competent"]) for locale in locales}


# Hebrew to Thai, and Hangul: no form is written in them, and no font of ours prints them.
_FOREIGN = re.compile(r"[\u0590-\u0e7f\u1100-\u11ff\uac00-\ud7af]")


def _readable(name: str) -> str:
    """An authority's name in letters that the form can be read in: what stands in brackets."""
    found = re.search(r"\(([^)]+)\)$", name)
    return found[1] if found and _FOREIGN.search(name) else name


def _sections(
    form: Form, facts: Mapping[str, Any], stage: Stage, given: Mapping[str, str]
) -> Iterator[ReportSection]:
    if stage == "withdrawn":
        reason = _answer(form, WITHDRAWAL, "withdrawn", {}, given)
        yield ReportSection(title=reason.label, fields=(reason,))
    for section in form.sections:
        fields = tuple(_fields(form, section, facts, stage, given))
        if fields:
            yield ReportSection(title=section.title, fields=fields, prose=section.prose)


def _fields(
    form: Form,
    section: FormSection,
    facts: Mapping[str, Any],
    stage: Stage,
    given: Mapping[str, str],
) -> Iterator[ReportField]:
    if stage not in section.stages:
        return
    for name, needed in section.fields():
        field = _answer(form, name, needed, facts, given)
        if field.known or needed != "if_any":
            yield field


def _answer(
    form: Form, name: str, needed: str, facts: Mapping[str, Any], given: Mapping[str, str]
) -> ReportField:
    asked = sources(name)
    known = {fact: _json(facts[fact]) for fact in asked if _is_known(facts.get(fact))}
    value: JsonValue = known if len(asked) > 1 else next(iter(known.values()), None)
    typed = given.get(name)
    return ReportField(
        name=name,
        label=label_of(name, form.locales),
        value=typed or (value if known else None),
        text={locale: typed or _words(form, name, known, locale) for locale in form.locales},
        needs=tuple(fact for fact in asked if fact not in known),
        needed=needed,
        untranslated=()
        if typed
        else tuple(locale for locale in form.locales if language_missing(known, locale)),
    )


def _words(form: Form, name: str, known: Mapping[str, Any], locale: str) -> str:
    if not known and form.unknown:
        return form.unknown[locale]
    return shown(known, locale, form.zone, named=len(sources(name)) > 1)


def _is_known(value: Any) -> bool:
    """No and nought are answers; an empty text or list is none."""
    return value is not None and value not in ("", [], {})


def _json(value: Any) -> JsonValue:
    """A moment as text; all other facts are JSON already."""
    told: JsonValue = value.isoformat() if isinstance(value, datetime) else value
    return told


def _missing(content: ReportContent) -> tuple[str, ...]:
    unknown = [field for field in content.fields() if not field.known]
    if content.stage == "withdrawn":
        return tuple(field.name for field in unknown if field.name == WITHDRAWAL)
    due = NEEDED[: NEEDED.index(content.stage) + 1]
    return tuple(field.name for field in unknown if field.needed in due)


def _checked(form: Form, answers: Mapping[str, str]) -> Mapping[str, str]:
    known = {*form.field_names(), WITHDRAWAL}
    problems = [
        Problem(
            f"answers.{name}", f"{form.id} has no such field", f"one of {', '.join(sorted(known))}"
        )
        for name in answers
        if name not in known
    ]
    if problems:
        raise InvalidInput("The report has no such fields.", *problems)
    return {name: text.strip() for name, text in answers.items()}
