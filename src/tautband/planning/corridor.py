"""The safety corridor of one site: how deep at most, with which needle, past what, and when not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor

from tautband.atlas import Atlas
from tautband.atlas.tables import DepthLimit, NeedlingSite, PlanningRule
from tautband.planning.setting import Patient, Setting

CAPPING = ("depth", "needle_length")
"""The only quantities that may cap a depth."""

KINDS = ("depth", "needle_length", "path_length")


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A published figure as it was used for a ceiling: what it says and how deep it lets a needle go."""

    id: str
    site: str
    structure: str
    limits: str
    statistic: str
    value_mm: float
    kind: str
    allows_mm: float | None
    population: str
    sources: tuple[str, ...]
    source_read: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """How deep a needle may go.

    Attributes
    ----------
    ceiling_mm
        The tip never goes deeper than this below the skin; `None` where no depth is sourced.
    structure
        What the ceiling protects.
    statement
        The ceiling and where it comes from, in words; `no sourced depth` where there is none.
    limits
        Every figure that may cap, the shallowest first.
    compared
        Figures that are shown for comparison and do not cap.
    sources
        Where the ceiling comes from; empty where there is none.
    """

    ceiling_mm: int | None
    structure: str
    statement: str
    limits: tuple[LimitUse, ...]
    compared: tuple[LimitUse, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needle:
    """A needle: diameter, length, and how much of it must stay outside the skin."""

    diameter_mm: float
    length_mm: int
    gauge: str
    outside_mm: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tightness:
    """How cautiously the figures are read: `build` for everything, `lung` for the chest as well."""

    build: bool
    lung: bool


def tightness(patient: Patient, age: float | None, lung: bool) -> Tightness:
    """How cautiously to read figures for a person; unknown counts as thin.

    Parameters
    ----------
    patient
        Whose build it is.
    age
        In years; children are read as thin.
    lung
        Whether something tightens the chest beyond build, such as COPD.
    """
    build = patient.build not in ("average", "heavy") or (age is not None and age < 18)
    return Tightness(build, build or lung)


def depth_of(row: NeedlingSite, trigger_point: str, atlas: Atlas, tight: Tightness) -> Depth:
    """The ceiling at a site: the shallowest of all figures that may cap there, each read with its margin.

    Parameters
    ----------
    row
        How the muscle is needled.
    trigger_point
        The site; figures that speak of other sites of the muscle do not cap here.
    atlas
        The published figures and the planning rules.
    tight
        How cautiously to read them.

    Returns
    -------
    Depth
        An author's ceiling is taken as it stands. What was met or reached, and averages, are multiplied by the share
        of the distance that a needle may use; an average also never exceeds its mean minus two standard deviations
        where they were published. At the lung the largest change with breathing comes off as well. Whole
        millimetres, rounded down.
    """
    here, elsewhere = [], []
    for limit in atlas.limits_of.get(row.muscle, ()):
        capping = limit.quantity in CAPPING and limit.use_as_limit == "yes" and limit.limit_kind != "context"
        if capping and (not limit.trigger_points or trigger_point in limit.trigger_points):
            here.append(limit)
        elif (capping or limit.use_as_limit == "cross_check") and limit.quantity in KINDS:
            elsewhere.append(limit)
    used = sorted(
        (_use(limit, allowed_mm(limit, atlas.planning_rules, tight)) for limit in here),
        key=lambda use: (use.allows_mm or 0.0, use.id),
    )
    compared = tuple(_use(limit, None) for limit in elsewhere)
    if not used:
        return Depth(None, "", "no sourced depth", (), compared, ())
    first = used[0]
    ceiling = floor(first.allows_mm or 0.0)
    return Depth(ceiling, first.structure, _statement(ceiling, first), tuple(used), compared, first.sources)


def allowed_mm(limit: DepthLimit, rules: Mapping[str, PlanningRule], tight: Tightness) -> float:
    """How deep one published figure lets a needle go, in millimetres, never below zero.

    Parameters
    ----------
    limit
        The figure.
    rules
        The planning rules of the atlas.
    tight
        How cautiously to read it.
    """
    share = rules["fraction_of_distance_thin" if tight.build else "fraction_of_distance"].value
    breath = rules["breathing_margin_mm"].value
    lung = limit.limits == "lung"
    allowed = limit.value_mm
    if limit.limit_kind != "ceiling":
        allowed = share * limit.value_mm
        if lung:
            allowed = min(allowed, limit.value_mm - breath)
        if limit.limit_kind == "central_distance" and limit.derived_low_mm is not None:
            allowed = min(allowed, limit.derived_low_mm)
    if lung and tight.lung:
        allowed -= breath
    return max(0.0, round(allowed, 6))


def _use(limit: DepthLimit, allows: float | None) -> LimitUse:
    return LimitUse(
        id=limit.id,
        site=limit.site,
        structure=limit.structure,
        limits=limit.limits,
        statistic=limit.statistic,
        value_mm=limit.value_mm,
        kind=limit.limit_kind,
        allows_mm=allows,
        population=limit.population,
        sources=limit.provenance.sources,
        source_read=limit.provenance.source_read,
    )


def _statement(ceiling: int, use: LimitUse) -> str:
    found = {
        "ceiling": "recommended maximum",
        "sample_min": "met in the thinnest person measured",
        "harm_seen": "harm seen",
        "central_distance": f"{use.statistic} distance, half of people are shallower",
    }[use.kind]
    margin = "" if ceiling == floor(use.value_mm) else ", its margin taken off"
    return f"{ceiling} mm at most: {use.structure} at {use.value_mm:g} mm ({found}; {use.site}){margin}"


def over_lung(row: NeedlingSite, atlas: Atlas) -> bool:
    """Whether the lung lies in the path at a site.

    Parameters
    ----------
    row
        How the muscle is needled.
    atlas
        Its hazards.
    """
    return any(atlas.hazards[h].kind == "lung" for h in row.hazards)


def gate(row: NeedlingSite, depth: Depth, atlas: Atlas, setting: Setting) -> tuple[str, ...]:
    """What closes a site for everyone in this setting, in words; empty when it is open.

    Parameters
    ----------
    row
        How the muscle is needled.
    depth
        Its ceiling.
    atlas
        The planning rules.
    setting
        Declared training, and whether the needle is guided on a screen.
    """
    reasons = []
    if row.access == "never":
        reasons.append("not a target for a needle: treat it by hand or by exercise")
    if row.risk == "high" and not row.provenance.source_read:
        reasons.append("high risk and known from memory only: closed until a source is read")
    if row.access == "imaging" and not setting.ultrasound:
        reasons.append("only with the needle guided on a screen")
    if row.access == "pelvic" and not setting.trained("pelvic"):
        reasons.append("only for a practitioner who declares pelvic training")
    if (row.risk == "high" or row.access == "trained") and not setting.trained("advanced"):
        reasons.append("high risk: closed without advanced training declared")
    least = atlas.planning_rules["least_depth_mm"].value
    if depth.ceiling_mm is not None and depth.ceiling_mm < least:
        reasons.append(
            f"no safe blind depth: the shallowest figure leaves {depth.ceiling_mm} mm, and {least:g} mm is the least "
            f"to needle at all"
        )
    return tuple(reasons)


def superficial_only(
    row: NeedlingSite, depth: Depth, atlas: Atlas, setting: Setting, tight: Tightness
) -> bool:
    """Whether a site may only be needled superficially.

    Parameters
    ----------
    row
        How the muscle is needled.
    depth
        Its ceiling.
    atlas
        Its hazards.
    setting
        Whether the needle is guided on a screen.
    tight
        How cautiously the chest is read.

    Returns
    -------
    bool
        Without a sourced depth, bone, grip or flat path, nothing stops the needle. Over the lung a needle goes
        deeper only within a grip (or over bone where the risk is low, as on the shoulder blade), and when the chest
        is tightened only with a published distance to the lung.
    """
    if setting.ultrasound and setting.trained("advanced"):
        return False
    if depth.ceiling_mm is None and row.stop not in ("bone", "grip", "tangent"):
        return True
    if not over_lung(row, atlas):
        return False
    measured = any(use.limits == "lung" for use in depth.limits)
    if row.risk != "low" and row.stop != "grip":
        return True
    return tight.lung and not measured


def needle_for(
    row: NeedlingSite,
    depth: Depth,
    atlas: Atlas,
    tight: Tightness,
    superficial: bool,
    thin_needle: bool,
) -> Needle:
    """The shortest standard needle that can do the work and, where there is one, that cannot reach the hazard.

    Parameters
    ----------
    row
        How the muscle is needled; its usual lengths say what the work needs.
    depth
        Its ceiling and the figures compared.
    atlas
        The stocked needle sizes.
    tight
        How cautiously the chest is read.
    superficial
        Whether the needle stays over the muscle.
    thin_needle
        Whether the thinnest needle of that length is called for.
    """
    length = _length(row, depth, atlas, tight, superficial, list(atlas.stocked_needles))
    area = {atlas.regions[p.region].area for p in atlas.trigger_points_of.get(row.muscle, ())}
    fitting = atlas.stocked_needles[length]
    if not thin_needle:
        for_area = tuple(s for s in fitting if area & set(s.area))
        fitting = for_area or tuple(s for s in fitting if "any" in s.area) or fitting
    size = min(fitting, key=lambda s: (s.diameter_mm or 0.0, s.id))
    outside = 0 if depth.ceiling_mm is None else max(0, length - depth.ceiling_mm)
    return Needle(size.diameter_mm or 0.0, length, size.gauge, outside, size.provenance.sources)


def _length(
    row: NeedlingSite,
    depth: Depth,
    atlas: Atlas,
    tight: Tightness,
    superficial: bool,
    lengths: list[int],
) -> int:
    needed = lengths[0] if superficial else row.length_low_mm or lengths[0]
    most: list[float] = []
    if depth.ceiling_mm is not None:
        most.append(depth.ceiling_mm)
    else:
        most += [use.value_mm - 1 for use in depth.compared if use.kind in ("harm_seen", "sample_min")]
        if over_lung(row, atlas) and tight.lung:
            most.append(atlas.planning_rules["lung_needle_unsourced_mm"].value)
    within = [n for n in lengths if n <= min(most, default=lengths[-1])]
    enough = [n for n in within if n >= needed]
    return enough[0] if enough else within[-1] if within else lengths[0]


def hazards_of(row: NeedlingSite, atlas: Atlas) -> Iterable[tuple[str, str, str, str, tuple[str, ...]]]:
    """The hazards in a path: id, name, kind, how each is avoided, and where that comes from.

    Parameters
    ----------
    row
        How the muscle is needled.
    atlas
        Its hazards.
    """
    for name in row.hazards:
        hazard = atlas.hazards[name]
        yield hazard.id, hazard.name, hazard.kind, hazard.avoid, hazard.provenance.sources
