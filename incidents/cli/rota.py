"""`tocsin rota`: who is on duty, whose turn comes, who stands in, and how people are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.inputs import moment_of, text_of
from incidents.cli.looks import bullets, day, moment, pairs, table
from incidents.cli.noun import Api, NoSuchThing, Noun

noun = Noun("rota", "Who is on duty, and how they are reached.")

Reply = dict[str, Any]
RotaName = Annotated[str, typer.Option("--rota", help="Which one; needless where there is one.")]
Level = Annotated[int, typer.Option(help="0 is woken first, then 1 …")]
_LEVELS = ("primary", "secondary")
_BY = {"override": "stands in", "calendar": "by calendar", "fallback": "for want of others"}
_OUTCOMES = {"accepted": "green", "no_address": "dim", "unknown": "yellow", "refused": "red"}


@noun.command("show")
def show_rotas(
    api: Api,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="How far ahead.")] = 4,
    rota: RotaName = "",
) -> None:
    """Whose turn it is when, what was laid over it, and what will go wrong."""
    found = api.client.get("/rota")
    now = datetime.now(UTC)
    until = (now + timedelta(weeks=weeks)).isoformat()
    found["turns"] = api.client.get(
        "/rota/turns", since=now.isoformat(), until=until, **({"name": rota} if rota else {})
    )
    if rota:
        found["rotas"] = [_rota(api, rota, found["rotas"])]
    api.say(found, *_shown(found))


@noun.command("who")
def who_is_on_duty(
    api: Api,
    at: Annotated[str, typer.Option(help="now, +8h, or ISO 8601.")] = "now",
) -> None:
    """Who is on duty, those woken first at the front."""
    api.say(api.client.get("/rota/on-duty", at=moment_of(at)), _people)


@noun.command("set")
def set_rota(
    api: Api,
    name: Annotated[str, typer.Argument(help="The rota's name; a new one is made.")],
    people: Annotated[
        list[str] | None,
        typer.Option(
            "--people", help="Users in order: ann,bo,cy; once more for the next level; - for none."
        ),
    ] = None,
    handover: Annotated[str, typer.Option(help="When: 'mon 09:00', or 09:00.")] = "",
    days: Annotated[int | None, typer.Option(help="Length of a turn; 7 is a week.")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone, such as Europe/Berlin.")] = "",
    since: Annotated[str, typer.Option("--from", help="Day of the first handover.")] = "",
) -> None:
    """Make a rota, or change one; what is not said stays as it was."""
    before = _named(api.client.get("/rota")["rotas"], name)
    body = _round(before, people, handover, days, zone, since)
    if before is None:
        api.say(api.client.post("/rota", {"name": name, **body}), _round_shown)
    else:
        path = f"/rota/{before['id']}"
        api.say(api.client.put(path, body, version=before["version"]), _round_shown)


@noun.command("end")
def end_rota(api: Api, name: Annotated[str, typer.Argument(help="The rota's name.")]) -> None:
    """Remove a rota with all its turns."""
    api.client.delete(f"/rota/{_rota(api, name)['id']}")
    api.remark(f"{name} is ended.")


@noun.command("override")
def override(
    api: Api,
    person: Annotated[str, typer.Argument(help="Who stands in: a user's name.")],
    until: Annotated[str, typer.Option(help="+8h, +3d, or ISO 8601.")],
    since: Annotated[str, typer.Option("--from", help="now, +8h, or ISO 8601.")] = "now",
    reason: Annotated[str, typer.Option(help="Why; nothing about anyone's health.")] = "",
    level: Level = 0,
    rota: RotaName = "",
) -> None:
    """Let somebody stand in for a while, whatever rota and calendar say."""
    body = {
        "person": person,
        "starts_at": moment_of(since),
        "ends_at": moment_of(until),
        "reason": reason,
        "level": level,
    }
    turn = api.client.post(f"/rota/{_rota(api, rota)['id']}/overrides", body)
    api.say(turn, lambda one: _overrides([one]))


@noun.command("restore")
def restore(
    api: Api,
    override_id: Annotated[str, typer.Argument(help="Its id, or how it begins.")],
) -> None:
    """Take back that somebody stands in."""
    found = api.client.get("/rota")["overrides"]
    fitting = [one for one in found if one["id"].startswith(override_id)]
    if len(fitting) != 1:
        raise NoSuchThing(f"{len(fitting)} of those who stand in have an id like {override_id}")
    api.client.delete(f"/rota/overrides/{fitting[0]['id']}")
    api.remark(f"{fitting[0]['person']['name']} does not stand in any more.")


@noun.command("import")
def import_calendar(
    api: Api,
    file: Annotated[str, typer.Argument(help="An iCalendar file, or - for standard input.")],
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="'Ann Example=ann': whom the calendar means by it."),
    ] = None,
    level: Level = 0,
    rota: RotaName = "",
) -> None:
    """Take the turns of one level out of a calendar, whole or not at all."""
    names = dict(_name_of(pair) for pair in name or [])
    body = {"calendar": text_of(file), "level": level, "names": names}
    reply = api.client.post(f"/rota/{_rota(api, rota)['id']}/calendar", body)
    api.say(reply, f"{reply['turns']} turns lie ahead.")


@noun.command("contact")
def contact(
    api: Api,
    user: Annotated[str, typer.Argument(help="Whose; your own if left out.")] = "",
    email: Annotated[str | None, typer.Option(help="Address; '' forgets it.")] = None,
    phone: Annotated[str | None, typer.Option(help="+44 7700 900123; '' forgets it.")] = None,
    chat: Annotated[
        list[str] | None, typer.Option(help="Apprise URL; several are given one by one.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test page on every channel.")
    ] = False,
) -> None:
    """How somebody is reached, masked; with options: from now on."""
    path = f"/users/{_user(api, user)}/contact" if user else "/me/contact"
    said = {"email": email, "phone": phone}
    body: Reply = {name: value for name, value in said.items() if value is not None}
    if chat is not None:
        body["chat"] = [url for url in chat if url]
    seen = api.client.patch(path, body) if body else api.client.get(path)
    if test:
        told = api.client.post(f"{path}/test")
        api.say({**seen, "test": told}, _contact(seen), _told(told))
    else:
        api.say(seen, _contact)


def _named(rotas: Iterable[Reply], name: str) -> Reply | None:
    return next((one for one in rotas if one["name"] == name), None)


def _rota(api: Api, name: str, rotas: Sequence[Reply] | None = None) -> Reply:
    """The rota of a name, or the only one."""
    known = api.client.get("/rota")["rotas"] if rotas is None else rotas
    found = _named(known, name) if name else known[0] if len(known) == 1 else None
    if found is None:
        names = (
            ", ".join(one["name"] for one in known) or "none yet: tocsin rota set NAME makes one"
        )
        raise NoSuchThing(f"say which rota with its name; there is {names}")
    return found


def _user(api: Api, name: str) -> str:
    users = {one["name"]: str(one["id"]) for one in api.client.get("/users")}
    if name not in users:
        raise NoSuchThing(f"there is no user {name}; there are {', '.join(users)}")
    return users[name]


def _name_of(pair: str) -> tuple[str, str]:
    called, equals, user = pair.rpartition("=")
    if not (called and equals and user):
        raise typer.BadParameter(
            f"{pair!r}: write 'name in the calendar=user'", param_hint="--name"
        )
    return called.strip(), user.strip()


def _round(
    before: Reply | None,
    people: Sequence[str] | None,
    handover: str,
    days: int | None,
    zone: str,
    since: str,
) -> Reply:
    """The turns that are wanted: what was, and over it what is said now."""
    body: Reply = {"zone": _own_zone(), "levels": [[]]}
    if before is not None:
        body = {name: before[name] for name in ("zone", "handover", "days", "starts_on")}
        body["levels"] = [[one["name"] for one in level] for level in before["levels"]]
    if people:
        body["levels"] = [_split(level) for level in people]
    *weekday, at = handover.split() or [""]
    said = {"handover": at, "days": days, "zone": zone, "starts_on": since}
    body |= {name: value for name, value in said.items() if value}
    if weekday:
        body["weekday"] = weekday[0].lower()[:3]
    return body


def _split(people: str) -> list[str]:
    return [one.strip() for one in people.split(",") if one.strip() not in {"", "-"}]


def _own_zone() -> str:
    from incidents.settings import Settings

    return Settings().time_zone


def _shown(found: Reply) -> Iterable[RenderableType]:
    yield from (_round_shown(one) for one in found["rotas"])
    yield _turns(found["turns"])
    if found["overrides"]:
        yield _overrides(found["overrides"])
    yield bullets("To mend", [_warning(one) for one in found["warnings"]], "yellow")


def _round_shown(one: Reply) -> RenderableType:
    first = datetime.fromisoformat(one["starts_on"])
    length = "week" if one["days"] == 7 else "day" if one["days"] == 1 else f"{one['days']} days"
    levels = [
        (_level(number), " → ".join(person["name"] for person in level) or "by calendar alone")
        for number, level in enumerate(one["levels"])
    ]
    on = f"{first:%a} " if one["days"] % 7 == 0 else ""
    head = (
        f"handed over every {length} at {on}{one['handover']} {one['zone']}, from {first:%d %b %Y}"
    )
    return Group(Text(one["name"], "bold"), pairs([("", head), *levels]))


def _turns(turns: Sequence[Reply]) -> RenderableType:
    count = max((one["level"] for turn in turns for one in turn["on_duty"]), default=0) + 1
    made = table("from", "until", *(_level(number) for number in range(count)), title="Turns")
    for turn in turns:
        names = [_names(turn["on_duty"], number) for number in range(count)]
        made.add_row(day(turn["start"]), day(turn["until"]), *names)
    return made


def _names(people: Iterable[Reply], level: int) -> Text:
    here = [one for one in people if one["level"] == level]
    if not here:
        return Text("nobody" if level == 0 else "—", "bold red" if level == 0 else "dim")
    made = Text()
    for place, one in enumerate(here):
        made.append(", " if place else "").append(one["name"])
        if one["by"] in _BY:
            made.append(f" ({_BY[one['by']]})", "red" if one["by"] == "fallback" else "cyan")
        if not one["reachable_by"]:
            made.append(" cannot be reached", "bold red")
    return made


def _people(reply: Reply) -> RenderableType:
    made = table("level", "who", "reached by", "", title=f"On duty {moment(reply['at'])}")
    for one in reply["people"]:
        by = ", ".join(one["reachable_by"])
        reached = Text(by) if by else Text("nothing: no contact is set", "bold red")
        made.add_row(_level(one["level"]), one["name"], reached, _BY.get(one["by"], ""))
    return made if reply["people"] else Text("Nobody is on duty.", "bold red")


def _overrides(rows: Sequence[Reply]) -> RenderableType:
    made = table("id", "who stands in", "level", "from", "until", "why")
    for one in rows:
        person, level = one["person"]["name"], _level(one["level"])
        when = day(one["starts_at"]), day(one["ends_at"])
        made.add_row(one["id"], person, level, *when, one["reason"])
    return made


def _warning(one: Reply) -> str:
    return f"{one['text']} ({day(one['start'])} to {day(one['until'])})"


def _contact(seen: Reply) -> RenderableType:
    rows = [("who", seen["name"]), ("email", seen["email"]), ("phone", seen["phone"])]
    return pairs([*rows, ("chat", ", ".join(seen["chat"])), ("set", moment(seen["updated_at"]))])


def _told(told: Iterable[Mapping[str, Any]]) -> RenderableType:
    made = table("channel", "test page", "")
    for one in told:
        outcome = Text(one["outcome"].replace("_", " "), _OUTCOMES[one["outcome"]])
        made.add_row(one["channel"], outcome, one["detail"])
    return made


def _level(number: int) -> str:
    return _LEVELS[number] if number < len(_LEVELS) else f"level {number + 1}"
