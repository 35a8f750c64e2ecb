"""Why somebody decides so: asked for wherever a decision is kept with its reason. Pure."""

from incidents.errors import InvalidInput, Problem


def must_say_why(reason: str) -> None:
    """Raises InvalidInput where no reason is told."""
    if not reason.strip():
        raise InvalidInput("say why", Problem("reason", "is empty", "say in a sentence why"))
