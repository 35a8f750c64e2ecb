"""Telling people: the campaign up its ladder, then the public announcement for the rest."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from urllib.request import urlopen

from rich.text import Text

from incidents.cli import announcement
from incidents.cli import campaign_looks as campaign
from incidents.cli.demo.play import Play
from incidents.cli.demo.stage import Broken, expect
from incidents.cli.demo.triage import complete
from notifiers.fake.ledger import read

_PATIENCE_SECONDS = 60.0
_HOLD_MINUTES = 0.04
_LOOK_SECONDS = 0.7  # each look counts ten thousand people
_STILL_SECONDS = 1.0


def tell_people(play: Play) -> None:
    """Launch, watch, count: e-mail first; who bounced gets an SMS; the rest wait for the page."""
    play.teller.step("Everybody is told: e-mail, then SMS, then the announcement")
    path = f"/notices/{play.notice['id']}/campaigns"
    body = {
        "ladder": ["email", "sms", "announcement"],
        "canary": {"hold_minutes": _HOLD_MINUTES},
        # The people of the demo are invented and never asleep; yours are (docs/how-to/).
        "quiet": None,
    }
    play.campaign = play.stage.ada.post(path, body)
    first = play.campaign["canary"]["people"]
    if first:
        play.teller.say(Text(f"{first:,} people go first; the others wait a moment"))
    play.refused(409, "a second launch", lambda: play.stage.ada.post(path, {}))
    found = _watch(play)
    play.teller.say(campaign.funnel(found["funnel"]))
    _compare_with_ledgers(play)
    play.teller.say(_equation(play))
    complete(play, "tell_people", "watched")
    play.say_what_changed()
    play.teller.look(f"tocsin campaign watch {play.number}")


def announce(play: Play) -> None:
    """Propose the page on the law's grounds; Bo approves; whoever was not reached is covered."""
    play.teller.step("The rule proposes a public announcement for those whom nothing reached")
    proposal = play.stage.ada.get(f"{play.path}/announcement-proposal")
    expect("the proposal", proposal["proposed"], True)
    play.teller.say(announcement.proposed(proposal))
    row = _proposed(play)
    play.refused(
        403,
        "Ada approving what she proposed",
        lambda: play.stage.ada.post(f"/announcements/{row['id']}/approval"),
    )
    play.stage.bo.post(f"/announcements/{row['id']}/approval")
    row = play.stage.ada.post(f"/announcements/{row['id']}/publication")
    play.teller.say(announcement.shown(row))
    with urlopen(row["url"], timeout=10) as page:  # noqa: S310  our own page, as anybody sees it
        expect("the public page", page.status, 200)
    play.teller.say(_equation(play))
    play.say_what_changed()
    play.teller.look(f"{row['url']}?lang=zh-Hans")
    play.teller.look(f"{play.stage.url}/announcements/feed.atom")


def _watch(play: Play) -> dict[str, Any]:
    """Wait until everybody has been tried and the last receipt is in."""
    with play.teller.counting("People told", play.people) as count:
        end, still_since = time.monotonic() + _PATIENCE_SECONDS, time.monotonic()
        before: list[dict[str, Any]] = []
        while time.monotonic() < end:
            found: dict[str, Any] = play.stage.ada.get(f"/campaigns/{play.campaign['id']}")
            stand = [rung["buckets"] for rung in found["funnel"]]
            count.at(sum(one.get("accepted", 0) + one.get("delivered", 0) for one in stand))
            if stand != before:
                before, still_since = stand, time.monotonic()
            is_still = time.monotonic() - still_since > _STILL_SECONDS
            waiting = play.stage.providers.ledger()["receipts"].get("waiting")
            if found["status"] == "finished" and is_still and not waiting:
                return found
            time.sleep(_LOOK_SECONDS)
    raise Broken(f"after {_PATIENCE_SECONDS:.0f} s people are still being told: {before}")


def _compare_with_ledgers(play: Play) -> None:
    """What the providers themselves wrote down: so many people, nobody twice by one of them."""
    team = play.stage.addresses
    times: dict[str, Counter[str]] = {}
    requests: Counter[str] = Counter()
    for one in read(play.stage.providers.ledger_path):
        refs = [ref for address, ref in one.people if address not in team]
        if refs:
            requests[one.provider] += 1
            times.setdefault(one.provider, Counter()).update(refs)
    for name, told in times.items():
        expect(f"how often {name} was asked to tell one person", set(told.values()), {1})
    line = ", ".join(
        f"{name} took {len(told):,} people in {requests[name]:,} requests"
        for name, told in times.items()
    )
    play.teller.say(Text.assemble(("the providers' own ledgers  ", "dim"), line, ", nobody twice"))


def _equation(play: Play) -> Any:
    found = play.stage.ada.get(f"/campaigns/{play.campaign['id']}/equation")
    expect("the population equation", found["holds"], True)
    return campaign.equation(found)


def _proposed(play: Play) -> dict[str, Any]:
    """The playbook proposes it by itself once its turn comes; else Ada does."""
    rows: list[dict[str, Any]] = play.stage.ada.get(f"{play.path}/announcements")
    if rows:
        return rows[-1]
    body = {"notice_id": play.notice["id"]}
    made: dict[str, Any] = play.stage.ada.post(f"{play.path}/announcements", body)
    return made
