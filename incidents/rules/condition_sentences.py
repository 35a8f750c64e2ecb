"""A condition in plain words, as a lawyer would read it; drawn from the vocabulary of facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from incidents.rules.facts import FACTS
from incidents.rules.place_names import place_name
from playbooks.condition_tree import (
    Always,
    AnyOf,
    Compare,
    Constant,
    Count,
    EstablishedIn,
    Fact,
    Holds,
    Join,
    Known,
    Node,
    Not,
    Operand,
)
from playbooks.conditions import Condition

_SIGNS = {
    "<": "fewer than {}", "<=": "at most {}", ">": "more than {}", ">=": "at least {}",
    "==": "exactly {}", "!=": "not {}",
}  # fmt: skip
_ROLES = {
    "controller": "the controller",
    "joint_controller": "a joint controller",
    "processor": "a processor",
}
_CHOSEN = {
    ("encryption", "==", "key_safe"): "the data were encrypted and the key is safe",
    ("risk", "!=", "unlikely"): "a risk to people is not unlikely",
    ("risk", "==", "high"): "the risk to people is high",
    ("china_grade", "!=", "general"): "the grade is 较大 (relatively major) or above",
    ("china_grade", "==", "particularly_major"): "the grade is 特别重大 (particularly major)",
}
# What stands beside a number. The first four are asked by rules on public notice alone.
_COUNTED = {
    "population_count": "{} people are affected there",
    "unreachable_count": "{} people cannot be reached",
    "unreachable_share": "the share of people who cannot be reached is {}",
    "hours_left": "{} hours are left until the first deadline",
    "notice_cost_usd": "telling each person costs {} US dollars",
    "people_count": "{} people are affected, wherever they live",
    "record_count": "{} records are affected",
    "direct_loss_cny": "the direct loss is {} yuan",
}
_YES = {
    "disproportionate_effort": "telling each person takes a disproportionate effort",
    "established_there": "we are established there",
}


def sentence(condition: Condition) -> str:
    """What a condition asks, as one sentence without its full stop."""
    return _said(condition.root)


def asked(condition: Condition) -> list[str]:
    """What must hold all at once, one sentence each."""
    match condition.root:
        case Join(parts, False):
            return [_said(part) for part in parts]
    return [_said(condition.root)]


def listed(words: Iterable[str]) -> str:
    """`a, b or c`; with semicolons where a comma would be read as part of a word."""
    *first, last = list(words)
    if not first:
        return last
    if any("," in word or " or " in word for word in (*first, last)):
        return f"{'; '.join(first)}; or {last}"
    return f"{', '.join(first)} or {last}"


def _said(node: Node, inside: bool = False) -> str:
    match node:
        case Join(parts, decided_by):
            joined = (", or " if decided_by else ", and ").join(_said(one, True) for one in parts)
            said = f"({joined})" if inside else joined
        case Not(part):
            said = _denied(part)
        case Holds(name):
            said = _YES.get(name) or FACTS[name].description
        case AnyOf(fact, items):
            said = _any_of(fact, items)
        case EstablishedIn(place):
            said = f"our main establishment is in {place_name(place)}"
        case Known(fact):
            said = f"it is on record: {FACTS[fact].description}"
        case Compare():
            said = _compared(node)
        case Always(value):
            said = "always" if value else "never"
    return said


def _denied(part: Node) -> str:
    match part:
        case EstablishedIn(place):
            return f"our main establishment is not in {place_name(place)}"
        case AnyOf("organisation_flags", items):
            return f"the organisation is not marked: {listed(_meant('organisation_flags', items))}"
    return f"not so: {_said(part, inside=True)}"


def _any_of(fact: str, items: tuple[str, ...]) -> str:
    if fact == "organisation_flags":
        return f"the organisation is marked: {listed(_meant(fact, items))}"
    if fact == "data_categories":
        return f"the data include {listed(_meant(fact, items))}"
    return f"it is a breach of {listed(item.replace('_', ' ') for item in items)}"


def _meant(fact: str, items: Iterable[str]) -> list[str]:
    meanings: Mapping[str, str] = FACTS[fact].choices or {}
    return [meanings.get(item, item) for item in items]


def _compared(node: Compare) -> str:
    left, sign, right = node.left, node.sign, node.right
    if isinstance(left, Constant) and isinstance(right, Fact):  # 'minors' in people_categories
        (meant,) = _meant(right.name, [str(left.value)])
        return f"the {right.name.replace('_', ' ')} include {meant}"
    if isinstance(left, Count):
        return _people(left, sign, right)
    if isinstance(left, Fact) and left.name in _COUNTED:
        return _COUNTED[left.name].format(_number(sign, right))
    if isinstance(left, Fact) and isinstance(right, Constant):
        return _chosen(left.name, sign, right.value)
    return f"{left.label} is {_number(sign, right)}"


def _people(count: Count, sign: str, right: Operand) -> str:
    where = place_name(count.place)
    if count.call == "largest_part":
        where = f"the one part of {where} that has most"
    if _is_any(sign, right):
        return f"at least one person in {where} is affected"
    return f"{_number(sign, right)} people in {where} are affected"


def _number(sign: str, right: Operand) -> str:
    if _is_any(sign, right):
        return "one or more"
    ours = isinstance(right, Fact) and right.name == "share_at"
    return _SIGNS[sign].format("the share that we set" if ours else right.label)


def _is_any(sign: str, right: Operand) -> bool:
    return (sign, right.label) == (">", "0")


def _chosen(fact: str, sign: str, value: object) -> str:
    values = [str(one) for one in (value if isinstance(value, tuple) else (value,))]
    if fact == "role":
        return f"we are {listed(_ROLES.get(one, one) for one in values)}"
    if known := _CHOSEN.get((fact, sign, values[0])):
        return known
    meant = listed(f"“{one}”" for one in _meant(fact, values))
    is_ = "is not" if sign in ("!=", "not in") else "is"
    return f"the {fact.replace('_', ' ')} {is_} {meant}"
