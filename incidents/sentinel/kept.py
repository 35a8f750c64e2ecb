"""The sentinel's own copy of what will ring and whom it wakes: sealed, on its own disk.

One file of mode 0600, replaced whole each minute. It is sealed under a data key of its own,
made for this one copy and wrapped by the key ring: it opens without the database, and for
nobody without the keys.
"""

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from incidents.database.base import uuid7
from incidents.errors import IncidentsError
from incidents.settings import Settings
from incidents.vault.data_keys import ORGANISATION
from incidents.vault.files import replace_secret
from incidents.vault.keys import DataKey, KeyRing, new_secret
from incidents.vault.sealed import seal, unseal
from notifiers.paging import Contact

_PURPOSE, _TABLE, _FIELD = "sentinel", "sentinel_copy", "copy"


class NoCopy(IncidentsError):
    """There is no copy that could be read; `detail` says why."""

    status = 503
    title = "The sentinel has no copy"


@dataclass(frozen=True, slots=True)
class KeptAlarm:
    """One alarm that will ring unless somebody does something first.

    is_loud  wakes people by SMS and call; a soft one only writes to them
    """

    id: str
    at: datetime
    incident: str
    mode: str
    subject: str
    text: str
    short: str
    is_loud: bool = True


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """One person on duty; level 0 is woken first."""

    user_id: str
    name: str
    level: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """Who is on duty from when until when."""

    start: datetime
    until: datetime
    people: tuple[KeptPerson, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database said last.

    alarms     soonest first
    hard_dues  when the hard clocks of live incidents run out, soonest first
    """

    made_at: datetime
    alarms: tuple[KeptAlarm, ...]
    turns: tuple[KeptTurn, ...]
    hard_dues: tuple[datetime, ...]

    def on_duty(self, now: datetime) -> tuple[KeptPerson, ...]:
        """Those on duty now; where the rota has a gap or its end, everybody that is known."""
        here = [turn for turn in self.turns if turn.start <= now < turn.until]
        people = {one.user_id: one for turn in here or self.turns for one in turn.people}
        return tuple(sorted(people.values(), key=lambda one: (one.level, one.user_id)))

    def overdue(self, now: datetime) -> int:
        """How many hard clocks have run out, as far as is known here."""
        return sum(due <= now for due in self.hard_dues)


def path_of(settings: Settings) -> Path:
    """Where the copy lies."""
    return settings.data_folder / "sentinel" / "copy.sealed"


def write(path: Path, keyring: KeyRing, kept: Kept) -> None:
    """Put a copy in place of the last one, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = DataKey(uuid7(), ORGANISATION, _PURPOSE, new_secret())
    plain = zlib.compress(json.dumps(asdict(kept), default=_plain).encode(), 1)
    sealed = seal(
        key,
        table=_TABLE,
        row_id=key.id,
        field=_FIELD,
        incident_id=ORGANISATION,
        plaintext=plain,
    )
    wrapped = {
        "made_at": kept.made_at.isoformat(),
        "kek": keyring.active_id,
        "key": str(key.id),
        "wrapped": b64encode(keyring.wrap(key)).decode(),
        "sealed": b64encode(sealed).decode(),
    }
    replace_secret(path, json.dumps(wrapped) + "\n")


def read(path: Path, keyring: KeyRing) -> Kept:
    """The copy. Its mode is not asked here: in need it rings, and `doctor` tells of the mode.

    Raises  NoCopy where there is none, or none that these keys open
    """
    try:
        return _opened(keyring, json.loads(path.read_text(encoding="ascii")))
    except FileNotFoundError:
        raise NoCopy(f"there is no {path}: the database was never reached from here") from None
    except (OSError, ValueError, KeyError, TypeError, zlib.error, IncidentsError) as error:
        raise NoCopy(f"{path} cannot be read: {type(error).__name__}: {error}") from None


def _opened(keyring: KeyRing, wrapped: dict[str, str]) -> Kept:
    key_id = UUID(wrapped["key"])
    key = keyring.unwrap(
        b64decode(wrapped["wrapped"]), wrapped["kek"], key_id, ORGANISATION, _PURPOSE
    )
    keyring.forget(key_id)  # each copy has a key of its own: none is asked for twice
    blob = b64decode(wrapped["sealed"])
    plain = unseal(
        key, table=_TABLE, row_id=key_id, field=_FIELD, incident_id=ORGANISATION, blob=blob
    )
    return _kept(json.loads(zlib.decompress(plain)))


def _kept(data: dict[str, Any]) -> Kept:
    return Kept(
        made_at=_moment(data["made_at"]),
        alarms=tuple(KeptAlarm(**one | {"at": _moment(one["at"])}) for one in data["alarms"]),
        turns=tuple(_turn(one) for one in data["turns"]),
        hard_dues=tuple(_moment(one) for one in data["hard_dues"]),
    )


def _turn(data: dict[str, Any]) -> KeptTurn:
    people = tuple(
        KeptPerson(**one | {"contact": _contact(**one["contact"])}) for one in data["people"]
    )
    return KeptTurn(_moment(data["start"]), _moment(data["until"]), people)


def _contact(name: str, email: str, phone: str, chat: list[str]) -> Contact:
    return Contact(name, email, phone, tuple(chat))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a copy holds no {type(value).__name__}")
