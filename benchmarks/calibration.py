# ruff: noqa: E501 (rows of Markdown tables read best in one piece)
"""Are the probabilities right? Simulated patients, their true causes, and what the engine says of them.

Patients are drawn from the model (`tautband.assessment.simulate`). Three levels of evidence are judged: the drawing, the
drawing with every question that applies answered, and six trigger points pressed besides. If the engine is right, of
all things it gives 30 % about 30 % are true, and the position of the true main source in the posterior is uniform
(simulation-based calibration). Then the same with patients from a world whose referral map differs by 20 % from ours.

Run: python benchmarks/calibration.py [--patients 2000] [--seed 1]
Writes benchmarks/results/calibration.md and docs/assets/calibration.svg.
"""

from __future__ import annotations

import argparse
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from report import machine, write_results

from tautband.assessment.case import Case
from tautband.assessment.judgement import Judgement, judge
from tautband.assessment.model import ModelCause, compile_model
from tautband.assessment.network import can_affect
from tautband.assessment.rules import evaluate
from tautband.assessment.simulate import Patient, World, draw_patient
from tautband.assessment.triage import Triage, rule_book, view_of
from tautband.assessment.verdict import decide
from tautband.atlas import Atlas
from tautband.atlas.tables import AREAS, LookAlikeRegion, Referral

Row = TypeVar("Row", Referral, LookAlikeRegion)

HERE = Path(__file__).parent
DIAGRAM = HERE.parent / "docs" / "assets" / "calibration.svg"
LEVELS = ("drawing", "answers", "palpation")
QUANTITIES = (
    "cause active",
    "muscle active",
    "main source",
    "main layer",
    "main is myofascial",
    "main is dangerous",
)
BINS = 10
LISTED_FROM = 0.001
PRESSED = 6
ALL_CLEAR = Triage("none", (), (), True)
KINDS = ("myofascial", "other, routine", "dangerous", "unknown")
VERDICTS = ("suits", "unclear", "refer_first")
THRESHOLDS = ("suits_at", "refer_at", "danger_at")
TRIED = (
    *((("suits_at", s),) for s in (0.5, 0.6, 0.7, 0.8)),
    *((("refer_at", r),) for r in (0.4, 0.5, 0.6, 0.7)),
    *((("danger_at", d),) for d in (0.05, 0.1, 0.15, 0.2, 0.3)),
)


@dataclass
class Record:
    """What one patient contributes: predictions with their truths, per level of evidence."""

    pairs: list[tuple[str, str, float, float, bool]] = field(default_factory=list)
    surprise: dict[str, tuple[float, float]] = field(default_factory=dict)
    position: dict[str, float] = field(default_factory=dict)
    rank: dict[str, int] = field(default_factory=dict)
    verdicts: dict[tuple[str, tuple[tuple[str, float], ...]], str] = field(default_factory=dict)
    shipped: str = ""
    kind: str = ""
    missed: bool = False
    painted: int = 0
    method: str = ""


def one_complaint(case: Case, atlas: Atlas) -> bool:
    """A drawing like the published ones: one or two areas, one side or the midline."""
    return (
        0 < len({atlas.regions[p.region].area for p in case.pain}) <= 2
        and len({p.side for p in case.pain} - {"midline"}) <= 1
    )


def answered(patient: Patient, atlas: Atlas) -> Case:
    """The case with every question that applies answered; answers can make further questions apply."""
    case, gates = patient.case, rule_book(atlas).gates
    while True:
        view = view_of(case, atlas)
        applies = [q for q in gates if q not in case.answers and evaluate(gates[q], view)]
        if not applies:
            return case
        for question in applies:
            case = case.with_answer(question, *patient.answer(question))


def pressed(case: Case, patient: Patient, judgement: Judgement) -> Case:
    """The case after pressing the trigger points that are likeliest so far."""
    causes = judgement.network.causes
    points = [i for i in np.argsort(-judgement.shares.active, kind="stable") if causes[i].muscle]
    for i in points[:PRESSED]:
        case = case.with_finding(patient.press(causes[i].id, causes[i].side))
    return case


def kind_of(cause: ModelCause) -> str:
    if cause.kind == "unknown":
        return "unknown"
    if cause.layer == "myofascial":
        return "myofascial"
    return "dangerous" if cause.urgency in ("urgent", "emergency") else "other, routine"


def observe(record: Record, level: str, judgement: Judgement, patient: Patient, priors: Priors) -> None:
    """Note what the engine says at one level of evidence, and the truth."""
    network, shares, truth = judgement.network, judgement.shares, patient.main
    true_key = (truth.id, truth.side)
    keys = [(c.id, c.side) for c in network.causes]
    main = dict(zip(keys, shares.main.tolist(), strict=True))

    def note(quantity: str, p: float, prior: float, true: bool) -> None:
        if p >= LISTED_FROM:
            record.pairs.append((level, quantity, p, prior, true))

    for i, cause in enumerate(network.causes):
        if cause.kind != "unknown":
            note("cause active", float(shares.active[i]), priors.active[keys[i]], keys[i] in patient.active)
        note("main source", main[keys[i]], priors.main[keys[i]], keys[i] == true_key)
    muscles = {}
    active_muscles = {
        (c.muscle, c.side)
        for c in compile_model(judgement.atlas).causes
        if c.muscle and (c.id, c.side) in patient.active
    }
    for b, block in enumerate(network.problem.blocks):
        cause = network.causes[block[0]]
        if cause.muscle:
            p = float(judgement.posterior.block_active[b])
            muscles[cause.muscle, cause.side] = p
            prior = 1.0 - math.prod(1.0 - priors.active[keys[i]] for i in block)
            note("muscle active", p, prior, (cause.muscle, cause.side) in active_muscles)
    layers = {**judgement.layers}
    for layer, p in layers.items():
        note("main layer", p, priors.layers[layer], layer == truth.layer)
    note(
        "main is myofascial",
        layers.get("myofascial", 0.0),
        priors.kinds["myofascial"],
        truth.layer == "myofascial",
    )
    danger = math.fsum(main[keys[i]] for i, c in enumerate(network.causes) if kind_of(c) == "dangerous")
    note("main is dangerous", danger, priors.kinds["dangerous"], kind_of(truth) == "dangerous")

    record.surprise[level] = (
        -math.log2(max(main.get(true_key, 0.0), 1e-6)),
        -math.log2(priors.main[true_key]),
    )
    if true_key in main:
        before = math.fsum(main[k] for k in keys[: keys.index(true_key)])
        record.position[level] = before + main[true_key] * (patient.seed / 2**32)
    record.missed = record.missed or true_key not in main
    if truth.muscle:
        order = sorted(muscles, key=lambda m: (-muscles[m], m))
        record.rank[level] = (
            order.index((truth.muscle, truth.side)) + 1 if (truth.muscle, truth.side) in order else 999
        )
    shipped, dangers = judgement.model.parameters, {"any layer": danger}
    for change in TRIED:
        parameters = {**shipped, **dict(change)}
        likeliest: Mapping[str, str] = defaultdict(str)
        record.verdicts[level, change] = decide(ALL_CLEAR, layers, likeliest, dangers, parameters).verdict
    record.verdicts[level, ()] = decide(ALL_CLEAR, layers, defaultdict(str), dangers, shipped).verdict


@dataclass(frozen=True)
class Priors:
    """What is known of a person before they paint anything."""

    main: Mapping[tuple[str, str], float]
    active: Mapping[tuple[str, str], float]
    layers: Mapping[str, float]
    kinds: Mapping[str, float]

    @classmethod
    def of(cls, case: Case, atlas: Atlas) -> Priors:
        causes = [c for c in compile_model(atlas).causes if can_affect(c, case)]
        total = math.fsum(c.main for c in causes)
        layers: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for c in causes:
            layers[c.layer] += c.main / total
            kinds[kind_of(c)] += c.main / total
        main = {(c.id, c.side): c.main / total for c in causes}
        active = {(c.id, c.side): 1.0 - (1.0 - c.main / total) * (1.0 - c.companion) for c in causes}
        return cls(main, active, layers, kinds)


@lru_cache(maxsize=2)
def shipped_atlas() -> Atlas:
    return Atlas.load()


@lru_cache(maxsize=8)
def world_of(name: str, seed: int) -> World:
    atlas = shipped_atlas()
    if name == "perturbed":
        return World(perturbed(atlas, np.random.default_rng([seed, 20])))
    return World(atlas, tempered_signs=name != "published signs")


def perturbed(atlas: Atlas, chance: np.random.Generator, share: float = 0.2) -> Atlas:
    """An atlas in which a share of all referral and look-alike region rows is deleted or moved within its area."""
    regions_of = {area: [r.id for r in atlas.regions.values() if r.area == area] for area in AREAS}

    def change(rows: Sequence[Row]) -> tuple[Row, ...]:
        changed = []
        for row in rows:
            if chance.random() < share:
                if chance.random() < 0.5:
                    continue
                nearby = regions_of[atlas.regions[row.region].area]
                row = replace(row, region=nearby[int(chance.integers(len(nearby)))])
            changed.append(row)
        return tuple(changed)

    return replace(
        atlas,
        version=f"{atlas.version}-perturbed",
        referrals=change(atlas.referrals),
        lookalike_regions=change(atlas.lookalike_regions),
    )


def study(number: int, population: str, world: str, seed: int) -> Record:
    """Draw one patient and judge them at every level of evidence."""
    atlas, source = shipped_atlas(), world_of(world, seed)
    accept = partial(one_complaint, atlas=atlas)
    patient = draw_patient(source, np.random.default_rng([seed, number]), accept)
    priors = Priors.of(patient.case, atlas)
    record = Record(kind=kind_of(patient.main), painted=len(patient.case.pain))
    by_drawing = judge(patient.case, atlas)
    observe(record, "drawing", by_drawing, patient, priors)
    case = answered(patient, atlas)
    by_answers = judge(case, atlas)
    observe(record, "answers", by_answers, patient, priors)
    by_palpation = judge(pressed(case, patient, by_answers), atlas)
    observe(record, "palpation", by_palpation, patient, priors)
    record.shipped = by_palpation.needling.verdict
    record.method = getattr(by_palpation.posterior, "method", "exact")
    return record


@dataclass(frozen=True)
class Reliability:
    """How well predictions of one quantity fit the truths."""

    bins: tuple[tuple[int, float, float], ...]
    ece: float
    chance_ece: float
    brier: float
    log_loss: float
    prior_log_loss: float
    z: float
    n: int


def reliability(pairs: Iterable[tuple[float, float, bool]]) -> Reliability:
    """Reliability of (prediction, prior, truth) triples."""
    p, prior, y = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    chance = np.random.default_rng(0)
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = tuple(
        (int((here := place == b).sum()), float(p[here].mean()), float(y[here].mean()))
        if (place == b).any()
        else (0, 0.0, 0.0)
        for b in range(BINS)
    )
    return Reliability(
        bins=bins,
        ece=_ece(p, y, place),
        chance_ece=float(np.mean([_ece(p, chance.random(len(p)) < p, place) for _ in range(20)])),
        brier=float(((p - y) ** 2).mean()),
        log_loss=_log_loss(p, y),
        prior_log_loss=_log_loss(prior, y),
        z=float((y - p).sum() / math.sqrt((p * (1 - p)).sum())),
        n=len(p),
    )


def _ece(p: np.ndarray, y: np.ndarray, place: np.ndarray) -> float:
    return float(np.abs(np.bincount(place, weights=p - y)).sum() / len(p))


def _log_loss(p: np.ndarray, y: np.ndarray) -> float:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-(y * np.log2(p) + (1 - y) * np.log2(1 - p)).mean())


def uniform_p(positions: Sequence[float]) -> float:
    """P value of the Kolmogorov-Smirnov test that positions are uniform (asymptotic)."""
    x = np.sort(np.array(positions))
    n = len(x)
    steps = np.arange(1, n + 1) / n
    distance = max(float((steps - x).max()), float((x - steps + 1 / n).max()))
    t = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    return min(1.0, max(0.0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * t * t) for k in range(1, 101))))


def run(population: str, world: str, patients: int, seed: int, workers: int) -> list[Record]:
    job = partial(study, population=population, world=world, seed=seed)
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(job, range(patients), chunksize=25))


def summary_rows(records: Sequence[Record]) -> list[str]:
    pairs: dict[tuple[str, str], list[tuple[float, float, bool]]] = defaultdict(list)
    for record in records:
        for level, quantity, p, prior, true in record.pairs:
            pairs[quantity, level].append((p, prior, true))
    rows = [
        "| quantity | evidence | predictions | ECE | ECE if perfect | Brier | log loss, bits | by prior | z |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for quantity in QUANTITIES:
        for level in LEVELS:
            r = reliability(pairs[quantity, level])
            rows.append(
                f"| {quantity} | {level} | {r.n:,} | {r.ece:.4f} | {r.chance_ece:.4f} | {r.brier:.4f} | {r.log_loss:.4f} | {r.prior_log_loss:.4f} | {r.z:+.1f} |"
            )
    return rows


def source_rows(records: Sequence[Record]) -> list[str]:
    rows = [
        "| evidence | bits to name the main source | by prior | muscle hit at 1 | at 5 | main source uniform, p |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for level in LEVELS:
        bits = [r.surprise[level] for r in records]
        ranks = [r.rank[level] for r in records if level in r.rank]
        rows.append(
            f"| {level} | {np.mean([b for b, _ in bits]):.2f} | {np.mean([b for _, b in bits]):.2f} "
            f"| {np.mean([k <= 1 for k in ranks]):.2f} | {np.mean([k <= 5 for k in ranks]):.2f} "
            f"| {uniform_p([r.position[level] for r in records if level in r.position]):.3f} |"
        )
    return rows


def bin_rows(records: Sequence[Record]) -> list[str]:
    rows = [
        "| said | " + " | ".join(f"{q}: n, seen" for q in QUANTITIES) + " |",
        "|---|" + "--:|" * len(QUANTITIES),
    ]
    table = {
        q: reliability(
            [
                (p, prior, t)
                for r in records
                for level, name, p, prior, t in r.pairs
                if name == q and level == "answers"
            ]
        ).bins
        for q in QUANTITIES
    }
    for b in range(BINS):
        cells = [f"{table[q][b][0]:,}: {table[q][b][2]:.2f}" if table[q][b][0] else "0" for q in QUANTITIES]
        rows.append(f"| {b / BINS:.1f} to {(b + 1) / BINS:.1f} | " + " | ".join(cells) + " |")
    return rows


def consequence_rows(records: Sequence[Record], level: str) -> list[str]:
    rows = [
        "| thresholds | "
        + " | ".join(f"{k}: suits / unclear / refer" for k in KINDS)
        + " | of `suits`: not myofascial, dangerous |",
        "|---|" + "--:|" * (len(KINDS) + 1),
    ]
    for change in ((), *TRIED):
        counts = Counter((r.kind, r.verdicts[level, change]) for r in records)
        rows.append(f"| {', '.join(f'{k} {v}' for k, v in change) or 'as shipped'} | " + _consequence(counts))
    rows.append(
        "| as shipped, with red flags | " + _consequence(Counter((r.kind, r.shipped) for r in records))
    )
    return rows


def _consequence(counts: Mapping[tuple[str, str], int]) -> str:
    cells = []
    for kind in KINDS:
        total = sum(counts[kind, v] for v in VERDICTS) or 1
        cells.append(" / ".join(f"{counts[kind, v] / total:.0%}" for v in VERDICTS))
    suits = sum(counts[k, "suits"] for k in KINDS) or 1
    wrong, danger = suits - counts["myofascial", "suits"], counts["dangerous", "suits"]
    return " | ".join(cells) + f" | {wrong / suits:.0%}, {danger / suits:.1%} |"


def diagram(records: Sequence[Record]) -> str:
    """Reliability diagram as SVG: said against seen, one panel per quantity, one line per level of evidence."""
    shown = ("cause active", "muscle active", "main layer", "main is myofascial")
    colours = dict(zip(LEVELS, ("#7a7a7a", "#1f6fb2", "#c2571a"), strict=True))
    size, gap = 190, 42
    width, height = len(shown) * (size + gap) + gap, size + 110
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" '
        'role="img" aria-label="Reliability: share that was true against probability that was said">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for k, quantity in enumerate(shown):
        x0, y0 = gap + k * (size + gap), 34
        out.append(f'<text x="{x0}" y="{y0 - 12}" font-weight="bold">{quantity}</text>')
        out.append(f'<rect x="{x0}" y="{y0}" width="{size}" height="{size}" fill="none" stroke="#999999"/>')
        out.append(
            f'<line x1="{x0}" y1="{y0 + size}" x2="{x0 + size}" y2="{y0}" stroke="#bbbbbb" stroke-dasharray="4 3"/>'
        )
        for mark in (0.0, 0.5, 1.0):
            out.append(
                f'<text x="{x0 + mark * size}" y="{y0 + size + 16}" text-anchor="middle" fill="#555555">{mark:g}</text>'
            )
            out.append(
                f'<text x="{x0 - 5}" y="{y0 + (1 - mark) * size + 4}" text-anchor="end" fill="#555555">{mark:g}</text>'
            )
        out.append(
            f'<text x="{x0 + size / 2}" y="{y0 + size + 32}" text-anchor="middle" fill="#555555">said</text>'
        )
        for level in LEVELS:
            triples = [
                (p, prior, t)
                for r in records
                for lv, q, p, prior, t in r.pairs
                if lv == level and q == quantity
            ]
            bins = [b for b in reliability(triples).bins if b[0] >= 20]
            points = [(x0 + said * size, y0 + (1 - seen) * size) for _, said, seen in bins]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            out.append(
                f'<polyline points="{path}" fill="none" stroke="{colours[level]}" stroke-width="1.5"/>'
            )
            for (n, _, seen), (x, y) in zip(bins, points, strict=True):
                half = 1.96 * math.sqrt(max(seen * (1 - seen), 1e-4) / n) * size
                out.append(
                    f'<line x1="{x:.1f}" y1="{y - half:.1f}" x2="{x:.1f}" y2="{y + half:.1f}" stroke="{colours[level]}"/>'
                )
                out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colours[level]}"/>')
    for k, level in enumerate(LEVELS):
        x, y = gap + k * 130, height - 14
        out.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{colours[level]}" stroke-width="3"/>'
        )
        out.append(f'<text x="{x + 28}" y="{y}">{level}</text>')
    out.append(
        f'<text x="{gap + 400}" y="{height - 14}" fill="#555555">bars: 95 % intervals; up: share that was true</text>'
    )
    return "\n".join((*out, "</svg>", ""))


def section(title: str, records: Sequence[Record]) -> list[str]:
    painted = np.percentile([r.painted for r in records], [5, 50, 95])
    methods = Counter("exact" if r.method.startswith("exact") else "sampled" for r in records)
    kinds = Counter(r.kind for r in records)
    return [
        f"## {title}",
        f"{len(records):,} patients; painted places 5th, 50th, 95th percentile {painted[0]:.0f}, {painted[1]:.0f}, {painted[2]:.0f}; "
        + ", ".join(f"{k} {kinds[k] / len(records):.0%}" for k in KINDS)
        + f"; solved {', '.join(f'{m} {n:,}' for m, n in methods.items())}; "
        f"{sum(r.missed for r in records)} whose main source paints none of the places they painted.",
        "",
        *summary_rows(records),
        "",
        *source_rows(records),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args()

    def records_of(population: str, world: str, part: int = 1) -> list[Record]:
        return run(population, world, given.patients // part, given.seed, given.workers)

    plain = records_of("one complaint", "shipped")
    lines = [
        "# Calibration on simulated patients",
        machine(shipped_atlas().version),
        f"`python benchmarks/calibration.py --patients {given.patients} --seed {given.seed}`",
        "",
        f"ECE: expected calibration error over {BINS} equal bins, predictions from {LISTED_FROM} up; `if perfect` is "
        "what so many predictions show by chance when every one is right. z: true things more (+) or "
        "fewer (-) than said, in standard errors as if predictions were independent. `palpation`: answers and the "
        f"{PRESSED} likeliest trigger points pressed.",
        "",
        *section("One complaint: one or two areas, one side", plain),
        "### Said and seen, with answers",
        *bin_rows(plain),
        "### What the thresholds do, with every question answered and red flags ignored",
        *consequence_rows(plain, "answers"),
        "### The same after palpation",
        *consequence_rows(plain, "palpation"),
        *section(
            "Palpation signs independent, as published (the engine takes them as weaker)",
            records_of("one complaint", "published signs", 8),
        ),
        *section(
            "A wrong referral map: 20 % of the patients' referral and look-alike rows deleted or moved",
            records_of("one complaint", "perturbed", 4),
        ),
    ]
    write_results("calibration", lines)
    DIAGRAM.parent.mkdir(exist_ok=True)
    DIAGRAM.write_text(diagram(plain), encoding="utf-8")


if __name__ == "__main__":
    main()
