"""`tocsin notice`: the words to the affected people; drafted, edited, checked, approved."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.inputs import in_editor, json_of
from incidents.cli.looks import moment, pairs, panel, problems, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick
from incidents.rules.ladder import Channel
from notifiers.tokens import TOKEN

noun = Noun("notice", "The words to the affected people.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="Reference (N-2026-0001) or id; the newest if empty.")]
Locale = Annotated[str, typer.Option(help="Language, such as zh-Hans.")]
Place = Annotated[
    str, typer.Option("--for-place", help="In the words for one place, such as US-MA.")
]

_ELEMENTS = {
    "what_happened": "What happened",
    "possible_effect": "What it may mean",
    "what_we_did": "What we did and will do",
    "what_you_can_do": "What you can do",
    "what_help_we_offer": "What help we offer",
}


@verb("draft")
def draft(api: Api, incident: Incident) -> None:
    """Draft a notice from the facts, in every language offered."""
    made = api.client.post(f"/incidents/{incident_of(api, incident)['id']}/notices")
    api.say(made, lambda one: listed([one]))


@verb("supplement")
def supplement(api: Api, incident: Incident, notice: Which = "") -> None:
    """Draft a notice that adds to an earlier one; it goes to exactly those who got that."""
    first = _notice(api, incident, notice)
    api.say(api.client.post(f"/notices/{first['id']}/supplements"), lambda one: listed([one]))


@verb("rest")
def rest(api: Api, incident: Incident, notice: Which = "") -> None:
    """Draft a notice to exactly those whom a stopped campaign did not reach, in its words."""
    first = _notice(api, incident, notice)
    api.say(api.client.post(f"/notices/{first['id']}/rest"), lambda one: listed([one]))


@verb("list")
def list_notices(api: Api, incident: Incident) -> None:
    """The notices of an incident."""
    api.say(api.client.get(f"/incidents/{incident_of(api, incident)['id']}/notices"), listed)


@verb("show")
def show(
    api: Api, incident: Incident, notice: Which = "", locale: Locale = "en", place: Place = ""
) -> None:
    """The words in one language, and what is still missing in any."""
    api.say(_read(api, incident, notice), lambda one: shown(one, locale, place))


@verb("check")
def check(api: Api, incident: Incident, notice: Which = "") -> None:
    """What keeps it from being approved; exits 1 while anything does."""
    missing = _read(api, incident, notice)["missing"]
    if missing:
        api.say(missing, problems)
        raise typer.Exit(1)
    api.say(missing, Text("Nothing is missing: somebody who did not edit it can approve.", "green"))


@verb("preview")
def preview(
    api: Api,
    incident: Incident,
    notice: Which = "",
    channel: Annotated[Channel, typer.Option(help="How it goes out.")] = "email",
    locale: Locale = "en",
    place: Place = "",
    html: Annotated[bool, typer.Option("--html", help="The HTML part instead.")] = False,
) -> None:
    """One language on one channel, exactly as it would go out."""
    path = f"/notices/{_notice(api, incident, notice)['id']}/preview"
    reply = api.client.get(path, channel=channel, locale=locale, variant=place)
    if html:
        api.say(reply, Text(_readable(reply["html"] or "")))
    else:
        api.say(reply, previewed)


@verb("edit")
def edit(
    api: Api,
    incident: Incident,
    notice: Which = "",
    locale: Locale = "en",
    place: Place = "",
    body: Annotated[
        str, typer.Option(help="JSON file (or -) of fields to replace; an editor opens if empty.")
    ] = "",
) -> None:
    """Write the words of one language; an approval given before is void from then on.

    Words for a place begin as those for everybody.
    """
    found = _read(api, incident, notice)
    old = _of_place(found, place)["words"].get(locale) or found["words"].get(locale, {})
    new = {**old, **json_of(body, "--body")} if body else _edited(old)
    path = f"/notices/{found['id']}/words/{locale}{_variant(place)}"
    api.client.put(path, new, version=found["version"])
    api.say(api.client.get(f"/notices/{found['id']}"), lambda one: shown(one, locale, place))


@verb("leave-out")
def leave_out(
    api: Api,
    incident: Incident,
    notice: Which = "",
    locale: Annotated[str, typer.Option(help="This language only.")] = "",
    place: Place = "",
) -> None:
    """Drop a language that nobody needs, or the words for a place."""
    if not (locale or place):
        raise typer.BadParameter("say what to drop: --locale, --for-place, or both")
    found = _notice(api, incident, notice)
    dropped = f"words/{locale}{_variant(place)}" if locale else f"places/{place}"
    made = api.client.delete(f"/notices/{found['id']}/{dropped}", version=found["version"])
    api.say(made, lambda one: listed([one]))


@verb("languages")
def languages(
    api: Api,
    incident: Incident,
    notice: Which = "",
    default: Annotated[str, typer.Option(help="For whom no language is known.")] = "",
    choose: Annotated[list[str] | None, typer.Option(help="their=ours, such as zh-TW=en.")] = None,
) -> None:
    """Decide which language people get whose own is not offered; other choices stay."""
    found = _read(api, incident, notice)
    choices = found["locale_choices"] | dict(map(_choice, choose or []))
    body = {"default_locale": default or found["default_locale"], "locale_choices": choices}
    made = api.client.put(f"/notices/{found['id']}/locales", body, version=found["version"])
    api.say(made, lambda one: listed([one]))


@verb("redraft")
def redraft(api: Api, incident: Incident, notice: Which = "") -> None:
    """Draft again from the facts known now; what people wrote stays."""
    found = _notice(api, incident, notice)
    made = api.client.post(f"/notices/{found['id']}/redraft", version=found["version"])
    api.say(made, lambda one: listed([one]))


@verb("approve")
def approve(
    api: Api,
    incident: Incident,
    notice: Which = "",
    despite: Annotated[
        list[str] | None,
        typer.Option(help="A rule that forbids to tell something: the words do not tell it."),
    ] = None,
) -> None:
    """Approve the words as they stand; nobody who edited them may."""
    found = _notice(api, incident, notice)
    body = {"despite": despite} if despite else None
    made = api.client.post(f"/notices/{found['id']}/approvals", body, version=found["version"])
    api.say(made, approved)


@verb("withdraw")
def withdraw(
    api: Api,
    incident: Incident,
    reason: Annotated[str, typer.Option(help="Why.")],
    notice: Which = "",
) -> None:
    """Take it back before it goes out."""
    found = _notice(api, incident, notice)
    path = f"/notices/{found['id']}/withdrawal"
    made = api.client.post(path, {"reason": reason}, version=found["version"])
    api.say(made, lambda one: listed([one]))


def _choice(pair: str) -> tuple[str, str]:
    theirs, equals, ours = pair.partition("=")
    if not equals:
        raise typer.BadParameter(f"{pair!r}: write it as their=ours, such as zh-TW=en")
    return theirs, ours


def _notice(api: Api, incident: str, which: str) -> dict[str, Any]:
    notices = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/notices")
    return pick(notices, which, "notice", "reference")


def _read(api: Api, incident: str, which: str) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get(f"/notices/{_notice(api, incident, which)['id']}")
    return found


def _variant(place: str) -> str:
    return f"?variant={place}" if place else ""


def _of_place(notice: dict[str, Any], place: str) -> dict[str, Any]:
    """The part of a notice that is for one place; the notice itself where none is named."""
    none: dict[str, Any] = {"people": 0, "words": {}, "sms": {}, "limits": []}
    return (
        next((one for one in notice["places"] if one["place"] == place), none) if place else notice
    )


def _edited(old: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(old, ensure_ascii=False, indent=2)
    written = in_editor(text)
    if written == text:
        raise typer.BadParameter("nothing was changed")
    try:
        new: dict[str, Any] = json.loads(written)
    except ValueError as error:
        raise typer.BadParameter(f"what was written is not JSON: {error}") from None
    return new


def listed(notices: list[dict[str, Any]]) -> RenderableType:
    """Notices in a table."""
    if not notices:
        return Text("No notice yet: the playbook drafts one once the risk is known.", "dim")
    made = table("reference", "status", "about", "drafted")
    for one in notices:
        about = one["kind"].replace("_", " ") + (" (supplement)" if one["supplements"] else "")
        about += " (to the rest)" if one["rest_of"] else ""
        made.add_row(one["reference"], words(one["status"]), about, moment(one["drafted_at"]))
    return made


def shown(notice: dict[str, Any], locale: str, place: str = "") -> RenderableType:
    """The words in one language, for everybody or for one place, and what is still missing."""
    heading = f"[bold]{notice['reference']}[/]  {notice['status']}  {locale}  {place}"
    theirs = _of_place(notice, place)
    written = theirs["words"].get(locale)
    told = {"languages": ", ".join(theirs["words"])}
    if locale in theirs["sms"]:
        told["as SMS"] = _sms(theirs["sms"][locale])
    if place:
        told |= {"readers": f"{theirs['people']:,} people"} | _limits(theirs)
    elif notice["places"]:
        told["places"] = "; ".join(
            f"{one['place']} ({one['people']:,} people)" for one in notice["places"]
        )
    parts: list[RenderableType] = [pairs(told)]
    parts.append(_words(written) if written else Text(f"no words in {locale} yet", "yellow"))
    if notice["missing"]:
        parts += [Text("\nStill missing", "bold red"), problems(notice["missing"])]
    return panel(heading, *parts)


def _limits(theirs: dict[str, Any]) -> dict[str, str]:
    """What laws keep out of the words for a place, and so why they are words of their own."""
    told = [f"{one['told']} ({one['source']})" for one in theirs["limits"]]
    return {"may not tell": "\n".join(told)} if told else {}


def previewed(made: dict[str, Any]) -> RenderableType:
    """One language on one channel; of an SMS, also what it takes."""
    text = Text(_readable(f"{made['subject'] or ''}\n\n{made['text']}".strip()))
    return Group(text, Text(f"\n{_sms(made['sms'])}", "dim")) if made["sms"] else text


def _readable(text: str) -> str:
    """The text with `‹name›` where each person's own will stand."""
    return TOKEN.sub(lambda found: f"‹{found.group().split('.')[1]}›", text)


def _sms(look: dict[str, Any]) -> str:
    form = "short form with link" if look["is_short_form"] else "the whole text"
    many = "message" if look["segments"] == 1 else "messages"
    signs = f"{look['characters']:,} characters of {look['encoding']}"
    return f"{look['segments']} {many}, {signs}; {form}"


def _words(written: dict[str, Any]) -> RenderableType:
    parts: list[RenderableType] = [Text(f"\n{written['title']}", "bold")]
    for name, heading in _ELEMENTS.items():
        parts.append(Text(f"\n{heading}", "dim"))
        parts += [Text(paragraph) for paragraph in written[name]] or [Text("(empty)", "red")]
    contact = ", ".join(filter(None, written["contact"].values()))
    parts.append(pairs({"\ncontact": f"\n{contact}", "date": written["issued_on"] or ""}))
    return Group(*parts)


def approved(approval: dict[str, Any]) -> RenderableType:
    """That it was approved, and the hash of exactly what was."""
    return Text.assemble(
        ("approved ", "green"), moment(approval["approved_at"]), f"  sha256 {approval['sha256']}"
    )
