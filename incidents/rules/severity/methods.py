"""Every method there is, by name."""

from __future__ import annotations

from incidents.errors import NotFound
from incidents.rules.facts import did_you_mean
from incidents.rules.legal_rule import Grades
from incidents.rules.severity.china import china
from incidents.rules.severity.dora import dora
from incidents.rules.severity.enisa import enisa
from incidents.rules.severity.gdpr_risk import gdpr_risk
from incidents.rules.severity.hipaa import hipaa
from incidents.rules.severity.method import Method
from incidents.rules.severity.nis2 import nis2


def methods(grades: Grades | None) -> dict[str, Method]:
    """The methods by name.

    grades  the numbers of the Chinese grades, as their law has them
    """
    made = (enisa(), gdpr_risk(), china(grades), nis2(), dora(), hipaa())
    return {method.name: method for method in made}


def method_named(name: str, grades: Grades | None) -> Method:
    """The method of a name. Raises NotFound."""
    known = methods(grades)
    if name not in known:
        hint = did_you_mean(name, known) or f"there are: {', '.join(known)}"
        raise NotFound(f"There is no method {name!r}; {hint}")
    return known[name]
