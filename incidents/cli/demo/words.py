"""The next acts: the affected people come in; the notice is written, checked, and approved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from incidents.cli import notice as looks_of_notice
from incidents.cli import population
from incidents.cli.demo.play import Play
from incidents.cli.demo.stage import expect
from incidents.cli.demo.triage import complete
from incidents.client import Client
from playbooks.sample.people import write_csv

_NOBODY_READS = ("es", "ja")
_PIECE = 64 * 1024


def import_people(play: Play) -> None:
    """Stream the list of affected people in; what cannot be used is named line by line."""
    play.teller.step(f"The list of affected people: {play.people:,} lines, with the flaws of life")
    file = play.stage.output / "people.csv"
    write_csv(file, play.people)
    with play.teller.counting("Importing people", file.stat().st_size) as count:

        def pieces() -> Any:
            with file.open("rb") as opened:
                while piece := opened.read(_PIECE):
                    yield piece
                    count.at(opened.tell())

        made = play.stage.ada.upload(f"{play.path}/population", pieces(), "text/csv")
    expect("the import", made["status"], "done")
    expect("the lines read", made["read_count"], play.people)
    play.teller.say(population.imported(made))
    rejects = play.stage.output / "rejects.csv"
    play.stage.ada.download(f"/population-imports/{made['id']}/rejects", rejects)
    play.teller.say(Text("\n".join(_first_lines(rejects, 5)), "dim"))
    play.teller.look(f"{rejects}: every line, its column and the reason; none of its values")
    play.teller.say(population.brief(play.stage.ada.get(f"{play.path}/population")))
    play.say_what_changed()


def _first_lines(path: Path, count: int) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [line.rstrip("\n") for line, _ in zip(file, range(count), strict=False)]


def write_notice(play: Play) -> None:
    """Edit the draft; approval is refused while anything is missing, and to its own editor."""
    play.teller.step("The notice: drafted from the facts, edited by Chen, approved by Bo")
    complete(play, "brief_help_desk", "help line open from today")
    drafts = play.stage.ada.get(f"{play.path}/notices")
    expect("the notices that the playbook drafted", len(drafts), 1)
    with _somebody_with_two_roles(play) as chen:
        notice = _without_unread_languages(play, drafts[0])
        german = play.stage.ada.get(f"/notices/{notice['id']}")["words"]["de"]
        notice = _edit(chen, notice, {**german, "what_help_we_offer": []})
        play.refused(
            422,
            "approving with one of the four elements empty",
            lambda: _approve(play.stage.bo, notice),
        )
        notice = _edit(chen, notice, german)
        play.refused(403, "Chen approving their own words", lambda: _approve(chen, notice))
    approval = _approve(play.stage.bo, notice)
    play.notice = play.stage.ada.get(f"/notices/{notice['id']}")
    expect("the notice", play.notice["status"], "approved")
    play.teller.say(looks_of_notice.approved(approval))
    complete(play, "approve_notice", "by Bo, who wrote none of it")
    for channel, locale in (("email", "zh-Hans"), ("sms", "de")):
        _preview(play, channel, locale)
    play.teller.look(f"tocsin notice preview {play.number} --channel email --locale zh-Hans")


def _somebody_with_two_roles(play: Play) -> Client:
    admin = play.stage.admin
    user = admin.post("/users", {"name": "chen-editor", "roles": ["privacy_officer", "approver"]})
    token = admin.post(f"/users/{user['id']}/tokens", {"label": "demo", "days": 1})
    return Client(play.stage.url, token["secret"])


def _without_unread_languages(play: Play, notice: dict[str, Any]) -> dict[str, Any]:
    for locale in _NOBODY_READS:
        notice = play.stage.ada.delete(
            f"/notices/{notice['id']}/words/{locale}", version=notice["version"]
        )
    return notice


def _edit(client: Client, notice: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = client.put(
        f"/notices/{notice['id']}/words/de", words, version=notice["version"]
    )
    return made


def _approve(client: Client, notice: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = client.post(
        f"/notices/{notice['id']}/approvals", version=notice["version"]
    )
    return made


def _preview(play: Play, channel: str, locale: str) -> None:
    path = f"/notices/{play.notice['id']}/preview"
    shown = play.stage.ada.get(path, channel=channel, locale=locale)
    first = shown["subject"] or shown["text"].splitlines()[0]
    play.teller.say(Text.assemble((f"{channel} {locale}  ", "dim"), first[:150]))
