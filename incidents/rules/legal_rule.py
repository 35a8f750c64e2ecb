"""The shape of a law file: what a rule must say before anything is judged by it.

One YAML file is one instrument: `incidents/rules/law/<place>/<instrument>.yaml`. Its first
document is the law; its second one, read by tests and `tocsin law check` only, the examples.
"""

from collections.abc import Collection, Hashable, Mapping
from datetime import date, datetime
from functools import cache, cached_property
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from incidents.rules.content import CONTENT
from incidents.rules.deadlines import Clock
from incidents.rules.facts import FACTS, check_mention, did_you_mean
from incidents.rules.ladder import Channel
from playbooks.conditions import Condition, MalformedCondition

Audience = Literal[
    "people", "authority", "media", "partners", "consumer_reporting_agencies", "controller",
    "register",
]  # fmt: skip
Stage = Literal[
    "early_warning", "initial", "intermediate", "supplementary", "final", "single", "annual"
]
Confidence = Literal["high", "medium", "low"]
Status = Literal["owed", "not_owed", "unknown", "recommended"]

# What a proposal of public notice is asked about; see substitute_notice.SubstituteFacts.
SUBSTITUTE_FACTS = (
    "population_count", "unreachable_count", "unreachable_share", "notice_cost_usd",
    "hours_left", "disproportionate_effort", "established_there", "share_at",
)  # fmt: skip


def _read_condition(raw: Any) -> Condition:
    return raw if isinstance(raw, Condition) else _checked(_words(raw))


@cache
def _checked(text: str) -> Condition:
    """A condition read and checked once, however many rules share its words."""
    condition = _parse(text, FACTS)
    for mention in condition.mentions:
        if wrong := check_mention(mention.fact, mention.how, mention.value):
            raise ValueError(f"{wrong} (in {condition})")
    return condition


def _read_substitute(raw: Any) -> Condition:
    return raw if isinstance(raw, Condition) else _parse(_words(raw), SUBSTITUTE_FACTS)


def _words(raw: Any) -> str:
    return raw if isinstance(raw, str) else str(raw).lower()


def _parse(text: str, names: Collection[str]) -> Condition:
    try:
        return Condition.parse(text, names)
    except MalformedCondition as error:
        raise ValueError(str(error)) from None


def _moment_name(name: str) -> str:
    if name not in FACTS or FACTS[name].type != "moment":
        raise ValueError(f"{name!r} is no moment; {did_you_mean(name, FACTS)}")
    return name


def _content(code: str) -> str:
    if code not in CONTENT and code not in FACTS:
        raise ValueError(f"no content is called {code!r}; {did_you_mean(code, [*CONTENT, *FACTS])}")
    return code


Shared = TypeVar("Shared", bound=Hashable)
_SHARED: dict[Hashable, Any] = {}


def _one_of_a_kind(part: Shared) -> Shared:
    """The same object for all rules that say the same, so that each is worked out once."""
    return _SHARED.setdefault(part, part)  # type: ignore[no-any-return]


When = Annotated[Condition, BeforeValidator(_read_condition)]
SubstituteWhen = Annotated[Condition, BeforeValidator(_read_substitute)]
Moment = Annotated[str, BeforeValidator(_moment_name)]
Content = Annotated[str, BeforeValidator(_content)]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")]
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Authority(_Part):
    """Who is told: the name, the door to knock at, and other names by our establishment.

    confidence   how sure we are of this name, where that is less than of the rule
    """

    name: Text
    portal: str | None = None
    confidence: Confidence | None = None
    by_establishment: dict[str, "Authority"] = {}


class Trigger(_Part):
    """What starts the clock.

    facts          the earliest known of these governs
    fallback       when none is known: the earliest known of these, and it is said
    or_due_of      until then: the due time of another duty, whose fulfilment starts this one
    arguable_from  a later moment from which the law may be read; never scheduled on
    reading        what the law calls the moment, and how that is read here
    """

    facts: tuple[Moment, ...] = Field(min_length=1)
    fallback: tuple[Moment, ...] = ()
    or_due_of: RuleId | None = None
    arguable_from: Moment | None = None
    reading: Text | None = None


class Exempt(_Part):
    """An exception or a hold: it counts once somebody has established it."""

    when: When
    text: Text
    source: Text


class Delay(Exempt):
    """A hold that the law knows: the police or an authority may ask that telling waits.

    pauses     the clock stands still while it is held; otherwise the due time stays and is shown
    most_days  the longest that the law lets one hold run
    oral_days  the longest that one without paper runs
    """

    pauses: bool = False
    most_days: int | None = Field(default=None, ge=1)
    oral_days: int | None = Field(default=None, ge=1)


class PeopleTold(_Part):
    """Met when this share of the people has a notice that the provider took, or delivered.

    among      the place whose people count; none: everyone
    instead    a published announcement stands in for those it covers
    """

    share: float = Field(default=1.0, gt=0, le=1)
    by: Literal["accepted", "delivered"] = "accepted"
    among: str | None = None
    instead: Literal["announcement"] | None = None


class AnnouncementPublished(_Part):
    """Met when an announcement stands, and has stood for so many days."""

    days: int = Field(default=0, ge=0)


class ReportFiled(_Part):
    """Met when a report of this duty's stage is filed with its recipient, with evidence."""


class FactsRecorded(_Part):
    """Met when these facts are on record."""

    facts: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _are_facts(self) -> "FactsRecorded":
        for name in self.facts:
            if name not in FACTS:
                raise ValueError(f"no fact is called {name!r}; {did_you_mean(name, FACTS)}")
        return self


class TaskDone(_Part):
    """Met when the task of this name is done, with evidence."""

    task: Text


class MetWhen(_Part):
    """The evidence that discharges a duty: exactly one kind."""

    people_told: PeopleTold | None = None
    announcement_published: AnnouncementPublished | None = None
    report_filed: ReportFiled | None = None
    facts_recorded: FactsRecorded | None = None
    task_done: TaskDone | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "MetWhen":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"give exactly one of {', '.join(type(self).model_fields)}")
        return self


class Effective(_Part):
    """The days on which the rule is law, both included; judged by the start of its clock."""

    from_: date = Field(alias="from")
    until: date | None = None


class Expected(_Part):
    """What a worked example must give; what is left out is not compared."""

    status: Status
    due_at: datetime | None = None
    latest_arguable: datetime | None = None
    trigger: str | None = None
    missing: list[str] | None = None


class Example(_Part):
    """A worked example: these facts, this answer; run as a test."""

    name: Text
    facts: dict[str, Any]
    now: datetime | None = None
    expect: Expected


class Examples(_Part):
    """The second document of a law file: worked examples by rule, and facts that they share."""

    facts: dict[str, Any] = {}
    examples: dict[RuleId, list[Example]] = {}


class Printed(NamedTuple):
    """What a rule says of itself, whatever the facts; the same for every duty that it makes.

    met_when  what discharges the duty, as JSON: one key, the kind of evidence
    """

    title: str
    stage: str
    audience: str
    place: str
    source: str
    confidence: str
    met_when: Mapping[str, Any]
    required_content: tuple[str, ...]
    channels: tuple[str, ...]


class LegalRule(_Part):
    """One duty of one instrument: whom to tell what by when, and what proves it."""

    id: RuleId
    title: Text
    place: Text
    audience: Audience
    stage: Stage
    authority: Authority | None = None
    when: When
    unless: list[Exempt] = []
    hold: Delay | None = None
    trigger: Annotated[Trigger, AfterValidator(_one_of_a_kind)]
    clock: Annotated[Clock, AfterValidator(_one_of_a_kind)]
    # Ends the time when it comes before the clock does: "not later than when people are told".
    no_later_than: Moment | None = None
    clock_basis: str | None = None
    force: Literal["law", "recommended"] = "law"
    met_when: MetWhen
    required_content: tuple[Content, ...] = ()
    prohibited_content: tuple[Content, ...] = ()  # what a notice to these people must not say
    channels: tuple[Channel, ...] = ()
    effective: Effective
    notes: tuple[Text, ...] = ()  # to whoever reads the rule: how its words are meant here
    source: Text
    confidence: Confidence

    @model_validator(mode="after")
    def _is_whole(self) -> "LegalRule":
        if self.audience == "authority" and self.authority is None:
            raise ValueError("a duty to an authority names the authority")
        if self.audience == "people" and not self.channels:
            raise ValueError("a duty to people names the channels")
        if self.clock.is_target and not self.clock_basis:
            raise ValueError("a target says in clock_basis whose number it is")
        return self

    @cached_property
    def evidence(self) -> dict[str, Any]:
        """What discharges the duty, as JSON: one key, the kind of evidence."""
        return self.met_when.model_dump(mode="json", exclude_none=True)

    @cached_property
    def printed(self) -> Printed:
        """What every duty of this rule says of itself."""
        own = {name: getattr(self, name) for name in Printed._fields}
        return Printed(**{**own, "met_when": self.evidence})

    @cached_property
    def is_target(self) -> bool:
        """Whether the due time is our target: no number in the law, or one we are unsure of."""
        return self.clock.is_target or self.confidence == "low" or self.force == "recommended"


class SubstituteRule(_Part):
    """When a law lets a public notice stand in for single ones, and how it must be made.

    stands_for   public: an announcement, on these means; single: another way to each person
    """

    id: RuleId
    place: str | None = None
    when: SubstituteWhen
    text: Text
    means: list[Literal["website", "media", "announcement", "email", "letter", "call"]] = Field(
        min_length=1
    )
    stands_for: Literal["public", "single"] = "public"
    days: int | None = Field(default=None, ge=1)
    toll_free: bool = False
    source: Text
    confidence: Confidence


class GradeThresholds(_Part):
    """From which number on a grade is reached; each number is included (以上 含本数)."""

    relatively_major: int
    major: int
    particularly_major: int


class Grades(_Part):
    """The numeric criteria of the Chinese grades; the others need a person."""

    people_leaked: GradeThresholds
    direct_loss_cny: GradeThresholds
    by_judgement: list[Text]
    source: Text


class House(_Part):
    """Our own values, where no law has one: `share_at` is the share of people unreachable."""

    share_at: float = Field(gt=0, le=1)


class Instrument(_Part):
    """The law itself: what it is called, where it binds, how we know.

    processors, records, penalties   what it says of them where no rule of its own does
    pending     changes that are proposed, or enacted and not in force; nothing here rests on them
    uncertain   what a lawyer should look at, each with why
    """

    id: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z0-9_]+$")]
    title: Text
    jurisdiction: Text
    bound: Text
    citation: Text
    verified: Text
    confidence: Confidence
    reviewed: date
    processors: Text | None = None
    records: Text | None = None
    penalties: Text | None = None
    pending: tuple[Text, ...] = ()
    uncertain: tuple[Text, ...] = ()


class LawFile(_Part):
    """One file: an instrument, its duties, its substitute notice, its grades, our own values."""

    instrument: Instrument
    rules: list[LegalRule] = []
    substitute: list[SubstituteRule] = []
    grades: Grades | None = None
    house: House | None = None
