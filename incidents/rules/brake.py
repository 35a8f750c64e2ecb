"""When a campaign stops by itself, since what it does goes wrong too often. Pure."""

from dataclasses import dataclass
from math import sqrt

from incidents.errors import InvalidInput, Problem

# Fewer than these are no share of anything: one angry person is not 2 % of a canary of fifty.
_LEAST = 3
_Z = 1.645  # chance alone explains more in one case of twenty


@dataclass(frozen=True, slots=True)
class Sample:
    """People of a campaign so far, or since somebody let it go on.

    accepted, refused  by the providers, as they were asked
    failed             bounced, dropped or undelivered afterwards
    complained         marked it as spam
    """

    accepted: int = 0
    refused: int = 0
    failed: int = 0
    complained: int = 0

    def since(self, before: "Sample") -> "Sample":
        """What has been added to an earlier sample."""
        return Sample(
            accepted=max(0, self.accepted - before.accepted),
            refused=max(0, self.refused - before.refused),
            failed=max(0, self.failed - before.failed),
            complained=max(0, self.complained - before.complained),
        )


@dataclass(frozen=True, slots=True)
class Brake:
    """The thresholds of one campaign; 0 leaves one out.

    failed_percent      of those sent to, refused or failed. Amazon SES reviews an account at 5 %
                        and may pause it at 10 %:
                        https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-bounce.html
    complained_percent  of those sent to. Gmail asks for less than 0.3 %:
                        https://support.google.com/a/answer/81126
    after_people        no share is taken of fewer than these; of a canary that is smaller, what
                        chance alone does not explain
    refused_first       so many refused before anybody was accepted: the account or the words
                        are at fault, and the others need not find out
    """

    failed_percent: float = 5.0
    complained_percent: float = 0.3
    after_people: int = 200
    refused_first: int = 50


def trips(brake: Brake, sample: Sample, *, is_canary: bool = False) -> str:
    """Why the campaign must stop, in one line; empty: it goes on.

    is_canary  whether the others still wait: they are spared only if its few are believed
    """
    sent = sample.accepted + sample.refused
    if brake.refused_first and not sample.accepted and sample.refused >= brake.refused_first:
        return f"all of the first {sample.refused:,} people were refused by the provider"
    is_small = sent < brake.after_people
    if is_small and not is_canary:
        return ""
    share = _surely if is_small else _plainly
    failed, most = sample.refused + sample.failed, brake.failed_percent
    if most and share(failed, sent) > most / 100:
        return _line(failed, sent, "could not be reached", most)
    complaints, most = sample.complained, brake.complained_percent
    if most and complaints >= _LEAST and _plainly(complaints, sample.accepted) > most / 100:
        return _line(complaints, sample.accepted, "complained", most)
    return ""


def _plainly(count: int, of: int) -> float:
    return count / of if of else 0.0


def _surely(count: int, of: int) -> float:
    """The least share of many of which a few may be a sample: Wilson's lower bound."""
    if count < _LEAST or not of:
        return 0.0
    share, spread = min(count / of, 1.0), _Z * _Z / of
    return (share + spread / 2 - sqrt(spread * (share * (1 - share) + spread / 4))) / (1 + spread)


def checked_brake(brake: Brake) -> Brake:
    """The same brake. Raises InvalidInput where a threshold makes no sense."""
    for name in ("failed_percent", "complained_percent"):
        if not 0 <= getattr(brake, name) <= 100:
            raise _bad(name, "is no percentage", "0 to 100; 0 leaves it out")
    for name in ("after_people", "refused_first"):
        if getattr(brake, name) < 0:
            raise _bad(name, "is below zero", "a number of people; 0 leaves it out")
    return brake


def _line(count: int, of: int, what: str, most: float) -> str:
    return f"{count:,} of {of:,} people {what} ({count / of:.1%}, more than {most:g} %)"


def _bad(name: str, why: str, mend: str) -> InvalidInput:
    field = f"brake.{name}"
    return InvalidInput(f"this brake cannot be: {field} {why}", Problem(field, why, mend))
