"""The verdict: the complaint suits needling, is unclear, or somebody else comes first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tautband.assessment.triage import Triage


@dataclass(frozen=True, slots=True)
class Needling:
    """The verdict and its reason; `layer` names the layer that comes first, when one does."""

    verdict: str
    why: str
    layer: str = ""


def decide(
    triage: Triage,
    layers: Mapping[str, float],
    likeliest: Mapping[str, str],
    dangers: Mapping[str, float],
    parameters: Mapping[str, float],
) -> Needling:
    """Decide from the triage and the layers' shares of the main source.

    Parameters
    ----------
    triage
        Fired and open red flags; an urgent or emergency flag decides alone.
    layers
        Share of each layer; what they leave to 1 is unknown.
    likeliest
        The likeliest cause of each layer, by name.
    dangers
        Per layer, the share of the look-alikes that somebody must act on urgently.
    parameters
        `suits_at`, `refer_at` and `danger_at` of the model table.

    Returns
    -------
    Needling
        `refer_first` for an urgent red flag, a dangerous share from `danger_at`, or other layers that together
        reach `refer_at`; `suits` when the myofascial share reaches `suits_at` and no urgent red flag is open;
        `unclear` otherwise, also when most of the drawing fits nothing in the atlas.
    """
    if triage.urgency in ("urgent", "emergency"):
        return Needling("refer_first", f"Red flag: {triage.flags[0].name}.")
    if not layers:
        return Needling("unclear", "Nothing is painted that the atlas can explain.")
    myofascial = layers.get("myofascial", 0.0)
    others = {layer: share for layer, share in layers.items() if layer != "myofascial"}
    first = max(others, key=lambda layer: (others[layer], layer)) if others else ""
    if dangers and (danger := math.fsum(dangers.values())) >= parameters["danger_at"]:
        worst = max(dangers, key=lambda layer: (dangers[layer], layer))
        return Needling(
            "refer_first",
            f"Causes that need somebody else soon hold {_percent(danger)} of the main source, most of them {worst}.",
            worst,
        )
    if sum(others.values()) >= parameters["refer_at"]:
        return Needling(
            "refer_first",
            f"Another layer comes first: {first} ({_percent(others[first])}), most likely {likeliest[first]}.",
            first,
        )
    unknown = 1.0 - sum(layers.values())
    if unknown > myofascial + sum(others.values()):
        return Needling(
            "unclear", f"Most of this fits no pattern in the atlas ({_percent(unknown)} unknown)."
        )
    if myofascial < parameters["suits_at"]:
        return Needling(
            "unclear",
            f"The myofascial share is {_percent(myofascial)}; needling suits from "
            f"{_percent(parameters['suits_at'])}.",
        )
    if not triage.screened:
        return Needling(
            "unclear",
            f"The pattern is myofascial ({_percent(myofascial)}), but {len(triage.open)} red flags are not "
            f"screened yet{_missing(triage)}.",
        )
    return Needling("suits", f"A myofascial pattern ({_percent(myofascial)}) and no red flag.")


def _missing(triage: Triage) -> str:
    """What no question asks and a red flag still waits for."""
    names = {"age": "the age", "sex": "the sex", "intensity": "how strong the pain is at its worst"}
    facts = [name for fact, name in names.items() if any(fact in flag.facts for flag in triage.open)]
    return f"; {' and '.join(facts)} must be known too" if facts else ""


def _percent(share: float) -> str:
    """A share in words that never claim certainty."""
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"
