"""A notice receipt on paper: the same as its JSON file, which travels in it, in human words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from incidents.audit.receipt_verifier import heard
from incidents.rules.vocabulary import TEMPLATES
from incidents.typesetting import sheet, to_the_second, typeset

_TOKEN = re.compile(r"%%[A-Za-z0-9]+\.([A-Za-z0-9_]+)\.[th]%%")
_FOLDER = TEMPLATES / "receipts"


def receipt_pdf(receipt: bytes, organisation: str, on: datetime) -> bytes:
    """The paper of a receipt, in the language in which its person was told, else in English."""
    document = json.loads(receipt)
    told = [_opened(one) for one in document["told"]]
    locale = next(
        (one["locale"] for one in told if (_FOLDER / f"{one['locale']}.yaml").is_file()), "en"
    )
    say = _words(locale)
    data = {
        **sheet(say["title"], organisation, locale, on.date()),
        **{name: say[name] for name in ("lead", "attached", "check_title")},
        "check": [*say["check"], document["key"]],
        "sections": [_section(one, say) for one in told],
        "words": [_sent(one, say) for one in told if one["words"]],
    }
    return typeset("receipt", data, {"notice-receipt.json": receipt})


@cache
def _words(locale: str) -> Mapping[str, Any]:
    return dict(yaml.safe_load((_FOLDER / f"{locale}.yaml").read_text("utf-8")))


def _opened(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {**json.loads(shown["leaf"]), "own": json.loads(shown["person"]), "sent": shown["words"]}


def _section(leaf: Mapping[str, Any], say: Mapping[str, Any]) -> dict[str, Any]:
    title = say["channels"].get(leaf["channel"], say["none"])
    fields = [{"label": label, "text": text} for label, text in _lines(leaf, say) if text]
    return {"title": title, "fields": fields}


def _lines(leaf: Mapping[str, Any], say: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield say["name"], leaf["own"]["fields"].get("name", "")
    yield say["address"], leaf["own"]["address"]
    yield say["reference"], leaf["campaign"]
    yield say["channel"], leaf["provider"] or say["nothing"]
    yield say["state"], say["states"].get(leaf["bucket"], leaf["bucket"])
    yield say["reason"], leaf["why"]
    for call in leaf["attempts"]:
        outcome = say["outcomes"].get(call["outcome"], call["outcome"])
        parts = (to_the_second(call["ended"] or call["began"]), outcome, call["ref"])
        yield say["call"], " · ".join(filter(None, parts))
    for said in heard(leaf):
        kind = say["kinds"].get(said["kind"], said["kind"])
        told = (to_the_second(said["at"]), kind, said["code"], said["ref"])
        yield say["heard"], " · ".join(filter(None, told))
    yield say["hash"], leaf["words"]


def _sent(leaf: Mapping[str, Any], say: Mapping[str, Any]) -> dict[str, str]:
    """The text as the person read it: their own fields in the place of the tokens."""
    fields = leaf["own"]["fields"]
    text = "\n".join(filter(None, (leaf["sent"]["subject"], leaf["sent"]["text"])))
    filled = _TOKEN.sub(lambda found: fields.get(found[1], found[0]), text)
    channel = say["channels"].get(leaf["channel"], leaf["channel"])
    return {"title": f"{say['words']} ({channel})", "text": filled}
