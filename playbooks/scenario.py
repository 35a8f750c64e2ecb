"""A drill as data: what is known at the start, what comes when, who does what, what is scored."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from math import floor
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from playbooks.durations import Duration, parse_duration
from playbooks.loader import read, read_folder
from playbooks.playbook import Audience, Channel, Kind, Role, Shape

SCENARIOS = Path(__file__).parent / "scenarios"

Share = Annotated[float, Field(ge=0, le=1)]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")]
Place = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Milestone = Literal[
    "triaged",
    "confirmed",
    "contained",
    "population_imported",
    "notice_approved",
    "campaign_launched",
    "everyone_attempted",
    "announcement_published",
    "first_report_filed",
    "resolved",
    "closed",
]


class MoveIncident(Shape):
    """Somebody moves the incident along its lifecycle."""

    do: Literal["move_incident"]
    move: Literal["triage", "confirm", "contain", "resolve", "close"]


class ImportPopulation(Shape):
    """Somebody hands in the list of affected people: the synthetic population."""

    do: Literal["import_population"]


class WriteNotice(Shape):
    """Somebody drafts the notice from the facts, or approves it; never the same person."""

    do: Literal["draft_notice", "approve_notice"]
    audience: Audience = "people"


class LaunchCampaign(Shape):
    """Somebody launches the campaign on the approved notice."""

    do: Literal["launch_campaign"]
    ladder: tuple[Channel, ...] = ("email", "sms", "announcement")


class Announce(Shape):
    """Somebody approves or publishes the announcement that a rule proposed."""

    do: Literal["approve_announcement", "publish_announcement"]


class FileReport(Shape):
    """Somebody files the report that the authorities of a place are owed."""

    do: Literal["file_report"]
    place: Place
    stage: Literal["initial", "supplementary", "final"] = "initial"
    reference: str


class CompleteStep(Shape):
    """Somebody says that a step of the playbook is done."""

    do: Literal["complete_step"]
    step: str


Act = Annotated[
    MoveIncident
    | ImportPopulation
    | WriteNotice
    | LaunchCampaign
    | Announce
    | FileReport
    | CompleteStep,
    Field(discriminator="do"),
]


class Inject(Shape):
    """What happens so long after the start: facts are learned, a message comes, somebody acts.

    learn  fact name to value; a moment as an offset from the start (`aware_at: PT10M`)
    say    a message to the team; `by` is whom it reaches
    act    what the role `by` does
    """

    after: Duration
    by: Role
    learn: dict[str, Any] | None = None
    say: str | None = None
    act: Act | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Inject":
        if sum(part is not None for part in (self.learn, self.say, self.act)) != 1:
            raise ValueError("an inject either learns, says or acts")
        if self.after < timedelta(0):
            raise ValueError("an inject cannot come before the start")
        return self


class Opening(Shape):
    """The report that starts the drill; `facts` hold moments as offsets from the start."""

    title: str
    facts: dict[str, Any]


class Group(Shape):
    """People of one place and language, as a share of all."""

    place: Place
    locale: Locale
    share: Share


class Flaws(Shape):
    """The share of people with each flaw; nobody has two."""

    bounce: Share = 0
    no_email: Share = 0
    invalid_email: Share = 0
    no_address: Share = 0

    @property
    def total(self) -> float:
        """The share of people with a flaw."""
        return self.bounce + self.no_email + self.invalid_email + self.no_address


class SyntheticPopulation(Shape):
    """The invented people of a drill."""

    size: int = Field(ge=1)
    groups: tuple[Group, ...] = Field(min_length=1)
    flaws: Flaws = Flaws()
    phone_share: Share = 0.6
    push_share: Share = 0.2

    @model_validator(mode="after")
    def _adds_up(self) -> "SyntheticPopulation":
        total = sum(group.share for group in self.groups)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the shares of the groups add up to {total:g}, not to 1")
        if self.flaws.total > 1:
            raise ValueError("the shares of the flaws add up to more than 1")
        return self


class Fault(Shape):
    """Trouble at a provider: which share of its calls, from when, for how long.

    fault  a knob of the provider fake, by the same name; `after` means after it accepted
    """

    channel: Channel
    fault: Literal[
        "too_many",
        "error_before",
        "error_after",
        "hang_before",
        "hang_after",
        "reset_before",
        "reset_after",
        "late",
        "doubled",
    ]
    share: Share
    after: Duration = timedelta(0)
    lasts: Duration | None = None


class DutyMet(Shape):
    """Every duty of a place towards an audience is met within its own clock."""

    kind: Literal["duty_met"]
    place: Place
    audience: Audience


class ReachedWithin(Shape):
    """A milestone comes so long after a moment."""

    kind: Literal["reached_within"]
    milestone: Milestone
    moment: str = Field(default="aware_at", alias="from", pattern=r"^[a-z_]+_at$")
    within: Duration


class ElementsComplete(Shape):
    """The notice has its four elements, contact and date in each of these languages."""

    kind: Literal["elements_complete"]
    locales: tuple[Locale, ...] = Field(min_length=1)


class EveryoneAccounted(Shape):
    """Every person is in exactly one bucket, and none is left without a notice."""

    kind: Literal["everyone_accounted"]


Expectation = Annotated[
    DutyMet | ReachedWithin | ElementsComplete | EveryoneAccounted, Field(discriminator="kind")
]


class Scenario(Shape):
    """A rehearsal: an opening, timed injects, invented people, faults, and what is scored."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)
    title: str = Field(min_length=3, max_length=120)
    summary: str = ""
    kind: Kind
    playbook: str
    lasts: Duration
    opening: Opening
    population: SyntheticPopulation
    injects: tuple[Inject, ...]
    faults: tuple[Fault, ...] = ()
    expectations: tuple[Expectation, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_time(self) -> "Scenario":
        _refuse_future(self.opening.facts, timedelta(0))
        for inject in self.injects:
            if inject.after > self.lasts:
                raise ValueError(f"an inject comes at {inject.after}, after the end of the drill")
            _refuse_future(inject.learn or {}, inject.after)
        return self

    def timeline(self) -> tuple[Inject, ...]:
        """The injects in the order of their time; of one time, as written."""
        return tuple(sorted(self.injects, key=lambda inject: inject.after))

    def opening_facts(self, start: datetime) -> dict[str, Any]:
        """What is known when the drill starts; moments as aware datetimes."""
        return resolve(self.opening.facts, start)


def resolve(facts: Mapping[str, Any], start: datetime) -> dict[str, Any]:
    """Facts with their moments (`…_at`) turned from offsets into times after `start`."""
    return {
        name: start + parse_duration(value) if name.endswith("_at") else value
        for name, value in facts.items()
    }


def _refuse_future(facts: Mapping[str, Any], known_at: timedelta) -> None:
    for name, value in facts.items():
        if name.endswith("_at") and parse_duration(value) > known_at:
            raise ValueError(f"{name} is learned before it happens")


def people_by_group(population: SyntheticPopulation, count: int) -> Iterator[tuple[Group, int]]:
    """How many of `count` people each group has: whole people that add up exactly."""
    exact = [group.share * count for group in population.groups]
    whole = [floor(part + 1e-9) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for index in by_remainder[: count - sum(whole)]:
        whole[index] += 1
    yield from zip(population.groups, whole, strict=True)


@cache
def load_scenarios(folder: Path = SCENARIOS) -> Mapping[str, Scenario]:
    """Every scenario of a folder by its id; read once per process."""
    return read_folder(folder, Scenario)


def parse_scenario(text: str, file: str = "<text>") -> Scenario:
    """One scenario from YAML text."""
    return read(text, file, Scenario)
