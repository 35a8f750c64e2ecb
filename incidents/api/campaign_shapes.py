"""The shapes of campaigns over HTTP: how one is launched, forecast, and seen."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.shapes import Shape, View
from incidents.rules.brake import Brake
from incidents.rules.canary import LONGEST_HOLD, MOST, Canary
from incidents.rules.ladder import LONGEST_WAIT_HOURS, Channel
from incidents.rules.launch_options import LaunchOptions

_BRAKE = Brake()


class CanaryShape(Shape):
    """Who goes first.

    people        how many; 0: nobody, all are told at once; not given: 1 %, at least 50
    hold_minutes  how long the others wait then; not given: 10, in a drill 0
    by_hand       whether they wait until somebody lets them follow
    """

    people: int | None = Field(default=None, ge=0, le=MOST)
    hold_minutes: float | None = Field(default=None, ge=0, le=LONGEST_HOLD / timedelta(minutes=1))
    by_hand: bool = False

    def wanted(self) -> Canary:
        """The same, as services take it."""
        hold = None if self.hold_minutes is None else self.hold_minutes * 60
        return Canary(self.people, hold, self.by_hand)


class BrakeShape(Shape):
    """When a campaign pauses by itself; 0 leaves a threshold out.

    failed_percent      more than this of those sent to were refused or came back
    complained_percent  more than this of them marked it as spam
    after_people        no share is taken of fewer
    refused_first       so many were refused before anybody was accepted
    """

    failed_percent: float = Field(default=_BRAKE.failed_percent, ge=0, le=100)
    complained_percent: float = Field(default=_BRAKE.complained_percent, ge=0, le=100)
    after_people: int = Field(default=_BRAKE.after_people, ge=0, le=1_000_000_000)
    refused_first: int = Field(default=_BRAKE.refused_first, ge=0, le=1_000_000_000)


class QuietShape(Shape):
    """When nobody is disturbed, by the clock where each person lives; what is not said is usual.

    channels  those that wait meanwhile: sms, call, push
    zone      for people whose place is not known; not given: the zone of those on duty
    """

    begins: Annotated[str, Field(alias="from", max_length=5)] = "21:00"
    ends: Annotated[str, Field(alias="to", max_length=5)] = "08:00"
    channels: list[Literal["sms", "call", "push"]] = Field(
        default=["sms", "call", "push"], min_length=1, max_length=3
    )
    zone: Annotated[str, Field(max_length=60)] = ""


class Launch(Shape):
    """How people are told.

    ladder          channels in the order in which each person is tried on them
    unknown_policy  what to do when no evidence will come of what was sent
    canary          who goes first, and how long the others wait
    brake           when it pauses by itself; null: never
    waits           channel to hours of silence after which a person moves on; not given: usual
    quiet           when nobody is disturbed; null: at no time
    recallable      e-mail is due 15 minutes later, and what is in doubt is cancelled and sent again
    """

    ladder: list[Channel] = Field(
        default=["email", "sms", "announcement"], min_length=1, max_length=6
    )
    unknown_policy: Literal["hold", "resend_marked", "next_channel"] = "hold"
    canary: CanaryShape = CanaryShape()
    brake: BrakeShape | None = BrakeShape()
    waits: dict[Channel, Annotated[float, Field(ge=0, le=LONGEST_WAIT_HOURS)]] | None = None
    quiet: QuietShape | None = QuietShape()
    recallable: bool = False

    def options(self) -> LaunchOptions:
        """What services.campaigns.launch is told."""
        return LaunchOptions(
            ladder=self.ladder,
            unknown_policy=self.unknown_policy,
            canary=self.canary.wanted(),
            brake=Brake(**self.brake.model_dump()) if self.brake else None,
            waits=self.waits,
            quiet=self.quiet.model_dump(by_alias=True) if self.quiet else {},
            recallable=self.recallable,
        )


class LegView(View):
    """The people who would be told on one rung by one provider in the same words.

    variant    the place whose words they are; empty: the plain ones
    envelopes  requests to the provider
    units      what it bills: e-mails, SMS segments at the most, calls, letters, push messages
    cost       null: no price is set
    opens_at   not before, since it is night there; null: at once
    ramp_until by and by until then, since many share their mail host; null: at once
    """

    rung: int
    channel: str
    provider: str
    locale: str
    people: int
    envelopes: int
    unit: str
    units: int
    cost: Decimal | None
    opens_at: datetime | None
    ramp_until: datetime | None
    variant: str


class RampAheadView(View):
    """People at mail hosts that many share, who are sent e-mail by and by.

    first           of each host in the first period, twice as many in each that follows
    period_seconds  an hour or a day
    is_steep        faster than is set, since a deadline comes first
    """

    people: int
    first: int
    period_seconds: float
    ends_at: datetime
    is_steep: bool


class ForecastView(View):
    """What a launch would do now; nothing was written.

    legs          on the first rung that reaches each person; who must move on costs more
    unreached     who would be sent nothing, by why: no_address, barred, or why they are withheld
    hold_seconds  how long the others wait for the canary; null: for a person
    seconds       of sending at the pace in the settings; null: none is set
    ends_at       by then all were tried once; null: not known
    due_at        the earliest duty to tell people
    in_time       whether it ends before that; null: not known
    ramp          who is sent e-mail by and by; null: nobody
    """

    people: int
    canary_people: int
    hold_seconds: float | None
    legs: list[LegView]
    unreached: dict[str, int]
    currency: str
    cost: Decimal | None
    unpriced: list[str]
    seconds: float | None
    ends_at: datetime | None
    due_at: datetime | None
    in_time: bool | None
    ramp: RampAheadView | None
    warnings: list[str]


class Because(Shape):
    """Why; it stays on record."""

    reason: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""


Why = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class LiftQuiet(Shape):
    """Why people are to be told at night; it stays on record."""

    reason: Why


class EndRamp(Shape):
    """Why nobody is to wait for their mail host any more; it stays on record."""

    reason: Why


class DecideHeld(Shape):
    """What is to become of what is held, and why; it stays on record.

    envelopes  only these, as `held` lists them; empty: all
    """

    reason: Why
    envelopes: list[Annotated[int, Field(ge=1, lt=2**31)]] = Field(default=[], max_length=1000)


class CampaignView(View):
    """A campaign as it stands.

    gate     canary: the first are being told; holding: the others wait, until `gate_at` or, if
             there is none, until somebody lets them follow; open: everybody is told
    halt     why it has paused itself; empty: it has not
    rest_of  campaigns that were stopped, where it is for exactly those whom they did not reach
    """

    id: UUID
    incident_id: UUID
    notice_id: UUID
    mode: str
    status: str
    rest_of: list[UUID]
    ladder: list[str]
    unknown_policy: str
    recallable: bool
    canary: dict[str, Any]
    gate: str
    gate_at: datetime | None
    brake: dict[str, Any]
    halt: str
    waits: dict[str, float] = Field(description="Hours of silence, by channel.")
    quiet: dict[str, Any] = Field(description="When nobody is disturbed; empty: at no time.")
    quiet_override: dict[str, Any] = Field(description="Who asked to lift it, who agreed.")
    launched_at: datetime
    launched_by: UUID
    finished_at: datetime | None


class RungView(View):
    """One rung: who stands on it now, and who was moved on from it, by what became of them.

    reasons  of those who failed on it or are withheld, the most frequent first
    """

    rung: int
    channel: str
    buckets: dict[str, int]
    left: dict[str, int]
    reasons: dict[str, int]


class TroubleView(View):
    """Envelopes that could not leave as they should: they wait, are unknown, held or refused."""

    state: str
    provider: str
    reason: str
    envelopes: int
    people: int


class OnRampView(View):
    """People who wait until their mail host is given more; when the next and the last of them go.

    is_steep  faster than is set, since a deadline comes first
    """

    people: int
    next_at: datetime
    ends_at: datetime
    is_steep: bool


class ProgressView(View):
    """Envelopes and their people by state; the pace of the last seconds; time left at it.

    total       everybody who is to be told
    buckets     where they are, as counted at `counted_at`; of many people not at each look, and
                before the first (null) as their envelopes say
    troubles    the most people first
    ramp        who waits until their mail host is given more; null: nobody
    next_at     nothing more leaves before this moment; null: now, or nothing waits
    """

    envelopes: dict[str, int]
    people: dict[str, int]
    people_per_second: float
    seconds_left: float | None
    next_at: datetime | None
    total: int
    buckets: dict[str, int]
    counted_at: datetime | None
    troubles: list[TroubleView]
    ramp: OnRampView | None


class CampaignNow(CampaignView):
    """A campaign and how far it is."""

    progress: ProgressView


class CampaignProgress(CampaignNow):
    """A campaign, how far it is, and its funnel."""

    funnel: list[RungView]


class EquationView(View):
    """People by bucket. Everybody is in exactly one: the buckets sum to the total."""

    buckets: dict[str, int]
    total: int
    holds: bool


class RestView(View):
    """People by whether a campaign has told them; each is in one of the three.

    told      accepted or delivered
    in_doubt  on their way now, or nobody knows: a notice to the rest leaves them out
    rest      surely not told
    """

    told: int
    in_doubt: int
    rest: int


class HeldView(View):
    """An envelope that waits for somebody's decision.

    in_doubt  it may have left, and no evidence says so; else nobody could make it ready to send
    """

    envelope: int
    channel: str
    provider: str
    people: int
    reason: str
    in_doubt: bool


class Decided(View):
    """How many envelopes it was decided on."""

    envelopes: int
