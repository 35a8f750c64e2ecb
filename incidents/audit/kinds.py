"""The kinds of audit entries and the details that each may carry.

A new kind is one line here. Every detail is optional (None leaves it out); an undeclared
one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from incidents.audit.details import (
    Type,
    Unfit,
    Value,
    code,
    counts,
    key_id,
    list_of,
    moment,
    one_of,
    place,
    sha256_hex,
    uuid,
    version,
    whole,
    yes_or_no,
)
from incidents.rules.lifecycle import TABLES
from incidents.rules.permissions import Role

Details: TypeAlias = Mapping[str, Type]

MODE = one_of("live", "drill")
INCIDENT_KIND = one_of(
    "personal_data_leak",
    "ransomware",
    "misdirected_email",
    "lost_device",
    "account_takeover",
    "other",
)
CHANNEL = one_of("email", "sms", "push", "letter", "call", "announcement")
STATE = one_of(*sorted({state for table in TABLES for state in table.states}))
ACTION = one_of(*sorted({action for table in TABLES for action in table.actions}))
ROLE = one_of(Role)
LOCALES = list_of(one_of("en", "zh-Hans", "de", "fr", "es", "ja"))
CODES = list_of(code)

_MOVE: Details = {"action": ACTION, "before": STATE, "after": STATE}
_DUTY: Details = {
    "rule": code,
    "version": version,
    "stage": code,
    "place": place,
    "audience": code,
    "standing": code,
    "before": STATE,
    "after": STATE,
    "due_at": moment,
    "before_due_at": moment,
    "held_until": moment,
    "evidence_id": uuid,
    "cause": code,
}
_EXTENSION: Details = {
    "duty_id": uuid,
    "rule": code,
    "stage": code,
    "after": STATE,
    "asked_by": uuid,
    "fact_id": uuid,
    "due_at": moment,
    "before_due_at": moment,
}
_HOLD: Details = {
    "kind": code,
    "oral": yes_or_no,
    "file": sha256_hex,
    "covers": CODES,
    "starts_at": moment,
    "until": moment,
    "after": STATE,
}
_TASK: Details = {"step": code, "run_id": uuid, "automatic": yes_or_no, "before": STATE}
_IMPORT: Details = {
    "rows": whole,
    "accepted": whole,
    "rejected": whole,
    "duplicates": whole,
    "by_place": counts,
    "by_reason": counts,
    "source": sha256_hex,
    "why": code,
}
# An address has no place here, and no hash of it either: whoever had the key could look it up.
_SUPPRESSION: Details = {
    "address": code,
    "reason": code,
    "until": moment,
    "count": whole,
    "courier": code,  # who told of it, where no person did
}
_NOTICE: Details = {
    "version": whole,
    "content": sha256_hex,
    "locales": LOCALES,
    "channels": list_of(CHANNEL),
    "audience": code,
    "voided_approval": yes_or_no,
    "despite": CODES,
    "places": list_of(place),
}
_CAMPAIGN: Details = {
    "notice_id": uuid,
    "content": sha256_hex,
    "channels": list_of(CHANNEL),
    "people": whole,
    "buckets": counts,
    "cause": code,
}
_ANNOUNCEMENT: Details = {
    "notice_id": uuid,
    "campaign_id": uuid,
    "content": sha256_hex,
    "locales": LOCALES,
    "people": whole,
    "causes": CODES,
}
_PROVIDER: Details = {"courier": code, "channel": CHANNEL, "why": code, "before": STATE}
_REPORT: Details = {
    "form": code,
    "rule": code,
    "stage": code,
    "place": place,
    "version": whole,
    "content": sha256_hex,
    "file": sha256_hex,
    "duty_id": uuid,
    "filed_at": moment,
}
_EVIDENCE: Details = {"duty_id": uuid, "kind": code, "file": sha256_hex, "source_id": uuid}
_DRILL: Details = {
    "scenario": code,
    "version": version,
    "people": whole,
    "score": whole,
    "marks": counts,
}
_USER: Details = {"roles": list_of(ROLE), "active": yes_or_no, "changed": CODES}
_TOKEN: Details = {"user_id": uuid, "scopes": CODES, "drills_only": yes_or_no, "expires_at": moment}
_ALARM: Details = {
    "ring": whole,
    "level": whole,
    "loud": yes_or_no,
    "about": counts,
    "outcomes": counts,
    "how": code,
}
_ROTA: Details = {"version": whole, "days": whole, "levels": whole, "people": whole}
_STAND_IN: Details = {
    "override_id": uuid,
    "user_id": uuid,
    "level": whole,
    "starts_at": moment,
    "ends_at": moment,
}
_KEY: Details = {"key_id": key_id, "data_key_id": uuid, "purpose": code, "rewrapped": whole}

KINDS: Mapping[str, Details] = {
    "incident.open": {"mode": MODE, "kind": INCIDENT_KIND, "source": code, "severity": code},
    "incident.amend": {"changed": CODES, "version": whole},
    "incident.transition": _MOVE,
    "fact.record": {"fact": code, "fact_id": uuid, "supersedes": uuid, "source": code},
    "fact.withdraw": {"fact": code, "fact_id": uuid},
    "severity.assess": {"scale": code, "level": code, "score_percent": whole, "by_hand": yes_or_no},
    "duty.appear": _DUTY,
    "duty.end": _DUTY,
    "duty.move": _DUTY,
    "duty.waive": _DUTY,
    "duty.reopen": _DUTY,
    "duty.extend": _DUTY,
    "duty.meet": _DUTY,
    "duty.unmeet": _DUTY,
    "duty.hold": _DUTY,
    "duty.resume": _DUTY,
    "extension.ask": _EXTENSION,
    "extension.adopt": _EXTENSION,
    "extension.confirm": _EXTENSION,
    "extension.refuse": _EXTENSION,
    "extension.lapse": _EXTENSION,
    "hold.ask": _HOLD,
    "hold.confirm": _HOLD,
    "hold.refuse": _HOLD,
    "hold.lift": _HOLD,
    "hold.expire": _HOLD,
    "task.start": _TASK,
    "task.complete": _TASK,
    "task.skip": _TASK,
    "task.reopen": _TASK,
    "incident.own": {"owner_id": uuid, "before": uuid},
    "alarm.ring": _ALARM,
    "alarm.acknowledge": _ALARM,
    "alarm.end": _ALARM,
    "alarm.mend": {"rule": code, "stage": code},
    "playbook.start": {"playbook": code, "version": version, "content": sha256_hex, "steps": whole},
    "population.import.start": _IMPORT,
    "population.import.finish": _IMPORT,
    "population.import.fail": _IMPORT,
    "population.withhold": {"people": whole},
    "suppression.add": _SUPPRESSION,
    "suppression.lift": _SUPPRESSION,
    "suppression.import": {"rows": whole, "accepted": whole, "rejected": whole},
    "suppression.hear": {"courier": code, "count": whole, "outcomes": counts},
    "suppression.expire": {"count": whole},
    "person.reveal": {"purpose": code, "fields": CODES, "people": whole},
    "notice.draft": _NOTICE,
    "notice.edit": _NOTICE,
    "notice.approve": _NOTICE,
    "notice.withdraw": _NOTICE,
    "notice.issue": _NOTICE,
    "campaign.launch": _CAMPAIGN,
    "campaign.pause": _CAMPAIGN,
    "campaign.resume": _CAMPAIGN,
    "campaign.stop": _CAMPAIGN,
    "campaign.hold": _CAMPAIGN,
    "campaign.continue": _CAMPAIGN,
    "campaign.halt": _CAMPAIGN,
    "campaign.finish": _CAMPAIGN,
    "campaign.rejoin": _CAMPAIGN,
    "campaign.ramp": _CAMPAIGN,  # what waits for its step leaves later, or sooner
    "campaign.release": _CAMPAIGN,
    "campaign.prove": {  # the root over one leaf per person and rung
        "notice_id": uuid,
        "content": sha256_hex,
        "number": whole,
        "size": whole,
        "root": sha256_hex,
        "buckets": counts,
    },
    "campaign.export": {"number": whole, "file": sha256_hex},
    "quiet.ask": {"due_at": moment},
    "quiet.confirm": {"due_at": moment, "asked_by": uuid, "count": whole},
    "sending.record": {  # one entry for up to a thousand attempts: `root` commits to each
        "campaign_id": uuid,
        "envelope_id": uuid,
        "attempt_id": uuid,
        "courier": code,
        "channel": CHANNEL,
        "root": sha256_hex,
        "count": whole,
        "outcomes": counts,
    },
    "sending.reroute": {
        "campaign_id": uuid,
        "channel": CHANNEL,
        "before": code,
        "courier": code,
        "count": whole,
    },
    "receipts.fold": {"courier": code, "count": whole, "root": sha256_hex, "outcomes": counts},
    "unknown.resolve": {
        "campaign_id": uuid,
        "envelope_id": uuid,
        "attempt_id": uuid,
        "count": whole,
        "by": code,
        "after": STATE,
        "outcomes": counts,
    },
    "held.give_up": {"campaign_id": uuid, "count": whole, "people": whole},
    "provider.trip": _PROVIDER,
    "provider.close": _PROVIDER,
    "provider.reset": _PROVIDER,
    "announcement.propose": _ANNOUNCEMENT,
    "announcement.approve": _ANNOUNCEMENT,
    "announcement.publish": _ANNOUNCEMENT,
    "announcement.withdraw": _ANNOUNCEMENT,
    "report.open": _REPORT,
    "report.amend": _REPORT,
    "report.file": _REPORT,
    "report.withdraw": _REPORT,
    "register.export": {
        "log": code,
        "form": code,
        "rows": whole,
        "year": whole,
        "place": place,
        "file": sha256_hex,
    },
    "evidence.add": _EVIDENCE,
    "evidence.withdraw": _EVIDENCE,
    "law.apply": {"number": whole, "content": sha256_hex, "files": whole, "contracts": whole},
    "drill.start": _DRILL,
    "drill.finish": _DRILL,
    "user.create": _USER,
    "user.update": _USER,
    "token.create": _TOKEN,
    "token.revoke": _TOKEN,
    "alarm.ring_blind": {"rang_at": moment, "level": whole, "outcomes": counts},
    "contact.set": {"changed": CODES, "channels": CODES, "by_self": yes_or_no},
    "contact.test": {"outcomes": counts, "by_self": yes_or_no},
    "rota.create": _ROTA,
    "rota.amend": _ROTA,
    "rota.end": {},
    "rota.override": _STAND_IN,
    "rota.restore": _STAND_IN,
    "rota.import": {"level": whole, "turns": whole, "people": whole, "file": sha256_hex},
    "calendar.create": {"drills": yes_or_no, "replaces": yes_or_no},
    "calendar.revoke": {},
    "login.fail": {"why": code, "count": whole},
    "webhook.detection": {"source": code, "fingerprint": sha256_hex, "duplicate": yes_or_no},
    "key.create": _KEY,
    "key.rotate": _KEY,
    "key.destroy": _KEY,
    "settings.check": {"passed": yes_or_no, "failed": CODES},
    "audit.export": {"first": whole, "stop": whole, "size": whole, "entries": whole},
    "audit.prune": {"below": whole, "entries": whole, "before": moment},
    "audit.checkpoint": {"size": whole, "root": sha256_hex, "key_id": key_id},
}


def fit(kind: str, details: Iterable[tuple[str, object]]) -> dict[str, Value]:
    """The details as they stand in the entry, each checked against its kind; None is left out."""
    try:
        declared = KINDS[kind]
    except KeyError:
        raise Unfit(f"no kind of audit entry is called {kind!r}: add it to KINDS") from None
    return {
        name: _checked(kind, name, declared, value) for name, value in details if value is not None
    }


def _checked(kind: str, name: str, declared: Details, value: object) -> Value:
    if name not in declared:
        raise Unfit(f"{kind} declares no detail {name!r}; it has {', '.join(sorted(declared))}")
    try:
        return declared[name](value)
    except Unfit as unfit:
        raise Unfit(f"{kind}: {name} {unfit}") from None
