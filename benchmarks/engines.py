"""The engine against general engines for Bayesian networks, on the same networks, in one run.

`python benchmarks/engines.py` prints the results and writes them to `results/engines.md`. The drawings come from the
model itself. Every general engine runs in a process of its own under a time limit; building its network is not
counted, and it is handed the best decomposition we know: causes in the order of our own sweep, every noisy-OR as a
chain of two-parent steps, the one main source as a chain of three states, and only relevant causes.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import importlib.util
import json
import logging
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tautband.assessment.case import Case, read_case
from tautband.assessment.inference import Posterior, Problem, plan_sweep, solve
from tautband.assessment.model import MOVEMENTS, Model, compile_model
from tautband.assessment.network import build_network
from tautband.assessment.solve import solve_network
from tautband.atlas import Atlas

ENGINES = {
    "pyAgrum LazyPropagation": ("pyagrum", "LazyPropagation"),
    "pyAgrum ShaferShenoy": ("pyagrum", "ShaferShenoyInference"),
    "pyAgrum VariableElimination": ("pyagrum", "VariableElimination"),
    "pgmpy VariableElimination": ("pgmpy", "VariableElimination"),
    "pgmpy BeliefPropagation": ("pgmpy", "BeliefPropagation"),
    "ProbLog (SDD)": ("problog", ""),
}
NOT_COMPARED = (
    "Not compared, because they do not give this posterior: pomegranate (loopy, approximate), BayesPy (variational, "
    "approximate), toulbar2 (evidence only, no marginals in one run), SPFlow (learns its own networks)."
)


@dataclass(frozen=True)
class Variable:
    """A variable of a discrete Bayesian network; the table has the parents' axes first, its own last."""

    name: str
    states: int
    parents: tuple[str, ...]
    table: np.ndarray


@dataclass(frozen=True)
class General:
    """A problem as a plain Bayesian network: every cause has the states idle, companion per extent, main per extent."""

    variables: tuple[Variable, ...]
    evidence: dict[str, int]
    causes: tuple[str, ...]
    problem: Problem


def general_network(problem: Problem) -> General:
    """Write a problem as a Bayesian network with chains instead of wide noisy-ORs."""
    variables = []
    # the main source so far: nobody, one, too many; the first link is "none of the causes"
    unknown = problem.unknown
    variables.append(Variable("m", 3, (), np.array([1.0, unknown, 0.0]) / (1.0 + unknown)))
    last_main = "m"
    last = {}
    for f, leak in enumerate(problem.leaks):
        last[f] = f"f{f}"
        variables.append(Variable(f"f{f}", 2, (), np.array([1.0 - leak, leak])))
    plan = plan_sweep(problem)
    order = [
        c
        for step in plan.steps
        if step.kind == "group"
        for block in plan.groups[step.index].blocks
        for c in problem.blocks[block]
    ]
    for c in order:
        cause = problem.causes[c]
        weights = np.array([extent.weight for extent in cause.extents])
        states = 1 + 2 * len(weights)
        prior = np.concatenate(([cause.companion[0]], cause.companion[1] * weights, cause.main * weights))
        variables.append(Variable(f"c{c}", states, (), prior / prior.sum()))
        main = np.zeros((3, states, 3))
        for before in range(3):
            for state in range(states):
                main[before, state, min(2, before + (state > len(weights)))] = 1.0
        variables.append(Variable(f"m{c}", 3, (last_main, f"c{c}"), main))
        last_main = f"m{c}"
        chances = {}
        for e, extent in enumerate(cause.extents):
            for finding, q in extent.fires:
                chances.setdefault(finding, np.zeros(states))[[1 + e, 1 + e + len(weights)]] = q
        for finding, q in chances.items():
            step = np.zeros((2, states, 2))
            step[0, :, 0], step[0, :, 1], step[1, :, 1] = 1.0 - q, q, 1.0
            variables.append(Variable(f"f{finding}c{c}", 2, (last[finding], f"c{c}"), step))
            last[finding] = f"f{finding}c{c}"
    evidence = {last_main: 1, **dict.fromkeys(last.values(), 1)}
    return General(tuple(variables), evidence, tuple(f"c{c}" for c in range(len(problem.causes))), problem)


def ask_pyagrum(net: General, kind: str, clock: list[float] | None = None) -> np.ndarray:
    import pyagrum

    network = pyagrum.BayesNet()
    for v in net.variables:
        network.add(pyagrum.LabelizedVariable(v.name, v.name, v.states))
        for parent in reversed(v.parents):
            network.addArc(parent, v.name)
        network.cpt(v.name)[:] = _as_pyagrum(network.cpt(v.name), v)
    start = time.perf_counter()
    inference = getattr(pyagrum, kind)(network)
    inference.setEvidence(net.evidence)
    inference.setTargets(set(net.causes))
    inference.makeInference()
    active = np.array([1.0 - inference.posterior(c)[0] for c in net.causes])
    if clock is not None:
        clock.append(time.perf_counter() - start)
    return active


def _as_pyagrum(cpt, v: Variable) -> np.ndarray:
    """The table with its axes in pyAgrum's order: the names of a tensor are listed fastest first."""
    axes = [*v.parents, v.name]
    return np.transpose(v.table, [axes.index(name) for name in reversed(cpt.names)])


def ask_pgmpy(net: General, kind: str, clock: list[float] | None = None) -> np.ndarray:
    from pgmpy import inference
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    sizes = {v.name: v.states for v in net.variables}
    network = DiscreteBayesianNetwork()
    network.add_nodes_from(sizes)
    network.add_edges_from((parent, v.name) for v in net.variables for parent in v.parents)
    for v in net.variables:
        columns = v.table.reshape(-1, v.states).T
        network.add_cpds(
            TabularCPD(v.name, v.states, columns, v.parents, [sizes[p] for p in v.parents])
            if v.parents
            else TabularCPD(v.name, v.states, columns)
        )
    start = time.perf_counter()
    engine = getattr(inference, kind)(network)
    active = np.array(
        [
            1.0 - float(engine.query([c], evidence=dict(net.evidence), show_progress=False).values[0])
            for c in net.causes
        ]
    )
    if clock is not None:
        clock.append(time.perf_counter() - start)
    return active


def ask_problog(net: General, clock: list[float] | None = None) -> np.ndarray:
    """As a logic program, where a noisy-OR needs no chain."""
    from problog import get_evaluatable
    from problog.program import PrologString

    problem = net.problem
    lines = [f"{leak}::on({f})." for f, leak in enumerate(problem.leaks)]
    by_name = {v.name: v for v in net.variables}
    for c, cause in enumerate(problem.causes):
        prior = by_name[f"c{c}"].table
        heads = [f"{p!r}::state({c},{state})" for state, p in enumerate(prior.tolist()) if state and p > 0.0]
        lines.append("; ".join(heads) + ".")
        for state in range(1, len(prior)):
            for f, q in cause.extents[(state - 1) % len(cause.extents)].fires:
                lines.append(f"{q!r}::on({f}) :- state({c},{state}).")
        mains = [state for state in range(1 + len(cause.extents), len(prior)) if prior[state] > 0.0]
        lines += [f"source({c}) :- state({c},{state})." for state in mains]
        lines += [
            f"active({c}) :- state({c},{state})." for state in range(1, len(prior)) if prior[state] > 0.0
        ]
        lines.append(f"query(active({c})).")
    n = len(problem.causes)
    unknown = problem.unknown
    if unknown:
        lines.append(f"{unknown / (1.0 + unknown)!r}::source({n}).")
    sources = [c for c in range(n) if problem.causes[c].main > 0.0] + ([n] if unknown else [])
    lines += ["none_before(0)."]
    for i, c in enumerate(sources):
        lines.append(f"none_before({i + 1}) :- none_before({i}), \\+source({c}).")
        lines.append(f"one_before({i + 1}) :- one_before({i}), \\+source({c}).")
        lines.append(f"one_before({i + 1}) :- none_before({i}), source({c}).")
    lines.append(f"evidence(one_before({len(sources)})).")
    lines += [f"evidence(on({f}))." for f in range(len(problem.leaks))]
    program = PrologString("\n".join(lines))
    start = time.perf_counter()
    result = get_evaluatable("sdd").create_from(program).evaluate()
    if clock is not None:
        clock.append(time.perf_counter() - start)
    values = {str(name): value for name, value in result.items()}
    return np.array([values[f"active({c})"] for c in range(n)])


def drawing(
    atlas: Atlas, model: Model, seed: int, regions: int, answers: int, sides: Sequence[str], causes: int = 12
) -> Case:
    """Draw a person from the model: a main source and companions that meet it, until so many places are painted."""
    rng = random.Random(seed)
    here = [i for i, c in enumerate(model.causes) if c.side in sides and c.kind != "unknown"]
    allowed = set(here)
    while True:
        first = rng.choices(here, [model.causes[i].main for i in here])[0]
        painted: dict[tuple[str, str], None] = {}
        cause = first
        for _ in range(causes):
            extents = model.causes[cause].extents
            extent = rng.choices(extents, [e.share for e in extents])[0]
            painted.update((p, None) for p, q in extent.paints.items() if p[1] in sides and rng.random() < q)
            near = [i for p in painted for i in model.by_place[p] if i in allowed] or here
            if len(painted) >= regions:
                break
            cause = rng.choices(near, [model.causes[i].companion for i in near])[0]
        if len(painted) == regions:
            break
    questions = [q for q in atlas.questions.values() if q.id != MOVEMENTS]
    rng.shuffle(questions)
    given: dict[str, list[str]] = {}
    for question in questions:
        if len(given) == answers:
            break
        rates = model.answers.distribution(question.id, model.causes[first])
        if model.answers.exclusive[question.id]:
            given[question.id] = rng.choices(list(rates), list(rates.values()))
        elif ticked := [answer for answer, rate in rates.items() if rng.random() < rate][
            : question.max_answers
        ]:
            given[question.id] = ticked
    return _case(painted, atlas, given)


def _case(
    places: Sequence[tuple[str, str]], atlas: Atlas, answers: dict[str, list[str]] | None = None
) -> Case:
    pain = [{"region": region, "side": side} for region, side in places]
    return read_case({"schema": "tautband.case/1", "pain": pain, "answers": answers or {}}, atlas)


def places_of(atlas: Atlas) -> list[tuple[str, str]]:
    """Every place on the body."""
    return [
        (r.id, s) for r in atlas.regions.values() for s in (("midline",) if r.midline else ("left", "right"))
    ]


def ours(case: Case, atlas: Atlas, model: Model) -> tuple[float, float, Posterior, Problem]:
    """Seconds from the case to the posterior on the clock and on the processor, garbage collection held back."""
    gc.collect()
    gc.disable()
    clock, cpu = time.perf_counter(), time.process_time()
    network = build_network(case, atlas, model)
    posterior = solve_network(network)
    spent = time.perf_counter() - clock, time.process_time() - cpu
    gc.enable()
    return *spent, posterior, network.problem


def theirs(engine: str, problem: Problem, limit: float) -> tuple[float | None, np.ndarray | None, str]:
    """Seconds and posterior of a general engine in a process of its own, or why there are none."""
    package, _ = ENGINES[engine]
    if importlib.util.find_spec(package) is None:
        return None, None, "not installed"
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        file.write(pickle.dumps(problem))
        file.flush()
        command = [sys.executable, "-W", "ignore", __file__, "--ask", engine, file.name]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return None, None, f"over {limit:.0f} s"
    if ran.returncode:
        return None, None, (ran.stderr.strip().splitlines() or ["stopped without a word"])[-1][:60]
    answer = json.loads(ran.stdout.splitlines()[-1])
    return answer["seconds"], np.array(answer["active"]), ""


def ask(engine: str, file: str) -> None:
    """In a process of its own: solve a problem with a general engine and print the result."""
    package, kind = ENGINES[engine]
    logging.disable(logging.CRITICAL)
    net = general_network(pickle.loads(Path(file).read_bytes()))
    clock: list[float] = []
    if package == "pyagrum":
        active = ask_pyagrum(net, kind, clock)
    elif package == "pgmpy":
        active = ask_pgmpy(net, kind, clock)
    else:
        active = ask_problog(net, clock)
    print(json.dumps({"seconds": clock[0], "active": active.tolist()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ask", nargs=2, metavar=("ENGINE", "FILE"), help="used by the benchmark itself")
    parser.add_argument("--drawings", type=int, default=100, help="10-region drawings for our own times")
    parser.add_argument(
        "--limit", type=float, default=60.0, help="seconds for one general engine and drawing"
    )
    parser.add_argument(
        "--compared", type=int, default=3, help="drawings of each size for the general engines"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[3, 5, 8, 10], help="regions of those drawings"
    )
    options = parser.parse_args()
    if options.ask:
        ask(*options.ask)
        return
    from report import machine, write_results

    atlas = Atlas.load()
    model = compile_model(atlas)
    versions = ", ".join(
        f"{package} {importlib.metadata.version(package)}"
        for package in dict.fromkeys(package for package, _ in ENGINES.values())
        if importlib.util.find_spec(package)
    )
    lines = [
        "# The engine against general engines",
        machine(atlas.version),
        f"General engines: {versions}.",
        "",
    ]
    lines += [NOT_COMPARED, *_our_times(atlas, model, options.drawings), *_comparison(atlas, model, options)]
    write_results("engines", lines)


def _our_times(atlas: Atlas, model: Model, drawings: int) -> list[str]:
    one_side = ("left", "midline")
    body = places_of(atlas)
    series = {
        "10 regions on one side, 20 answers": [
            drawing(atlas, model, s, 10, 20, one_side) for s in range(drawings)
        ],
        "40 regions drawn from the model, whole body": [
            drawing(atlas, model, s, 40, 20, ("left", "right", "midline"), 60) for s in range(drawings // 10)
        ],
        "40 regions at random, whole body": [
            _case(random.Random(s).sample(body, 40), atlas) for s in range(drawings // 10)
        ],
        "everything painted": [_case(body, atlas)],
    }
    lines = [
        "## From the case to the posterior: tautband",
        "| drawing | n | median ms | 99th percentile ms | median CPU ms | 99th CPU ms | frontier | exact "
        "| worst reported error |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, cases in series.items():
        ours(cases[0], atlas, model)
        runs = [ours(case, atlas, model) for case in cases]
        wall, cpu = (np.array([run[i] for run in runs]) * 1e3 for i in range(2))
        exact = sum(run[2].method == "exact" for run in runs)
        widest = max(plan_sweep(run[3], widest=40).frontier for run in runs)
        error = max(run[2].error for run in runs)
        lines.append(
            f"| {name} | {len(runs)} | {np.median(wall):.1f} | {np.quantile(wall, 0.99):.1f} | {np.median(cpu):.1f} "
            f"| {np.quantile(cpu, 0.99):.1f} | to {widest}{'+' if widest > 40 else ''} | {exact} of {len(runs)} "
            f"| {error:.3f} |"
        )
    return lines


def _comparison(atlas: Atlas, model: Model, options: argparse.Namespace) -> list[str]:
    one_side = ("left", "midline")
    body = places_of(atlas)
    sizes = {
        f"{n} regions, 20 answers": [
            drawing(atlas, model, 1000 + s, n, 20, one_side) for s in range(options.compared)
        ]
        for n in options.sizes
    }
    sizes["40 regions at random"] = [_case(random.Random(0).sample(body, 40), atlas)]
    sizes["everything painted"] = [_case(body, atlas)]
    lines = [
        "## The same networks: seconds for all posteriors",
        "Error is the largest difference of any cause's probability from our exact sweep; our own seconds are those of "
        "planning and solving, like theirs without building the network.",
        "",
        "| drawing | engine | finished | median s | times ours | largest error |",
        "|---|---|---:|---:|---:|---:|",
    ]
    given_up: set[str] = set()
    for name, cases in sizes.items():
        problems = [build_network(case, atlas, model).problem for case in cases]
        own = []
        for problem in problems:
            solve_one(problem)
            start = time.perf_counter()
            own.append((solve_one(problem), time.perf_counter() - start))
        mine = float(np.median([seconds for _, seconds in own]))
        method = own[0][0].method.partition(",")[0]
        lines.append(
            f"| {name} | **tautband** ({method}) | {len(own)} of {len(own)} | {mine:.4f} | 1 "
            f"| {max(p.error for p, _ in own):.2g} reported |"
        )
        for engine in ENGINES:
            if engine in given_up:
                lines.append(f"| {name} | {engine} | not tried: failed on smaller ones | | | |")
                continue
            answers = [theirs(engine, problem, options.limit) for problem in problems]
            times = [seconds for seconds, _, _ in answers if seconds is not None]
            if not times:
                given_up.add(engine)
                lines.append(f"| {name} | {engine} | 0 of {len(answers)}: {answers[0][2]} | | | |")
                continue
            errors = [
                np.abs(active - posterior.active).max()
                for (_, active, _), (posterior, _) in zip(answers, own, strict=True)
                if active is not None
            ]
            middle = float(np.median(times))
            lines.append(
                f"| {name} | {engine} | {len(times)} of {len(answers)} | {middle:.3f} | {middle / mine:.0f} "
                f"| {max(errors):.2g} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


def solve_one(problem: Problem) -> Posterior:
    """As the product does it: exactly if possible."""
    from tautband.assessment.sampling import solve_by_sampling
    from tautband.assessment.solve import LARGEST_FRONTIER

    plan = plan_sweep(problem, widest=LARGEST_FRONTIER)
    return solve(problem, plan) if plan.frontier <= LARGEST_FRONTIER else solve_by_sampling(problem)


if __name__ == "__main__":
    main()
