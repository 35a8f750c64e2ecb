"""What a report does not tell yet, and by when each of it must be told. Pure."""

from collections.abc import Sequence
from datetime import datetime

from incidents.rules.report_content import ReportContent, ReportField
from incidents.rules.report_forms import STAGES, Frozen, Stage, Texts


class Deadline(Frozen):
    """When a stage of a series falls due. due_at: None when its clock has not started."""

    stage: Stage
    name: Texts
    due_at: datetime | None
    is_target: bool = False


class Gap(Frozen):
    """One answer that is not known yet.

    needs      the facts that would answer it; none: a person has to
    now        whether this very stage should tell it
    stage      the stage that should: this one, or the next one that needs it
    due_at     when that stage is due; None where it has no time yet
    follows    the stage after this one that can tell it, and when that is due
    """

    name: str
    label: Texts
    needs: tuple[str, ...]
    now: bool
    stage: str
    due_at: datetime | None
    is_target: bool
    follows: Deadline | None


def gaps(content: ReportContent, deadlines: Sequence[Deadline]) -> tuple[Gap, ...]:
    """What is not known yet, soonest due first.

    deadlines  of this stage and of the later ones of its series, in any order
    """
    later = sorted(deadlines, key=_when)
    found = [
        _gap(field, content, later)
        for field in content.fields()
        if not field.known and (field.needed != "if_any" or field.name in content.missing)
    ]
    return tuple(sorted(found, key=lambda gap: (not gap.now, gap.due_at is None, gap.due_at or 0)))


def to_translate(content: ReportContent) -> tuple[ReportField, ...]:
    """The answers whose words are not in the language that the authority reads."""
    first = content.locales[0]
    return tuple(field for field in content.fields() if first in field.untranslated)


def _when(deadline: Deadline) -> tuple[int, bool, float]:
    """By stage; within one, the soonest first."""
    at = deadline.due_at
    return STAGES.index(deadline.stage), at is None, at.timestamp() if at else 0


def _gap(field: ReportField, content: ReportContent, deadlines: Sequence[Deadline]) -> Gap:
    now = field.name in content.missing
    wanted: Stage = content.stage
    if not now:
        wanted = next((stage for stage in STAGES if stage == field.needed), content.stage)
    at = _first(deadlines, STAGES.index(wanted))
    return Gap(
        name=field.name,
        label=field.label,
        needs=field.needs,
        now=now,
        stage=at.stage if at else wanted,
        due_at=at.due_at if at else None,
        is_target=at.is_target if at else False,
        follows=_first(deadlines, max(STAGES.index(wanted), STAGES.index(content.stage) + 1)),
    )


def _first(deadlines: Sequence[Deadline], rank: int) -> Deadline | None:
    """The first stage from this rank on."""
    return next((one for one in deadlines if STAGES.index(one.stage) >= rank), None)
