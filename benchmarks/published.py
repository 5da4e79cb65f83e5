"""Hold tautband against published patients: `python benchmarks/published.py` prints and writes the results.

What is measured, and what it is not: the cases are few, coarse and from case reports; they say whether the ranking is
useful, never how common anything is. Muscles are compared in the vocabulary the reports use, and a report's side counts
as drawn (it is mirrored where the report gives none, which changes nothing because the model is symmetric).
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from report import machine, write_results

from tautband.assessment.case import OPPOSITE, Case, PaintedRegion
from tautband.assessment.inference import Cause, Extent, Problem, plan_sweep, solve
from tautband.assessment.judgement import judge
from tautband.assessment.model import place_of
from tautband.assessment.priors import muscle_prevalence
from tautband.assessment.triage import screen
from tautband.atlas import Atlas
from tautband.atlas.tables import Prevalence

DATA = Path(__file__).parent / "data"
SIDE = {"L": "left", "R": "right", "M": "midline"}
PRESSING = ("urgent", "emergency")
HEADS = {
    "masseter": ("masseter_superficial", "masseter_deep"),
    "sternocleidomastoid": ("scm_sternal", "scm_clavicular"),
    "pectoralis_major": (
        "pectoralis_major_clavicular",
        "pectoralis_major_sternal",
        "pectoralis_major_costal",
    ),
    "triceps_brachii": ("triceps_long_head", "triceps_medial_head", "triceps_lateral_head"),
}
"""Muscles that reports name whole and the atlas keeps by head."""

MUSCLES_TO_RANK = 4
"""Muscles that a complaint or study must have examined for a rank correlation."""

Scores = Mapping[tuple[str, str], float]
"""Muscle and side to a score; higher is likelier."""


@dataclass(frozen=True)
class PublishedCase:
    """A published patient: the case as tautband reads it, and what the report found."""

    row: Mapping[str, Any]
    case: Case
    found: tuple[frozenset[str], ...]


def read_cases(atlas: Atlas) -> list[PublishedCase]:
    """Read the coded cases with the answers that their reports state."""
    answers: dict[str, dict[str, tuple[str, ...]]] = {}
    with (DATA / "case_answers.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            answers.setdefault(row["case_id"], {})[row["question"]] = (row["answer"],)
    cases = []
    for line in (DATA / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        places = [
            place_of(atlas, region, SIDE[s]) for s, region in (p.split(":") for p in row["pain_regions"])
        ]
        found = [
            frozenset(whole(m) for m in atlas.muscles_named(name.split(":")[1]))
            for name in row["muscles_with_active_trps"]
        ]
        case = Case(
            age=row["age"],
            sex=row["sex"] if row["sex"] in ("female", "male") else None,
            pain=tuple(PaintedRegion(*place) for place in places),
            answers=MappingProxyType(answers.get(row["case_id"], {})),
            complaint=row["complaint_text"],
        )
        cases.append(PublishedCase(row, case, tuple(found)))
    return cases


def whole(muscle: str) -> str:
    """The name a report would use."""
    return next((name for name, heads in HEADS.items() if muscle in heads), muscle)


def by_model(case: Case, atlas: Atlas) -> Scores:
    """Score muscles by their posterior."""
    judgement = judge(case, atlas)
    blocks = zip(judgement.network.problem.blocks, judgement.posterior.block_active, strict=True)
    firsts = ((judgement.network.causes[block[0]], active) for block, active in blocks)
    return {(cause.muscle, cause.side): float(active) for cause, active in firsts if cause.muscle}


def by_overlap(case: Case, atlas: Atlas) -> Scores:
    """Score muscles by the overlap of the drawing with each point's pattern (spill-over counts half), best point."""
    painted = {(p.region, p.side) for p in case.pain}
    scores: dict[tuple[str, str], float] = {}
    for point in atlas.trigger_points.values():
        for side in ("left", "right"):
            weights = {
                place_of(
                    atlas, r.region, side if r.side == "same" else {"left": "right", "right": "left"}[side]
                ): (1.0 if r.zone == "essential" else 0.5)
                for r in atlas.referrals_of.get(point.id, ())
            }
            shared = math.fsum(w for place, w in weights.items() if place in painted)
            union = math.fsum(weights.values()) + len(painted - weights.keys())
            if shared:
                key = (point.muscle, side)
                scores[key] = max(scores.get(key, 0.0), shared / union)
    return scores


PLAIN_SETTINGS = tuple(itertools.product((0.5, 0.8), (0.2, 0.4), (0.01, 0.05), (0.02, 0.1, 0.3)))
"""Chance to paint an essential and a spill-over region, leak, and scale of the priors of a plain noisy-OR."""


def by_plain_noisy_or(case: Case, atlas: Atlas, setting: tuple[float, float, float, float]) -> Scores:
    """Score muscles by a textbook two-layer noisy-OR: no main source, no extents, no neighbours, no unknown source."""
    essential, spillover, leak, scale = setting
    chance = {"essential": essential, "core": essential, "sometimes": spillover / 2}
    prevalence = muscle_prevalence(atlas)
    at = {place_of(atlas, p.region, p.side): i for i, p in enumerate(case.pain)}
    causes: list[Cause] = []
    blocks: dict[tuple[str, str], list[int]] = {}

    def add(name: tuple[str, str], prior: float, paints: Iterable[tuple[tuple[str, str], str]]) -> None:
        chances: dict[tuple[str, str], float] = {}
        for place, zone in paints:
            chances[place] = max(chances.get(place, 0.0), chance.get(zone, spillover))
        fires = tuple(sorted((at[place], q) for place, q in chances.items() if place in at))
        if fires:
            silent = math.prod(1.0 - q for place, q in chances.items() if place not in at)
            blocks.setdefault(name, []).append(len(causes))
            causes.append(Cause((1.0 - prior, prior), 0.0, (Extent(silent, fires),)))

    for point in atlas.trigger_points.values():
        prior = min(0.5, scale * prevalence[point.muscle])
        for side in ("left", "right"):
            sides = {"same": side, "opposite": OPPOSITE[side]}
            rows = atlas.referrals_of.get(point.id, ())
            add(
                (point.muscle, side),
                prior,
                [(place_of(atlas, r.region, sides[r.side]), r.zone) for r in rows],
            )
    for cause in atlas.lookalikes.values():
        sided = cause.laterality == "sided"
        for shown in (("left",), ("right",)) if sided else (("left", "right"),):
            areas = atlas.regions_of_lookalike.get(cause.id, ())
            paints = [(place_of(atlas, r.region, s), r.zone) for r in areas for s in shown]
            add(("", f"{cause.id} {shown}"), min(0.3, scale * cause.prior), paints)
    problem = Problem(
        tuple(causes), tuple(tuple(block) for block in blocks.values()), (leak,) * len(at), unknown=1.0
    )
    active = solve(problem, plan_sweep(problem)).block_active
    return {name: float(active[b]) for b, name in enumerate(blocks) if name[0]}


def by_prevalence(case: Case, atlas: Atlas) -> Scores:
    """Score the muscles whose pattern touches the drawing by published prevalence alone."""
    prevalence = muscle_prevalence(atlas)
    return {key: prevalence[key[0]] for key in by_overlap(case, atlas)}


def rank(scores: Scores, found: Sequence[frozenset[str]]) -> int:
    """Rank of the first found muscle among all muscles, sides together; a miss counts as 1000."""
    best: dict[str, float] = {}
    for (muscle, _), score in scores.items():
        name = whole(muscle)
        best[name] = max(best.get(name, 0.0), round(score, 9))
    order = sorted(best, key=lambda m: (-best[m], m))
    places = [order.index(m) + 1 for names in found for m in names if m in best]
    return min(places, default=1000)


def ranking(cases: Iterable[PublishedCase], atlas: Atlas) -> list[str]:
    """Table of hit rates and mean reciprocal rank, beside two baselines, with bootstrap intervals."""
    ranked = [c for c in cases if c.row["use"] == "rank"]
    methods: dict[str, Callable[[Case, Atlas], Scores]] = {
        "tautband": by_model,
        "overlap of drawing and pattern": by_overlap,
        "prevalence alone": by_prevalence,
    }
    lines = ["| method | hit@1 | hit@3 | hit@5 | mean reciprocal rank |", "| --- | --- | --- | --- | --- |"]
    for name, method in methods.items():
        ranks = np.array([rank(method(_drawing_only(c.case), atlas), c.found) for c in ranked])
        columns = [(ranks <= k).astype(float) for k in (1, 3, 5)] + [1.0 / ranks]
        lines.append(f"| {name} | " + " | ".join(_mean(column) for column in columns) + " |")
    plain = []
    for setting in PLAIN_SETTINGS:
        ranks = np.array(
            [rank(by_plain_noisy_or(_drawing_only(c.case), atlas, setting), c.found) for c in ranked]
        )
        plain.append([float((ranks <= k).mean()) for k in (1, 3, 5)] + [float((1.0 / ranks).mean())])
    best = max(plain, key=lambda row: row[3])
    lines.append(
        "| plain noisy-OR, the best setting | " + " | ".join(f"{value:.2f}" for value in best) + " |"
    )
    highest = " | ".join(f"{max(column):.2f}" for column in zip(*plain, strict=True))
    lines.append(f"| plain noisy-OR, the best setting for each column | {highest} |")
    lines.append(
        f"\n{len(ranked)} patients, drawing, age and sex only; 95 % bootstrap intervals. The plain noisy-OR was tried "
        f"with {len(PLAIN_SETTINGS)} settings on these very patients, which favours it."
    )
    return lines


def _drawing_only(case: Case) -> Case:
    return replace(case, answers=MappingProxyType({}))


def _mean(values: np.ndarray[Any, Any]) -> str:
    rng = np.random.default_rng(1)
    means = np.sort(rng.choice(values, (4000, len(values))).mean(axis=1))
    return f"{values.mean():.2f} ({means[100]:.2f} to {means[3899]:.2f})"


def published_shares(rows: Iterable[Prevalence], atlas: Atlas) -> Mapping[str, float]:
    """Per muscle the mean published share of patients in whom it was active."""
    shares: dict[str, list[float]] = {}
    for row in rows:
        for muscle in atlas.muscles_named(row.muscle):
            shares.setdefault(whole(muscle), []).append(row.active_pct or 0.0)
    return {muscle: float(np.mean(found)) for muscle, found in shares.items()}


def without_studies(atlas: Atlas, rows: Sequence[Prevalence], name: str) -> Atlas:
    """The atlas without some rows of prevalence, under a version of its own."""
    kept = tuple(r for r in atlas.prevalence if r not in rows)
    return replace(atlas, version=f"{atlas.version}-{name}", prevalence=kept)


def correlation(scores: Scores, published: Mapping[str, float]) -> float:
    """Rank correlation of scores, the higher side of each muscle, with published shares."""
    mine = [
        max((s for (m, _), s in scores.items() if whole(m) == muscle), default=0.0) for muscle in published
    ]
    return spearman(mine, list(published.values()))


def prevalence_correlation(atlas: Atlas) -> list[str]:
    """Rank correlation of scores and published prevalence per complaint, with and without the studies in the priors."""
    regions: dict[str, list[str]] = {}
    for row in atlas.complaint_regions:
        regions.setdefault(row.complaint, []).append(row.region)
    lines = [
        "| complaint | muscles | tautband | overlap | prevalence alone | tautband as shipped |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    left_out = ["| study left out | complaint | muscles | tautband |", "| --- | --- | --- | --- |"]
    all_rho: list[list[float]] = []
    sizes = []
    for complaint, places in regions.items():
        studied = [r for r in atlas.prevalence if r.complaint_key == complaint and r.active_pct is not None]
        published = published_shares(studied, atlas)
        if len(published) < MUSCLES_TO_RANK:
            continue
        kept_out = without_studies(atlas, studied, complaint)
        case = Case(pain=tuple(PaintedRegion(*place_of(atlas, region, "right")) for region in places))
        rhos = [
            correlation(scores, published)
            for scores in (
                by_model(case, kept_out),
                by_overlap(case, kept_out),
                by_prevalence(case, kept_out),
                by_model(case, atlas),
            )
        ]
        all_rho.append(rhos)
        sizes.append(len(published))
        lines.append(
            f"| {complaint} | {len(published)} | " + " | ".join(f"{rho:+.2f}" for rho in rhos) + " |"
        )
        for study in dict.fromkeys(r.study for r in studied):
            own = [r for r in studied if r.study == study]
            examined = published_shares(own, atlas)
            # a study that no other one stands beside was left out above
            if len(examined) >= MUSCLES_TO_RANK and len(own) < len(studied):
                rho = correlation(by_model(case, without_studies(atlas, own, study)), examined)
                left_out.append(f"| {study} | {complaint} | {len(examined)} | {rho:+.2f} |")
    pooled = " | ".join(f"{rho:+.2f}" for rho in np.average(all_rho, axis=0, weights=sizes))
    lines.append(f"| **weighted by muscles** | {sum(sizes)} | {pooled} |")
    lines.append(
        f"\nComplaints with at least {MUSCLES_TO_RANK} muscles examined. In the first three columns the complaint's "
        "studies are left out; the last uses the atlas as shipped, which has seen them. Where a complaint has several "
        "studies, each is also left out alone; a review may hold another study of the table.\n"
    )
    return [*lines, *left_out]


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation with mean ranks for ties; 0 when one side is constant."""
    ranks = [_ranks(a), _ranks(b)]
    if any(np.ptp(r) == 0 for r in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray[Any, Any]:
    array = np.array(values)
    return np.array([(array < v).sum() + ((array == v).sum() + 1) / 2 for v in array])


def triage(cases: Iterable[PublishedCase], atlas: Atlas) -> list[str]:
    """Sensitivity on dangerous look-alikes with and without the answers their reports state, and false alarms."""
    rows = list(cases)
    dangerous = [c for c in rows if c.row["kind"] == "mimic" and c.row["triage_judgement"] in PRESSING]
    plain = [c for c in rows if c.row["kind"] != "mimic" and c.row["triage_judgement"] in ("none", "routine")]
    lines = ["| | of | n | share (95 % Wilson) |", "| --- | --- | --- | --- |"]

    def count(
        label: str, chosen: Sequence[PublishedCase], holds: Callable[[Case], bool], answers: bool
    ) -> None:
        hits = sum(holds(c.case if answers else _drawing_only(c.case)) for c in chosen)
        lines.append(f"| {label} | {len(chosen)} | {hits} | {wilson(hits, len(chosen))} |")

    def flagged(case: Case) -> bool:
        return screen(case, atlas).urgency in PRESSING

    def held(case: Case) -> bool:
        return judge(case, atlas).needling.verdict != "suits"

    stating = [c for c in dangerous if c.case.answers]
    count("dangerous look-alikes flagged, with the answers reported", dangerous, flagged, True)
    count("the same, of those whose report states any answer", stating, flagged, True)
    count("dangerous look-alikes flagged, drawing, age and sex alone", dangerous, flagged, False)
    count("dangerous look-alikes not called fit for needling, drawing alone", dangerous, held, False)
    count("false alarms: plain trigger point cases flagged", plain, flagged, True)
    count("plain trigger point cases sent away (refer first)", plain, _sent_away(atlas), True)
    missed = [c.row["case_id"] for c in stating if not flagged(c.case)]
    lines.append(f"\nMissed although its report states answers: {', '.join(missed) or 'none'}.")
    return lines


def _sent_away(atlas: Atlas) -> Callable[[Case], bool]:
    return lambda case: judge(case, atlas).needling.verdict == "refer_first"


def wilson(hits: int, n: int) -> str:
    """A share with its 95 % Wilson interval."""
    z = 1.96
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{p:.2f} ({max(0.0, centre - half):.2f} to {min(1.0, centre + half):.2f})"


def main() -> None:
    """Run every comparison and write `results/published.md`."""
    atlas = Atlas.load()
    cases = read_cases(atlas)
    write_results(
        "published",
        [
            "# Against published patients",
            machine(atlas.version),
            "## Which muscle",
            *ranking(cases, atlas),
            "## Against published prevalence",
            *prevalence_correlation(atlas),
            "## Triage",
            *triage(cases, atlas),
        ],
    )


if __name__ == "__main__":
    main()
