"""What a playbook is: steps with a condition, an order, a due time, an owner and an action."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from playbooks.conditions import Condition
from playbooks.durations import Duration, parse_duration


class Role(StrEnum):
    """Who owns a step; the same words as the roles of a person in the service."""

    REPORTER = "reporter"
    RESPONDER = "responder"
    COMMANDER = "commander"
    PRIVACY_OFFICER = "privacy_officer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


Kind = Literal[
    "personal_data_leak",
    "ransomware",
    "misdirected_email",
    "lost_device",
    "account_takeover",
    "other",
]
Audience = Literal[
    "people", "authority", "media", "partners", "consumer_reporting_agencies", "controller"
]
Channel = Literal["email", "sms", "push", "letter", "call", "announcement"]
Phase = Literal["prepare", "detect", "contain", "eradicate", "recover", "notify", "learn"]


class Shape(BaseModel):
    """A piece of a playbook: immutable, and refusing words it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Manual(Shape):
    """A person does it and says so."""

    action: Literal["manual"] = "manual"


class AskFact(Shape):
    """Ask the owner for facts that the rules or later steps need."""

    action: Literal["ask_fact"]
    facts: tuple[str, ...] = Field(min_length=1)
    question: str = Field(min_length=1)


class DraftNotice(Shape):
    """Draft the words for an audience from the facts."""

    action: Literal["draft_notice"]
    audience: Audience = "people"


class OpenReport(Shape):
    """Open the next report of a stage, for one authority or for every one that is owed it."""

    action: Literal["open_report"]
    stage: Literal["initial", "supplementary", "final"] = "initial"
    authority: str | None = None


class PlanPopulation(Shape):
    """Plan how the affected people are told: import them, then this ladder of channels."""

    action: Literal["plan_population"]
    ladder: tuple[Channel, ...] = Field(default=("email", "sms", "announcement"), min_length=1)


class Page(Shape):
    """Call out the people of a role who are on duty."""

    action: Literal["page"]
    role: Role
    message: str = Field(min_length=1)


class ProposeAnnouncement(Shape):
    """Ask the rule whether a public announcement is due, and propose it with its reasons."""

    action: Literal["propose_announcement"]


Do = Annotated[
    Manual | AskFact | DraftNotice | OpenReport | PlanPopulation | Page | ProposeAnnouncement,
    Field(discriminator="action"),
]
ACTIONS = frozenset(
    {
        "manual",
        "ask_fact",
        "draft_notice",
        "open_report",
        "plan_population",
        "page",
        "propose_announcement",
    }
)


class Due(Shape):
    """When a step is due: so long after a moment. `started_at` is the start of the run."""

    moment: str = Field(default="started_at", alias="from", pattern=r"^[a-z_]+_at$")
    within: Duration

    @model_validator(mode="before")
    @classmethod
    def _bare_offset(cls, value: Any) -> Any:
        """`due: PT2H` counts from the start of the run."""
        return {"within": parse_duration(value)} if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Condition:
    # Plans are read back at each review: the same few sentences, over and over.
    return Condition.parse(text)


def _readable(text: str | None) -> str | None:
    if text is not None:
        _parsed(text)
    return text


class Step(Shape):
    """One thing to do.

    title      an imperative sentence: "Revoke the leaked credentials"
    when       condition on the facts; none means always. Unknown waits, it never skips
    after      ids of the steps to be through with first
    due        offset from a moment of the incident
    mandatory  the incident cannot close while it is open
    do         what happens: an action of ours, else a person does it
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: str = Field(min_length=3, max_length=120)
    phase: Phase
    owner: Role
    when: Annotated[str | None, AfterValidator(_readable)] = None
    after: tuple[str, ...] = ()
    due: Due | None = None
    mandatory: bool = False
    do: Do = Manual()
    help: str = ""

    @property
    def automatic(self) -> bool:
        """Whether Tocsin begins it by itself as soon as it is ready."""
        return self.do.action != "manual"

    @property
    def condition(self) -> Condition | None:
        """The step's `when`, ready to be evaluated."""
        return _parsed(self.when) if self.when is not None else None


class Playbook(Shape):
    """A procedure for some kinds of incident."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: str = Field(min_length=3, max_length=120)
    version: int = Field(ge=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)
    summary: str = ""
    sources: tuple[str, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def sha256(self) -> str:
        """Hash of what the playbook says: comments and layout of its file do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def fits(self, kind: str) -> bool:
        """Whether it is made for incidents of this kind."""
        return kind in self.kinds


def for_kind(playbooks: Mapping[str, Playbook], kind: str) -> Playbook | None:
    """The playbook for a kind of incident: the one named like it, else the first that fits."""
    named = playbooks.get(kind)
    if named is not None and named.fits(kind):
        return named
    return next((book for _, book in sorted(playbooks.items()) if book.fits(kind)), None)
