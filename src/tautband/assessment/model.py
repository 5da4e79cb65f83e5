"""The causal model compiled from an atlas: patterns on the body, priors, and what each cause makes people answer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tautband.assessment.case import OPPOSITE
from tautband.assessment.priors import complaint_prevalence, muscle_prevalence
from tautband.atlas import Atlas
from tautband.atlas.tables import AREAS, AnswerStrength, Referral

MOVEMENTS = "hurts_when"
"""The one question whose ticks are findings of the network: each movement loads particular muscles."""

NONE_OF_THESE = frozenset({"none", "no", "nowhere"})
"""The answers that say that no line of a tick list fits."""

Place = tuple[str, str]
"""A region and a side."""

SELDOM = 1e-6
"""Least chance that a place stays silent."""

ZONE_OF = {"core": "essential", "often": "spillover", "sometimes": "near"}
"""A look-alike's core region is painted as often as an essential one, and so on."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One extent of a cause: its share, and the chance that it makes the person paint each place.

    `silent` is the chance that it makes the person paint nothing at all.
    """

    share: float
    paints: Mapping[Place, float]
    silent: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "silent", math.prod(1.0 - chance for chance in self.paints.values()))


@dataclass(frozen=True, slots=True)
class ModelCause:
    """A cause on one side of the body, ready for the network.

    Attributes
    ----------
    id, kind, side
        Trigger point or look-alike id; `trigger_point`, `lookalike` or `unknown`; `left`, `right`, or `midline`
        when a look-alike has no side.
    muscle
        The muscle of a trigger point, empty for a look-alike.
    layer, urgency
        Where it lies and how soon somebody must act if it is true.
    main, companion
        Prior probability of being the main source, and of being active beside it.
    extents
        Its patterns on the body.
    moves
        Movement to the chance that this cause makes it hurt.
    sex, age_min, age_max
        Whom it can affect.
    """

    id: str
    kind: str
    side: str
    muscle: str
    layer: str
    urgency: str
    main: float
    companion: float
    extents: tuple[Pattern, ...]
    moves: Mapping[str, float]
    sex: str = "any"
    age_min: int | None = None
    age_max: int | None = None


@dataclass(frozen=True)
class Complaint:
    """A complaint that studies examined for active trigger points.

    Attributes
    ----------
    id
        Its key in the prevalence data.
    regions
        The regions that people with it paint.
    muscles
        Share of people with it in whom a muscle holds an active trigger point.
    points
        The same for each trigger point of these muscles.
    """

    id: str
    regions: frozenset[str]
    muscles: Mapping[str, float]
    points: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """Every cause on every side, and the complaints that were studied.

    `by_place[place][cause]` is the chance of each extent of the cause to paint the place, 0 where it cannot.
    """

    causes: tuple[ModelCause, ...]
    by_place: Mapping[Place, Mapping[int, tuple[float, ...]]]
    by_id: Mapping[tuple[str, str], int]
    complaints: tuple[Complaint, ...]
    answers: AnswerModel
    parameters: Mapping[str, float]


@dataclass(frozen=True)
class AnswerModel:
    """P(answer | main source) for every question but the movements.

    `rates[question][answer]` is the base rate; `moved[scope, about][question][answer]` what a cause, a muscle or
    a layer makes of it; `moved_by[question]` are those that move it; `split` are former questions with the yes-or-no
    questions that took their place; `computed` keeps distributions once they were asked for.
    """

    rates: Mapping[str, Mapping[str, float]]
    moved: Mapping[tuple[str, str], Mapping[str, Mapping[str, float]]]
    exclusive: Mapping[str, bool]
    moved_by: Mapping[str, tuple[tuple[str, str], ...]]
    split: Mapping[str, tuple[str, ...]]
    computed: dict[tuple[str, str, str, str], Mapping[str, float]] = field(default_factory=dict, repr=False)

    def movers(self, question: str) -> tuple[frozenset[str], frozenset[str]]:
        """The layers that move a question, and the muscles and causes with rows of their own for it."""
        layers: set[str] = set()
        alone: set[str] = set()
        for part in self.split.get(question, (question,)):
            for scope, about in self.moved_by.get(part, ()):
                (layers if scope == "layer" else alone).add(about)
        return frozenset(layers), frozenset(alone)

    def distribution(self, question: str, cause: ModelCause) -> Mapping[str, float]:
        """Chance of each answer when `cause` is the main source: cause over muscle over layer over base rate.

        Answers of a question that takes one answer sum to 1; ticks of a list are independent.
        """
        known = (question, cause.layer, cause.muscle, cause.id)
        if known not in self.computed:
            self.computed[known] = self._distribution(question, cause)
        return self.computed[known]

    def _distribution(self, question: str, cause: ModelCause) -> Mapping[str, float]:
        base = self.rates[question]
        stated: dict[str, float] = {}
        for key in (("layer", cause.layer), ("muscle", cause.muscle), ("cause", cause.id)):
            stated.update(self.moved.get(key, {}).get(question, {}))
        if not stated:
            return base
        if not self.exclusive[question]:
            return {**base, **stated}
        total = sum(stated.values())
        if total > 1.0 or len(stated) == len(base):
            # rows of different scopes can overlap, and all of them can miss 1 by rounding; keep their proportions
            stated = {a: p / total for a, p in stated.items()}
            total = 1.0
        rest = sum(p for a, p in base.items() if a not in stated)
        return {a: stated[a] if a in stated else (1.0 - total) * p / rest for a, p in base.items()}


@lru_cache(maxsize=4)
def compile_model(atlas: Atlas) -> Model:
    """Compile the model of an atlas; the same atlas gives the same model."""
    parameters = {name: p.value for name, p in atlas.model.items()}
    answers = compile_answers(atlas, parameters["answer_trust"])
    known = (*_trigger_points(atlas, parameters), *_lookalikes(atlas, parameters))
    causes = (*known, *_unknowns(atlas, parameters, math.fsum(c.main for c in known)))
    by_place: dict[Place, dict[int, tuple[float, ...]]] = defaultdict(dict)
    for i, cause in enumerate(causes):
        for place in dict.fromkeys(place for extent in cause.extents for place in extent.paints):
            by_place[place][i] = tuple(extent.paints.get(place, 0.0) for extent in cause.extents)
    return Model(
        causes=causes,
        by_place=dict(by_place),
        by_id={(cause.id, cause.side): i for i, cause in enumerate(causes)},
        complaints=tuple(_complaints(atlas)),
        answers=answers,
        parameters=parameters,
    )


def place_of(atlas: Atlas, region: str, side: str) -> Place:
    """The place of a region seen from a side; a midline region has one place only."""
    return (region, "midline" if atlas.regions[region].midline else side)


def _trigger_points(atlas: Atlas, parameters: Mapping[str, float]) -> Iterable[ModelCause]:
    prevalence = muscle_prevalence(atlas)
    main = _main_priors(atlas, prevalence, parameters["myofascial_prior"])
    moves = _moves(atlas)
    for point in atlas.trigger_points.values():
        zones = [(r.region, r.side, _zone_of(r, point.region)) for r in atlas.referrals_of.get(point.id, ())]
        share = _site_share(atlas, point.id)
        for side in ("left", "right"):
            yield ModelCause(
                id=point.id,
                kind="trigger_point",
                side=side,
                muscle=point.muscle,
                layer="myofascial",
                urgency="none",
                main=main[point.id] / 2,
                companion=min(0.5, parameters["companion_share"] * prevalence[point.muscle] * share),
                extents=tuple(
                    Pattern(weight, _paints(atlas, zones, (side,), size, parameters))
                    for size, weight in _sizes(parameters)
                ),
                moves=moves.get(("muscle", point.muscle), {}),
            )


def _lookalikes(atlas: Atlas, parameters: Mapping[str, float]) -> Iterable[ModelCause]:
    moves = _moves(atlas)
    areas = _area_weights(atlas)
    for row in atlas.lookalikes.values():
        zones = [(r.region, "same", ZONE_OF[r.zone]) for r in atlas.regions_of_lookalike.get(row.id, ())]
        main = row.prior * areas.get(row.id, 0.0)
        for side in ("left", "right") if row.laterality == "sided" else ("midline",):
            yield ModelCause(
                id=row.id,
                kind="lookalike",
                side=side,
                muscle="",
                layer=row.layer,
                urgency=row.urgency,
                main=main / 2 if row.laterality == "sided" else main,
                companion=min(0.5, parameters["companion_share"] * row.prior),
                extents=tuple(
                    Pattern(weight * part, _paints(atlas, zones, sides, size, parameters))
                    for size, weight in _sizes(parameters)
                    for sides, part in _shown_sides(row.laterality, side)
                ),
                moves=moves.get(("cause", row.id), {}),
                sex=row.sex,
                age_min=row.age_min,
                age_max=row.age_max,
            )


def _complaints(atlas: Atlas) -> Iterable[Complaint]:
    regions: dict[str, set[str]] = defaultdict(set)
    for row in atlas.complaint_regions:
        regions[row.complaint].add(row.region)
    for complaint, muscles in complaint_prevalence(atlas).items():
        points = {}
        for muscle, share in muscles.items():
            sites = atlas.trigger_points_of.get(muscle, ())
            total = sum(site.commonness for site in sites)
            # shared out so that at least one of the sites is active in the share of the muscle
            none = 1.0 - min(share, 1.0 - SELDOM)
            points.update({s.id: 1.0 - none ** (s.commonness / total) for s in sites})
        if complaint in regions:
            yield Complaint(complaint, frozenset(regions[complaint]), muscles, points)


def _unknowns(atlas: Atlas, parameters: Mapping[str, float], known: float) -> Iterable[ModelCause]:
    """A source the atlas does not know, once per area and side: it paints any region there, and answers by base rate.

    Without it every complaint would have to be something the atlas knows.
    """
    share = parameters["unknown_prior"]
    for area in AREAS:
        regions = [r.id for r in atlas.regions.values() if r.area == area]
        for side in ("left", "right"):
            yield ModelCause(
                id=f"unknown_{area}",
                kind="unknown",
                side=side,
                muscle="",
                layer="unknown",
                urgency="none",
                main=known * share / (1.0 - share) / (2 * len(AREAS)),
                companion=0.0,
                extents=(
                    Pattern(1.0, {place_of(atlas, r, side): parameters["unknown_paints"] for r in regions}),
                ),
                moves={},
            )


def _zone_of(referral: Referral, site: str) -> str:
    """A spill-over region where the point itself lies is painted like a local one."""
    at_site = referral.region == site and referral.side == "same"
    return "local" if at_site and referral.zone == "spillover" else referral.zone


def _shown_sides(laterality: str, side: str) -> tuple[tuple[tuple[str, ...], float], ...]:
    """The sides a look-alike may show on, with their shares; left and right always weigh the same."""
    if laterality == "sided":
        return (((side,), 1.0),)
    if laterality == "both":
        return ((("left", "right"), 1.0),)
    return ((("left",), 0.35), (("right",), 0.35), (("left", "right"), 0.3))


def _sizes(parameters: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    narrow = parameters["narrow_share"]
    return (("narrow", narrow), ("wide", 1.0 - narrow))


def _paints(
    atlas: Atlas,
    zones: Iterable[tuple[str, str, str]],
    sides: tuple[str, ...],
    size: str,
    parameters: Mapping[str, float],
) -> Mapping[Place, float]:
    """Chance that each place is painted: the stated zones, and the neighbours of essential regions."""
    silent: dict[Place, float] = {}
    stated = {(region, relation) for region, relation, _ in zones}
    for side in sides:
        for region, relation, zone in zones:
            own = side if relation == "same" else OPPOSITE[side]
            place = place_of(atlas, region, own)
            chance = parameters[f"{zone}_{size}"] * (0.5 if zone == "near" else 1.0)
            silent[place] = min(silent.get(place, 1.0), 1.0 - chance)
            if zone != "essential":
                continue
            for border in atlas.neighbours_of.get(region, ()):
                if (border.neighbour, relation) in stated:
                    continue
                other = own if border.side == "same" else OPPOSITE[own]
                # a midline region borders both sides: seen from one side, only that side is near
                beside = place_of(atlas, border.neighbour, side if other == "midline" else other)
                silent[beside] = silent.get(beside, 1.0) * (
                    1.0 - parameters[f"near_{size}"] * border.border_share
                )
    # nobody is certain to paint: a chance of 1 could never be taken back
    return {place: 1.0 - max(s, SELDOM) for place, s in silent.items() if s < 1.0}


def _site_share(atlas: Atlas, point: str) -> float:
    """How common a site is beside the most common site of its muscle."""
    row = atlas.trigger_points[point]
    return row.commonness / max(s.commonness for s in atlas.trigger_points_of[row.muscle])


def _main_priors(atlas: Atlas, prevalence: Mapping[str, float], myofascial: float) -> Mapping[str, float]:
    """Prior of each trigger point, both sides together.

    Scaled so that over the regions of the body trigger points hold on average the myofascial share against the
    look-alikes of the same region.
    """
    raw = {p.id: prevalence[p.muscle] * _site_share(atlas, p.id) for p in atlas.trigger_points.values()}
    weights = _area_weights(atlas)
    mine: dict[str, float] = defaultdict(float)
    theirs: dict[str, float] = defaultdict(float)
    for r in atlas.referrals:
        if r.zone == "essential":
            mine[r.region] += raw[r.trigger_point]
    for row in atlas.lookalike_regions:
        if row.zone == "core":
            theirs[row.region] += atlas.lookalikes[row.lookalike].prior * weights[row.lookalike]
    scale = myofascial / (1.0 - myofascial) * sum(theirs.values()) / sum(mine.values())
    return {point: scale * weight for point, weight in raw.items()}


def _area_weights(atlas: Atlas) -> Mapping[str, float]:
    """Weight of each look-alike's area among all complaints: every area is complained of equally often."""
    areas: dict[str, set[str]] = defaultdict(set)
    for row in atlas.lookalike_regions:
        if row.zone == "core":
            areas[row.lookalike].add(atlas.regions[row.region].area)
    return {lookalike: len(found) / 14.0 for lookalike, found in areas.items()}


def _moves(atlas: Atlas) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Movement links by (scope, about): the chance with the base rate taken out, p = 1 - (1 - base)(1 - link)."""
    base = {a.answer: a.base_rate or 0.0 for a in atlas.answers_of.get(MOVEMENTS, ())}
    trust = atlas.model["answer_trust"].value
    links: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in atlas.answer_strengths:
        if row.question == MOVEMENTS:
            p = base[row.answer] + trust * (row.p_answer - base[row.answer])
            link = 1.0 - (1.0 - p) / (1.0 - base[row.answer])
            if link > 0.0:
                links[row.scope, row.about][row.answer] = link
    return links


def compile_answers(atlas: Atlas, trust: float) -> AnswerModel:
    """Compile base rates and strengths; `trust` draws every strength towards its base rate."""
    rates: dict[str, dict[str, float]] = {}
    exclusive = {q.id: q.max_answers == 1 for q in atlas.questions.values()}
    for question, choices in atlas.answers_of.items():
        known = {c.answer: c.base_rate for c in choices}
        stated = sum(p for p in known.values() if p is not None)
        blank = sum(p is None for p in known.values())
        spare = max(0.0, 1.0 - stated) / blank if blank else 0.0
        filled = {a: spare if p is None else p for a, p in known.items()}
        if exclusive[question]:
            total = sum(filled.values())
            filled = {a: p / total for a, p in filled.items()}
        rates[question] = filled
    moved: dict[tuple[str, str], dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in atlas.answer_strengths:
        if row.question != MOVEMENTS:
            moved[row.scope, row.about][row.question][row.answer] = _trusted(
                row, rates[row.question][row.answer], trust
            )
    split = {
        alias.old_id: atlas.renamed("question_split", alias.old_id)
        for alias in atlas.aliases
        if alias.kind == "question_split"
    }
    moved_by: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for scope, questions in moved.items():
        for question in questions:
            moved_by[question].append(scope)
    return AnswerModel(
        rates=rates,
        moved={scope: dict(questions) for scope, questions in moved.items()},
        moved_by={question: tuple(scopes) for question, scopes in moved_by.items()},
        exclusive=exclusive,
        split=split,
    )


def _trusted(row: AnswerStrength, base: float, trust: float) -> float:
    return base + trust * (row.p_answer - base)
