"""The technique of a pass and its dose: no more vigorous than target, hazards, irritability and screening allow."""

from __future__ import annotations

from dataclasses import dataclass

from tautband.atlas import Atlas
from tautband.atlas.tables import NeedlingSite
from tautband.planning.corridor import Depth

LADDER = ("superficial_baldry", "static_in_situ", "winding", "deep_fast_in_fast_out")
"""The manual techniques, the gentlest first."""

NO_OPTIMUM = (
    "No trial has shown a best dose: this is a ceiling on soreness, not a promise. Record insertions, twitches, "
    "time and the soreness of the next days."
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a technique with its published or customary range."""

    name: str
    low: float
    high: float
    unit: str
    how: str
    note: str
    sources: tuple[str, ...]
    source_read: bool


@dataclass(frozen=True, slots=True)
class TechniqueUse:
    """A technique as it is proposed: what is known, what is contested, its parameters."""

    id: str
    name: str
    modality: str
    why: str
    known: str
    contested: str
    parameters: tuple[Parameter, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dose:
    """When to stop at one site.

    Attributes
    ----------
    insertions
        Through the skin.
    twitches_high
        Meaningful twitches after which the needle comes out; `None` where none is sought.
    seconds_high
        Longest time at the site, in seconds.
    rule
        The rule in words.
    why
        Where the figures come from, and that no optimum has been shown.
    """

    insertions: int
    twitches_low: int | None
    twitches_high: int | None
    seconds_high: int
    light: bool
    rule: str
    why: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What screening and the state of the patient forbid at every site."""

    superficial: bool = False
    no_pistoning: bool = False
    no_winding: bool = False
    light: bool = False
    irritability: str = "high"


def allowed_techniques(
    row: NeedlingSite, superficial: bool, limits: Limits, atlas: Atlas
) -> tuple[tuple[str, ...], str]:
    """The manual techniques allowed at a site, gentlest first, and what forbids the stronger ones.

    Parameters
    ----------
    row
        How the muscle is needled, with its hazards.
    superficial
        Whether the corridor keeps the needle over the muscle.
    limits
        What screening and irritability forbid.
    atlas
        Its hazards say beside which structures a needle is not moved.
    """
    beside = [atlas.hazards[h].name for h in row.hazards if not atlas.hazards[h].pistoning]
    if superficial or limits.superficial:
        return LADDER[:1], "the needle stays over the muscle here"
    if limits.irritability == "high":
        return LADDER[:1], "the pain is irritable, or how strong it is is not known"
    if beside:
        return LADDER[:2], f"no movement of the needle beside {', '.join(beside[:3])}"
    if limits.no_pistoning:
        return (LADDER[:2] if limits.no_winding else LADDER[:3]), "screening rules out needle passes"
    if limits.no_winding:
        return LADDER[:2], "screening rules out turning the needle"
    return LADDER, ""


def choose(
    row: NeedlingSite, superficial: bool, limits: Limits, atlas: Atlas
) -> tuple[TechniqueUse, tuple[TechniqueUse, ...]]:
    """Choose the technique of a pass, and list the gentler ones that would do as well.

    Parameters
    ----------
    row, superficial, limits, atlas
        As for `allowed_techniques`.
    """
    allowed, why_not = allowed_techniques(row, superficial, limits, atlas)
    chosen = next(name for name in reversed(allowed) if name != "winding")
    reasons = {
        "deep_fast_in_fast_out": "a reachable taut band, nothing in the path that forbids it",
        "static_in_situ": f"held, because {why_not}" if why_not else "held",
        "superficial_baldry": f"superficial, because {why_not}",
    }
    others = [name for name in allowed if name != chosen]
    return (
        technique_use(chosen, reasons[chosen], atlas),
        tuple(technique_use(n, "would do as well here", atlas) for n in reversed(others)),
    )


def technique_use(technique: str, why: str, atlas: Atlas) -> TechniqueUse:
    """A technique with its parameters, ready to be shown.

    Parameters
    ----------
    technique
        An id of the techniques table.
    why
        Why it is proposed.
    atlas
        The techniques and their parameters.
    """
    row = atlas.techniques[technique]
    return TechniqueUse(
        id=row.id,
        name=row.name,
        modality=row.modality,
        why=why,
        known=row.known,
        contested=row.contested,
        parameters=tuple(
            Parameter(
                p.parameter,
                p.low,
                p.high,
                p.unit,
                p.how,
                p.note,
                p.provenance.sources,
                p.provenance.source_read,
            )
            for p in atlas.technique_parameters
            if p.technique == technique
        ),
        sources=row.provenance.sources,
    )


def dose_of(technique: str, depth: Depth, limits: Limits, atlas: Atlas) -> Dose:
    """The dose rule of a pass.

    Parameters
    ----------
    technique
        The technique chosen.
    depth
        Its ceiling is part of the rule.
    limits
        Whether a lighter dose is called for.
    atlas
        The planning rules.
    """
    rules = atlas.planning_rules
    least, most = int(rules["twitches_low"].value), int(rules["twitches_high"].value)
    if limits.light:
        most = least
    if technique == "deep_fast_in_fast_out":
        name = "light_piston_seconds" if limits.light else "piston_seconds"
        seconds = int(rules[name].value)
        rule = (
            f"Stop at {least if least == most else f'{least} to {most}'} meaningful twitch{'es' if most > 1 else ''}, "
            f"when twitches on EMG no longer grow smaller, when the band has let go, at {seconds} s, or when the "
            f"person wants it: whichever comes first."
        )
        cited = ("twitches_high", name)
        return Dose(1, least, most, seconds, limits.light, rule, NO_OPTIMUM, _sources(cited, atlas))
    if technique == "superficial_baldry":
        seconds = int(rules["superficial_seconds"].value)
        rule = (
            f"No twitch is sought. Leave it about {seconds} s until pressing the spot no longer makes the person "
            f"start; in and straight out in a strong responder."
        )
        return Dose(
            1, None, None, seconds, limits.light, rule, NO_OPTIMUM, _sources(("superficial_seconds",), atlas)
        )
    seconds = int(60 * rules["held_minutes"].value)
    rule = (
        f"Place it, hold it about {seconds} s, take it out. A twitch or two may come; do not go looking for more than "
        f"{most}. Out at once when tension has gone."
    )
    return Dose(
        1,
        None,
        most,
        seconds,
        limits.light,
        rule,
        NO_OPTIMUM,
        _sources(("held_minutes", "twitches_high"), atlas),
    )


def working_depth_mm(technique: str, depth: Depth, chest_tight: bool, atlas: Atlas) -> tuple[int, int] | None:
    """The depth a superficial needle is meant to lie at, in millimetres; `None` for the other techniques.

    Parameters
    ----------
    technique
        The technique chosen.
    depth
        The working depth never passes its ceiling.
    chest_tight
        Over a tightened chest only the shallow end is used.
    atlas
        The parameters of superficial needling.
    """
    if technique != "superficial_baldry":
        return None
    (row,) = (p for p in atlas.technique_parameters if p.technique == technique and p.parameter == "depth")
    high = row.low if chest_tight else row.high
    if depth.ceiling_mm is not None:
        high = min(high, depth.ceiling_mm)
    return int(min(row.low, high)), int(high)


def _sources(names: tuple[str, ...], atlas: Atlas) -> tuple[str, ...]:
    found = [s for name in names for s in atlas.planning_rules[name].provenance.sources]
    return tuple(dict.fromkeys(found))
