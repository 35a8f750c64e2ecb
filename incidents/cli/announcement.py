"""`tocsin announcement`: telling the public where telling each person is impractical."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick

noun = Noun("announcement", "A public notice in place of single ones.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="Slug or id; the newest if empty.")]


@verb("proposal")
def proposal(api: Api, incident: Incident) -> None:
    """Is telling each person impractical? What the laws' thresholds and ours say."""
    path = f"/incidents/{incident_of(api, incident)['id']}/announcement-proposal"
    api.say(api.client.get(path), proposed)


@verb("propose")
def propose(
    api: Api,
    incident: Incident,
    notice: Annotated[str, typer.Option(help="Reference or id; the newest if empty.")] = "",
    reason: Annotated[str, typer.Option(help="Why, where the rule gives no ground.")] = "",
) -> None:
    """Propose to publish an approved notice."""
    found = incident_of(api, incident)
    notices = api.client.get(f"/incidents/{found['id']}/notices")
    body = {"notice_id": pick(notices, notice, "notice", "reference")["id"], "reason": reason}
    api.say(api.client.post(f"/incidents/{found['id']}/announcements", body), shown)


@verb("list")
def list_announcements(api: Api, incident: Incident) -> None:
    """The announcements of an incident."""
    path = f"/incidents/{incident_of(api, incident)['id']}/announcements"
    api.say(api.client.get(path), listed)


@verb("approve")
def approve(api: Api, incident: Incident, announcement: Which = "") -> None:
    """Approve that it is published; whoever proposed it may not."""
    api.say(api.client.post(f"{_path(api, incident, announcement)}/approval"), shown)


@verb("publish")
def publish(api: Api, incident: Incident, announcement: Which = "") -> None:
    """Put it on its public page and into the feed."""
    api.say(api.client.post(f"{_path(api, incident, announcement)}/publication"), shown)


@verb("withdraw")
def withdraw(
    api: Api,
    incident: Incident,
    reason: Annotated[str, typer.Option(help="Why.")],
    announcement: Which = "",
) -> None:
    """Take it back; duties that rested on it are open again."""
    path = f"{_path(api, incident, announcement)}/withdrawal"
    api.say(api.client.post(path, {"reason": reason}), shown)


def _path(api: Api, incident: str, which: str) -> str:
    rows = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/announcements")
    return f"/announcements/{pick(rows, which, 'announcement', 'slug')['id']}"


def proposed(proposal: dict[str, Any]) -> RenderableType:
    """Whether an announcement is called for, and each ground with its source."""
    grounds = [_ground(ground) for ground in proposal["grounds"]]
    media = [_ground(ground) for ground in proposal["media"]]
    also = [Text("The media are told as a duty of its own:", "bold yellow"), *media]
    if not proposal["proposed"]:
        heading = Text("No law's threshold is reached.", "dim")
        could = bullets("Could change with", proposal["missing"], "magenta")
        return Group(heading, *grounds, could, *(also if media else ()))
    days = f", standing for {proposal['days']} days" if proposal["days"] else ""
    heading = Text(f"A public announcement is proposed{days}:", "bold yellow")
    return Group(heading, *grounds, *(also if media else ()))


def _ground(ground: dict[str, Any]) -> Text:
    line = Text.assemble((f"  {ground['place']}  ", "bold"), "; ".join(ground["why"]))
    line.append(f": {ground['text']}")
    return line.append(f"  ({ground['source']})", "dim")


def shown(announcement: dict[str, Any]) -> RenderableType:
    """One announcement, and where it stands."""
    about = pairs(
        {
            "status": words(announcement["status"]),
            "page": announcement["url"],
            "sha256": announcement["sha256"],
            "published": moment(announcement["published_at"])
            if announcement["published_at"]
            else "",
        }
    )
    return panel(f"[bold]{announcement['slug']}[/]", about)


def listed(announcements: list[dict[str, Any]]) -> RenderableType:
    """Announcements in a table."""
    made = table("announcement", "status", "proposed", "page")
    for one in announcements:
        made.add_row(one["slug"], words(one["status"]), moment(one["proposed_at"]), one["url"])
    return made
