"""`tocsin severity`: how bad it is by ENISA's method and the Chinese grades, and why."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from incidents.cli.incident import severity as shown
from incidents.cli.noun import Api, Incident, Noun, incident_of

noun = Noun("severity", "How bad it is, factor by factor.")
verb = noun.command
Hit = Annotated[float, typer.Option(min=0, max=0.5, help="0, 0.25 or 0.5.")]


@verb("show")
def show(api: Api, incident: Incident) -> None:
    """The newest assessment by each method, with its reasons."""
    api.say(api.client.get(f"/incidents/{incident_of(api, incident)['id']}/severity"), shown)


@verb("judge")
def judge(
    api: Api,
    incident: Incident,
    context: Annotated[
        Literal["simple", "behavioural", "financial", "sensitive"],
        typer.Option(help="The gravest kind of data."),
    ],
    identification: Annotated[
        Literal["negligible", "limited", "significant", "maximum"],
        typer.Option(help="How easily the data tell who somebody is."),
    ],
    reason: Annotated[list[str], typer.Option(help="factor=why; one for each factor.")],
    adjustment: Annotated[int, typer.Option(min=-3, max=3, help="Of the context.")] = 0,
    confidentiality: Hit = 0.0,
    integrity: Hit = 0.0,
    availability: Hit = 0.0,
    malicious: Annotated[bool, typer.Option("--malicious", help="An attack.")] = False,
    many: Annotated[bool, typer.Option("--many", help="More than 100 people.")] = False,
    unintelligible: Annotated[
        bool, typer.Option("--unintelligible", help="Nobody can read the data.")
    ] = False,
) -> None:
    """Judge it by ENISA's method; from then on that stands, not the proposal from the facts."""
    reasons = dict(pair.partition("=")[::2] for pair in reason)
    body = {
        "context": context,
        "identification": identification,
        "adjustment": adjustment,
        "confidentiality": confidentiality,
        "integrity": integrity,
        "availability": availability,
        "malicious": malicious,
        "more_than_100_people": many,
        "unintelligible": unintelligible,
        "reasons": reasons,
    }
    path = f"/incidents/{incident_of(api, incident)['id']}/severity"
    api.say(api.client.post(path, body), lambda made: shown([made]))
