"""The acts of the demo, in order."""

from __future__ import annotations

from collections.abc import Callable

from incidents.cli.demo import alarms, authorities, proof, rehearsal, telling, triage, words
from incidents.cli.demo.play import Play

ACTS: tuple[Callable[[Play], None], ...] = (
    alarms.go_on_duty,
    triage.open_incident,
    alarms.wake,
    triage.learn,
    triage.triage,
    words.import_people,
    words.write_notice,
    telling.tell_people,
    telling.announce,
    authorities.file_reports,
    authorities.complete_reports,
    proof.close,
    proof.keep_register,
    proof.verify,
    rehearsal.rehearse,
)
