"""What we are, from the settings: facts of every incident, where nobody said otherwise."""

from typing import Any

from incidents.errors import InvalidInput, Problem
from incidents.rules.facts import parse_facts
from incidents.settings import Settings

_SETTING_OF = {
    "role": "organisation_role",
    "establishment": "establishment",
    "organisation_flags": "organisation_flags",
}
_UNSET = (None, "")  # an empty list of flags is an answer: none of them


def own_facts(settings: Settings) -> dict[str, Any]:
    """Our role, our main establishment and what we are, as far as the settings say.

    Raises  InvalidInput naming the variable, the value that does not fit, and a mend
    """
    given: dict[str, Any] = {
        "role": settings.organisation_role,
        "establishment": settings.establishment,
        "organisation_flags": _listed(settings.organisation_flags),
    }
    try:
        return parse_facts({name: value for name, value in given.items() if value not in _UNSET})
    except InvalidInput as error:
        problems = [_of_setting(problem) for problem in error.problems]
        raise InvalidInput("What the settings say of us cannot be used.", *problems) from None


def _listed(words: str | None) -> list[str] | None:
    if words is None:
        return None
    return [word.strip() for word in words.split(",") if word.strip()]


def _of_setting(problem: Problem) -> Problem:
    fact = problem.field.removeprefix("facts.").partition(".")[0].partition("[")[0]
    variable = f"TOCSIN_{_SETTING_OF[fact].upper()}"
    return Problem(variable, problem.why, problem.mend)
