"""From a case to the network the engine solves: the causes within reach of the drawing, and what each one predicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tautband.assessment.case import Case, Finding
from tautband.assessment.inference import Cause, Extent, Problem
from tautband.assessment.model import MOVEMENTS, NONE_OF_THESE, Complaint, Model, ModelCause, Place, place_of
from tautband.atlas import Atlas

SMALLEST = 1e-4
"""No answer is impossible: people misread, mistype and have more than one pain."""


@dataclass(frozen=True, slots=True)
class Network:
    """A case as the engine's problem, with the meaning of its numbers.

    Attributes
    ----------
    problem
        What the engine solves.
    causes
        The model's causes, in the order of the problem's.
    findings
        What each positive finding is: a painted place, or `("hurts_when", movement)`.
    ratios
        Per cause, how much likelier each informative answer is when it is the main source than by base rate.
    quiet
        Per cause, the chance that it is active although neither the drawing nor a movement shows it.
    """

    problem: Problem
    causes: tuple[ModelCause, ...]
    findings: tuple[Place, ...]
    ratios: tuple[Mapping[str, float], ...]
    quiet: tuple[float, ...]


def build_network(
    case: Case,
    atlas: Atlas,
    model: Model,
    *,
    ignore_found: bool = False,
    ignore_complaint: str = "",
) -> Network:
    """Build the network of a case.

    Parameters
    ----------
    case, atlas, model
        The case and the compiled model of the same atlas.
    ignore_found
        Whether palpation that speaks for a trigger point is ignored.
    ignore_complaint
        A complaint whose studies are ignored.

    Returns
    -------
    Network
        Only causes that can paint a painted place, that were examined in such a complaint, or that palpation speaks
        for, take part: the others neither gain nor lose by the drawing.
    """
    # in one order, whatever that of the document: beyond the exact method samples depend on it
    painted = sorted(place_of(atlas, p.region, p.side) for p in case.pain if p.intensity != 0)
    findings: tuple[Place, ...] = (
        *painted,
        *((MOVEMENTS, m) for m in sorted(case.answers.get(MOVEMENTS, ())) if m not in NONE_OF_THESE),
    )
    at = {finding: i for i, finding in enumerate(findings)}
    palpated = {(f.trigger_point, f.side): palpation_ratio(f, atlas, model) for f in case.findings}
    if ignore_found:
        palpated = {key: min(ratio, 1.0) for key, ratio in palpated.items()}
    reached = {i for place in painted for i in model.by_place.get(place, ())}
    if painted:
        # without a drawing there is no complaint that a point could be the source of
        reached.update(model.by_id[key] for key, ratio in palpated.items() if ratio > 1.0)
    beside = active_beside(painted, (c for c in model.complaints if c.id != ignore_complaint))
    reached.update(model.by_id[key] for key in beside)
    taking_part = [i for i in sorted(reached) if can_affect(model.causes[i], case)]
    causes = tuple(model.causes[i] for i in taking_part)
    fires = _fires(taking_part, at, model)
    unticked = unticked_movements(case, atlas)
    likelihoods = answer_ratios(case, model, causes)
    tested = test_ratios(case, atlas)
    own = [palpated.get((c.id, c.side), 1.0) * tested.get(c.id, 1.0) for c in causes]
    quiet = [beside.get((c.id, c.side), 0.0) for c in causes]
    return Network(
        problem=Problem(
            causes=tuple(
                _cause(cause, ratio, chance, likelihood, _extents(cause, fires[i], at, unticked))
                for i, cause, ratio, chance, likelihood in zip(
                    taking_part, causes, own, quiet, likelihoods, strict=True
                )
            ),
            blocks=_blocks(causes),
            leaks=tuple(_leak(finding, model) for finding in findings),
            # a main source outside the atlas is a cause of its own kind, unless nothing is in question at all
            unknown=0.0 if causes else 1.0,
        ),
        causes=causes,
        findings=findings,
        ratios=tuple(likelihoods),
        quiet=tuple(r * q / (1.0 - q + r * q) for r, q in zip(own, quiet, strict=True)),
    )


def active_beside(
    painted: Sequence[Place], complaints: Iterable[Complaint]
) -> Mapping[tuple[str, str], float]:
    """Chance of each trigger point to be active because the painted pain is a complaint that studies examined.

    Parameters
    ----------
    painted
        The painted places.
    complaints
        The complaints that studies examined.

    Returns
    -------
    Mapping
        Trigger point and side to its share in the complaint, times how far what is painted on this side is that
        complaint (the overlap of the regions, Dice 1945, 10.2307/1932409); of several complaints the one that says
        most.
    """
    chances: dict[tuple[str, str], float] = {}
    for complaint in complaints:
        for side in ("left", "right"):
            drawn = {region for region, where in painted if where in (side, "midline")}
            if shared := len(drawn & complaint.regions):
                overlap = 2 * shared / (len(drawn) + len(complaint.regions))
                for point, share in complaint.points.items():
                    chances[point, side] = max(chances.get((point, side), 0.0), overlap * share)
    return chances


def unseen(network: Network, place: Place) -> Network:
    """The same network as if a place (painted or silent) or a ticked movement had never been looked at.

    The same causes stay in question. A finding whose leak is certain says nothing; a silent place is taken back out of
    the weights of the extents that could have painted it.
    """
    problem = network.problem
    if place in network.findings:
        f = network.findings.index(place)
        leaks = (*problem.leaks[:f], 1.0, *problem.leaks[f + 1 :])
        causes = tuple(_without_finding(cause, f) for cause in problem.causes)
        return replace(network, problem=replace(problem, causes=causes, leaks=leaks))
    causes = tuple(
        _unsilenced(cause, known, place) for cause, known in zip(problem.causes, network.causes, strict=True)
    )
    return replace(network, problem=replace(problem, causes=causes))


def _without_finding(cause: Cause, finding: int) -> Cause:
    return replace(
        cause,
        extents=tuple(
            replace(extent, fires=tuple(pair for pair in extent.fires if pair[0] != finding))
            for extent in cause.extents
        ),
    )


def _unsilenced(cause: Cause, known: ModelCause, place: Place) -> Cause:
    return replace(
        cause,
        extents=tuple(
            replace(extent, weight=extent.weight / (1.0 - pattern.paints.get(place, 0.0)))
            for extent, pattern in zip(cause.extents, known.extents, strict=True)
        ),
    )


def can_affect(cause: ModelCause, case: Case) -> bool:
    """Whether a cause can occur in this person; unknown sex or age rules nothing out."""
    if cause.sex != "any" and case.sex in ("female", "male") and case.sex != cause.sex:
        return False
    if case.age is None:
        return True
    return (cause.age_min is None or case.age >= cause.age_min) and (
        cause.age_max is None or case.age <= cause.age_max
    )


def palpation_ratio(finding: Finding, atlas: Atlas, model: Model) -> float:
    """Likelihood ratio of the signs looked for at one trigger point, active against not active."""
    ratio = 1.0
    for sign, present in finding.signs().items():
        row = atlas.palpation_signs[sign]
        if present:
            ratio *= row.p_if_active / row.p_if_inactive
        else:
            ratio *= (1.0 - row.p_if_active) / (1.0 - row.p_if_inactive)
    return float(ratio ** model.parameters["palpation_trust"])


def test_ratios(case: Case, atlas: Atlas) -> Mapping[str, float]:
    """Likelihood ratio of the examination tests per look-alike, from their published accuracy."""
    ratios: dict[str, float] = {}
    for test, result in case.tests.items():
        row = atlas.accuracy[test]
        ratio = row.lr_positive if result == "positive" else row.lr_negative
        if ratio is not None:
            for about in row.about:
                # a published 0 is an estimate from few people, never proof
                ratios[about] = ratios.get(about, 1.0) * max(ratio, 0.02)
    return ratios


def answer_ratios(case: Case, model: Model, causes: Sequence[ModelCause]) -> list[dict[str, float]]:
    """Per cause and answered question, how much likelier the answer is when it is the main source than by base rate.

    Questions that a cause does not move are left out. Most causes answer as their layer does, so each answer is judged
    once per layer and once for each cause with rows of its own.
    """
    ratios: list[dict[str, float]] = [{} for _ in causes]
    of_layer: dict[str, list[int]] = defaultdict(list)
    by_name: dict[str, list[int]] = defaultdict(list)
    for i, cause in enumerate(causes):
        of_layer[cause.layer].append(i)
        by_name[cause.id].append(i)
        if cause.muscle:
            by_name[cause.muscle].append(i)
    for question, given in case.answers.items():
        if question == MOVEMENTS:
            continue
        layers, alone = model.answers.movers(question)
        for layer in layers & of_layer.keys():
            members = of_layer[layer]
            plain = next((i for i in members if not {causes[i].id, causes[i].muscle} & alone), None)
            if plain is not None:
                ratio = _ratio(question, given, model, causes[plain])
                for i in members:
                    ratios[i][question] = ratio
        for i in {i for name in alone & by_name.keys() for i in by_name[name]}:
            ratios[i][question] = _ratio(question, given, model, causes[i])
    return ratios


def _ratio(question: str, given: Sequence[str], model: Model, cause: ModelCause) -> float:
    if question in model.answers.split:
        return _split_ratio(question, given, model, cause)
    exclusive = model.answers.exclusive[question]
    expected = _chance(model.answers.distribution(question, cause), given, exclusive)
    return expected / _chance(model.answers.rates[question], given, exclusive)


def _split_ratio(question: str, given: Sequence[str], model: Model, cause: ModelCause) -> float:
    """A former question that was split asks whether any of its parts is so."""
    none = base_none = 1.0
    for part in model.answers.split[question]:
        none *= 1.0 - model.answers.distribution(part, cause)["yes"]
        base_none *= 1.0 - model.answers.rates[part]["yes"]
    if "no" in given:
        return max(none, SMALLEST) / max(base_none, SMALLEST)
    return max(1.0 - none, SMALLEST) / max(1.0 - base_none, SMALLEST)


def _chance(rates: Mapping[str, float], given: Sequence[str], exclusive: bool) -> float:
    if exclusive:
        return max(rates[given[0]], SMALLEST)
    chance = 1.0
    for answer, rate in rates.items():
        # "none of these" says no more than that no other line was ticked
        if answer not in NONE_OF_THESE:
            chance *= max(rate if answer in given else 1.0 - rate, SMALLEST)
    return chance


def unticked_movements(case: Case, atlas: Atlas) -> tuple[str, ...]:
    """The movements that were offered for the painted areas and not ticked; none when the question is open."""
    if MOVEMENTS not in case.answers:
        return ()
    areas = {atlas.regions[p.region].area for p in case.pain}
    return tuple(
        a.answer
        for a in atlas.answers_of[MOVEMENTS]
        if a.answer not in case.answers[MOVEMENTS] and areas.intersection(a.offered_for_areas)
    )


def _fires(
    taking_part: Sequence[int], at: Mapping[Place, int], model: Model
) -> Mapping[int, list[list[tuple[int, float]]]]:
    """Per cause and extent, the painted places it can paint and the chance of each."""
    fires: dict[int, list[list[tuple[int, float]]]] = {
        i: [[] for _ in model.causes[i].extents] for i in taking_part
    }
    for place, finding in at.items():
        for i, chances in model.by_place.get(place, {}).items():
            if i in fires:
                for row, chance in zip(fires[i], chances, strict=True):
                    if chance:
                        row.append((finding, chance))
    return fires


def _extents(
    cause: ModelCause,
    fires: Sequence[Sequence[tuple[int, float]]],
    at: Mapping[Place, int],
    unticked: Sequence[str],
) -> tuple[Extent, ...]:
    moves: tuple[tuple[int, float], ...] = ()
    still = 1.0
    if cause.moves:
        moves = tuple(sorted((at[MOVEMENTS, m], q) for m, q in cause.moves.items() if (MOVEMENTS, m) in at))
        for movement in unticked:
            still *= 1.0 - cause.moves.get(movement, 0.0)
    extents = []
    for pattern, row in zip(cause.extents, fires, strict=True):
        # far fewer places are painted than a cause can paint: start from silence everywhere
        silent = still * pattern.share * pattern.silent
        for _, chance in row:
            silent /= 1.0 - chance
        extents.append(Extent(silent, (*row, *moves)))
    return tuple(extents)


def _cause(
    cause: ModelCause,
    own_ratio: float,
    quiet: float,
    likelihood: Mapping[str, float],
    extents: tuple[Extent, ...],
) -> Cause:
    main = cause.main * own_ratio
    for ratio in likelihood.values():
        main *= ratio
    return Cause(
        # palpation finds a point that the drawing does not show like any other
        companion=((1.0 - cause.companion) * (1.0 - quiet + quiet * own_ratio), cause.companion * own_ratio),
        main=main,
        extents=extents,
    )


def _leak(finding: Place, model: Model) -> float:
    if finding[0] == MOVEMENTS:
        return model.answers.rates[MOVEMENTS][finding[1]]
    return model.parameters["leak_region"]


def _blocks(causes: Sequence[ModelCause]) -> tuple[tuple[int, ...], ...]:
    """The sites of one muscle on one side together, each look-alike alone."""
    blocks: dict[tuple[str, str], list[int]] = {}
    for i, cause in enumerate(causes):
        blocks.setdefault((cause.muscle or cause.id, cause.side), []).append(i)
    return tuple(tuple(block) for block in blocks.values())
