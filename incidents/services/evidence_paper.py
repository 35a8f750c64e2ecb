"""A campaign's evidence on paper, and how to check the rest of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from incidents import typesetting
from incidents.database.proofs import CampaignProof
from incidents.rules.drill_mark import mark_line
from incidents.services.report_paper import letterhead
from incidents.typesetting import to_the_second
from incidents.work import Work

README = """What this is
  Everything that proves how people were told in one campaign. It names none of them.

  summary.pdf     the same in brief, for reading
  campaign.json   who was told how (each person in one bucket), rung by rung and by place; what
                  was unknown and how it was settled; who approved what; when what was done
  words/          what was sent, by language and channel; %%...%% stands for a person's own fields
  proof.json      the signed root of a Merkle tree (RFC 9162) over one leaf per person and rung
  leaves.bin      the hashes of those leaves, 32 bytes each; they tell nothing of anybody
  trail.jsonl     the audit trail's entries on this campaign, each with the way to its signed head
  manifest.txt    the hash of every file, signed
  verifier/       a program that checks all this

How to check it
  With Tocsin:     tocsin proof verify FOLDER --key 'KEY'
  Without it:      cd verifier && python -m incidents.audit.verifier .. --key 'KEY'
                   (Python 3.11 or later, and nothing else)
  KEY is the public key as the organisation publishes it. Take the verifier from Tocsin's public
  source if you do not trust the copy in here.

  A person's own notice receipt is checked against the root in proof.json in the same way:
                   python -m incidents.audit.verifier notice-receipt.json --key 'KEY'
"""

_MEANS: Mapping[str, str] = {
    "planned": "have no place on a channel yet",
    "waiting": "their message has not left yet",
    "in_flight": "their message is being handed over",
    "unknown": "their message may or may not have left",
    "accepted": "a provider took their message, and nothing was heard since",
    "delivered": "reached, by the provider's word or by a key pressed in a call",
    "exhausted": "reached on no channel: a public announcement is for them",
    "announced": "reached on no channel: the public announcement stands for them",
    "suppressed": "their message had not left when the campaign was stopped",
    "withheld": "nothing is sent to them, for the reason given below",
}
# What told whether a call had left.
_SETTLED_BY: Mapping[str, str] = {
    "echo": "a receipt came first",
    "look_up": "the provider's records",
    "native_key": "asked again under its key",
}


def summary_pdf(work: Work, story: Mapping[str, Any], proof: CampaignProof) -> bytes:
    """The evidence in brief."""
    campaign = story["campaign"]
    title = f"How people were told: {campaign['notice']}"
    if campaign["mode"] == "drill":
        title = mark_line("en", title)
    about = [
        ("incident", campaign["incident"]),
        ("campaign", campaign["id"]),
        ("launched", to_the_second(campaign["launched_at"])),
        ("finished", to_the_second(campaign["finished_at"]) or "not yet"),
        ("people", f"{story['equation']['total']:,}"),
        ("proof", f"{proof.number}: {proof.root.hex() if proof.root else ''}"),
    ]
    sections = [
        {"title": title, "fields": [{"label": label, "text": text} for label, text in fields]}
        for title, fields in _sections(story)
        if fields
    ]
    ours = letterhead(work.settings, work.settings.organisation_name)
    return typesetting.register_pdf(title, ours, work.now.date(), about, sections)


def _sections(story: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    approval, unknowns = story["approval"], story["unknowns"]
    settled = Counter(
        f"{_SETTLED_BY.get(one['by'], one['by'])}: {one.get('after', '')}"
        for one in unknowns["settled"]
    )
    still = unknowns["people_still_unknown"]
    return [
        ("Where everybody is", _buckets(story["equation"]["buckets"])),
        ("Rung by rung", [(rung["channel"], _rung(rung)) for rung in story["funnel"]]),
        (
            "By place",
            [(one["place"], _place(one)) for one in story["places"]],
        ),
        ("What was unknown", [*_counts(settled), ("still unknown", f"{still:,} people")]),
        (
            "Approval",
            [
                ("at", to_the_second(approval["approved_at"])),
                ("by", approval["approver_id"]),
                ("of words", approval["sha256"]),
            ],
        ),
    ]


def _buckets(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """How many are in each, and what that means: who reads this knows none of our words."""
    return [
        (name.replace("_", " "), f"{count:,}: {_MEANS[name]}")
        for name, count in counts.items()
        if count
    ]


def _rung(rung: Mapping[str, Any]) -> str:
    said = _said({**rung["buckets"], **_left(rung["left"])})
    return f"{said}. Why: {_said(rung['reasons'])}" if rung["reasons"] else said


def _left(left: Mapping[str, int]) -> dict[str, int]:
    return {f"moved on, {outcome}": count for outcome, count in left.items()}


def _place(one: Mapping[str, Any]) -> str:
    accepted, delivered = f"accepted {one['accepted']:,}", f"delivered {one['delivered']:,}"
    return f"{one['total']:,} people; {accepted}; {delivered}"


def _counts(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), f"{count:,}") for name, count in counts.items() if count]


def _said(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{name} {count}" for name, count in _counts(counts)) or "nobody"
