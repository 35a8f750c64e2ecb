"""A malformed playbook is refused with its file, its field and the reason."""

from datetime import timedelta
from pathlib import Path

import pytest

from playbooks.durations import iso_duration, parse_duration
from playbooks.errors import PlaybookError
from playbooks.loader import load, parse

HEAD = "id: sample\ntitle: Sample\nversion: 1\nkinds: [other]\n"
STEP = "id: one, title: Do one, owner: responder, phase: detect"


@pytest.mark.parametrize(
    ("text", "field", "why"),
    [
        ("- a list", "file", "mapping"),
        (HEAD + "steps: []", "steps", "at least 1"),
        (HEAD + "steps: [{" + STEP + ", who: me}]", "steps[0].who", "Extra inputs"),
        (HEAD + "steps: [{" + STEP + ", when: 'risk =='}]", "steps[0].when", "not a condition"),
        (HEAD + "steps: [{" + STEP + ", do: {action: pray}}]", "steps[0].do", "pray"),
        (HEAD + "steps: [{" + STEP + ", due: soon}]", "steps[0].due", "PT2H"),
        (
            HEAD + "steps: [{" + STEP.replace("responder", "king") + "}]",
            "steps[0].owner",
            "reporter",
        ),
        (HEAD + "title: Again\nsteps: [{" + STEP + "}]", "line 5", "twice"),
        (HEAD + "steps: [", "line 5", "YAML"),
    ],
)
def test_a_malformed_playbook_names_file_field_and_reason(text: str, field: str, why: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        parse(text, "sample.yaml")

    assert caught.value.file == "sample.yaml"
    assert caught.value.field.startswith(field)
    assert why in caught.value.why


def test_a_file_is_named_after_its_playbook(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(HEAD + "steps: [{" + STEP + "}]", encoding="utf-8")

    with pytest.raises(PlaybookError, match="'sample' but the file is named 'other'"):
        load(tmp_path)


def test_the_hash_follows_the_words_and_not_the_layout() -> None:
    flow = parse(HEAD + "steps: [{" + STEP + "}]")
    remarked = parse("# a remark\n" + HEAD + "steps:\n  - {" + STEP + "}")
    reworded = parse(HEAD + "steps: [{" + STEP.replace("Do one", "Do two") + "}]")

    assert flow.sha256 == remarked.sha256 != reworded.sha256


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT2H", timedelta(hours=2)),
        ("-P3D", timedelta(days=-3)),
        ("4 hours", timedelta(hours=4)),
        ("1 minute", timedelta(minutes=1)),
        ("P1DT6H", timedelta(hours=30)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert parse_duration(iso_duration(length)) == length


@pytest.mark.parametrize("text", ["soon", "", "P1M", "P1Y", "2 months", "2 hours ago", "7200"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)
