"""The engine against a slow reference that enumerates every configuration in exact rational numbers."""

import hashlib
import importlib
import importlib.util
import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tautband.assessment import inference, sampling
from tautband.assessment.inference import Cause, Extent, Posterior, Problem, plan_sweep, solve
from tautband.assessment.solve import LARGEST_FRONTIER

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def brute_force(problem):
    """Enumerate all causes, extents and main sources; every number an exact fraction."""
    options = []
    for cause in problem.causes:
        idle, companion = map(Fraction, cause.companion)
        weights = [(e, Fraction(extent.weight)) for e, extent in enumerate(cause.extents)]
        options.append(
            [("idle", None, idle)]
            + [("companion", e, companion * w) for e, w in weights]
            + [("main", e, w) for e, w in weights]
        )
    total = unknown = Fraction(0)
    active = [Fraction(0)] * len(problem.causes)
    main = [Fraction(0)] * len(problem.causes)
    block = [Fraction(0)] * len(problem.blocks)
    fired: list[dict[int, Fraction]] = [{} for _ in problem.causes]
    for choice in itertools.product(*options):
        sources = [c for c, (part, _, _) in enumerate(choice) if part == "main"]
        if len(sources) > 1:
            continue
        weight = math.prod((w for _, _, w in choice), start=Fraction(1))
        silent = [1 - Fraction(leak) for leak in problem.leaks]
        for c, (_, e, _) in enumerate(choice):
            for finding, q in problem.causes[c].extents[e].fires if e is not None else ():
                silent[finding] *= 1 - Fraction(q)
        weight *= math.prod((1 - s for s in silent), start=Fraction(1))
        if not weight:
            continue
        mass = weight * Fraction(problem.causes[sources[0]].main if sources else problem.unknown)
        total += mass
        if sources:
            main[sources[0]] += mass
        else:
            unknown += mass
        for c, (part, e, _) in enumerate(choice):
            active[c] += mass * (part != "idle")
            for finding, q in problem.causes[c].extents[e].fires if e is not None else ():
                # firing given that the finding is there
                share = mass * Fraction(q) / (1 - silent[finding])
                fired[c][finding] = fired[c].get(finding, Fraction(0)) + share
        for b, members in enumerate(problem.blocks):
            block[b] += mass * any(choice[c][0] != "idle" for c in members)
    return total, active, main, block, unknown, fired


def close(value, expected, tolerance=Fraction(1, 10**9)):
    """Whether a float is right in relation to an exact fraction, however small."""
    return abs(Fraction(float(value)) - expected) <= tolerance * abs(expected)


def check(problem, posterior):
    total, active, main, block, unknown, fired = brute_force(problem)
    assert math.isclose(
        posterior.log_evidence,
        math.log(total.numerator) - math.log(total.denominator),
        rel_tol=1e-9,
        abs_tol=1e-9,
    )
    for c in range(len(problem.causes)):
        assert close(posterior.active[c], active[c] / total)
        assert close(posterior.main[c], main[c] / total)
    for b in range(len(problem.blocks)):
        assert close(posterior.block_active[b], block[b] / total)
    assert close(posterior.unknown, unknown / total)
    for c, shares in enumerate(posterior.fired):
        for finding, share in shares:
            assert close(share, fired[c].get(finding, Fraction(0)) / total)


tiny = st.floats(1e-12, 1e-6)
chance = st.one_of(st.floats(0.001, 0.999), tiny, st.sampled_from([0.0, 1.0]))
weight = st.one_of(st.floats(0.001, 3.0), tiny)


@st.composite
def problems(draw, max_causes=4, max_findings=4):
    findings = draw(st.integers(0, max_findings))
    causes = []
    for _ in range(draw(st.integers(0, max_causes))):
        extents = []
        for _ in range(draw(st.integers(1, 2))):
            reached = draw(st.sets(st.integers(0, findings - 1))) if findings else set()
            extents.append(Extent(draw(weight), tuple((f, draw(chance)) for f in sorted(reached))))
        prior = draw(st.one_of(st.floats(0.001, 0.5), tiny))
        causes.append(
            Cause(
                (1.0 - prior, prior * draw(weight)),
                draw(st.one_of(weight, st.just(0.0))),
                tuple(extents),
            )
        )
    blocks, left = [], list(range(len(causes)))
    while left:
        size = draw(st.integers(1, len(left)))
        blocks.append(tuple(left[:size]))
        left = left[size:]
    leaks = tuple(draw(st.one_of(st.floats(0.001, 0.2), tiny, st.just(0.0))) for _ in range(findings))
    return Problem(tuple(causes), tuple(blocks), leaks, draw(weight))


def possible(problem):
    """Whether every positive finding can have an explanation at all."""
    reached = {f for cause in problem.causes for e in cause.extents for f, q in e.fires if q > 0.0}
    return all(leak > 0.0 or f in reached for f, leak in enumerate(problem.leaks))


def solved(problem, explain=()):
    return solve(problem, plan_sweep(problem), explain)


@settings(max_examples=150, deadline=None)
@given(problems(), st.integers(0, 4))
def test_the_engine_agrees_with_brute_force(problem, bucket):
    assume(possible(problem))
    assume(brute_force(problem)[0] > Fraction(1, 10**200))
    with pytest.MonkeyPatch.context() as patch:
        # 0 sends every cause that reaches anything through the sweep alone, 4 sends every one through a bucket
        patch.setattr(inference, "BUCKET", bucket)
        check(problem, solved(problem, range(len(problem.causes))))


def test_nothing_is_lost_at_a_posterior_of_1e_minus_30():
    """Alternating sums would leave noise of 1e-16 here."""
    extents = (Extent(1.0, ((0, 0.9), (1, 0.9))),)
    near = Cause((0.9, 0.1), 0.3, extents)
    remote = Cause((1.0, 1e-30), 1e-31, (Extent(1.0, ((0, 1e-3), (1, 0.5), (2, 1e-9))),))
    idle = Cause((1.0, 1e-34), 0.0, (Extent(1.0, ((2, 0.7),)),))
    problem = Problem((near, remote, idle), ((0,), (1, 2)), (1e-12, 1e-9, 0.05), 1e-3)
    posterior = solved(problem, (0, 1, 2))
    assert posterior.active[1] < 1e-29
    assert posterior.block_active[1] < 1e-29
    check(problem, posterior)


def test_sixteen_findings_that_share_every_cause_are_solved_exactly():
    rng = np.random.default_rng(16)

    def extent(fewest):
        reached = sorted(rng.choice(16, rng.integers(fewest, 17), replace=False).tolist())
        return Extent(0.5, tuple((f, float(rng.uniform(0.05, 0.9))) for f in reached))

    causes = tuple(Cause((0.99, 0.01), 0.02 * (c + 1), (extent(3), extent(16))) for c in range(4))
    problem = Problem(causes, ((0, 1), (2,), (3,)), (0.02,) * 16, 0.05)
    assert plan_sweep(problem).frontier == 16 <= LARGEST_FRONTIER
    check(problem, solved(problem, range(4)))


def shifted(problem, by):
    """The same problem with its findings numbered from `by` on."""
    return tuple(
        replace(c, extents=tuple(Extent(e.weight, tuple((f + by, q) for f, q in e.fires)) for e in c.extents))
        for c in problem.causes
    )


def with_main(problem, main):
    """The evidence and the activity when the main source must (or must not) be one of the causes."""
    causes = problem.causes if main else tuple(replace(c, main=0.0) for c in problem.causes)
    posterior = solved(replace(problem, causes=causes, unknown=0.0 if main else 1.0))
    return math.exp(posterior.log_evidence), posterior.active


@settings(max_examples=60, deadline=None)
@given(problems(3, 3), problems(3, 3))
def test_groups_that_share_no_finding_meet_only_in_the_main_source(one, other):
    one, other = (replace(p, leaks=tuple(max(leak, 0.01) for leak in p.leaks)) for p in (one, other))
    assume(all(any(c.main for c in p.causes) for p in (one, other)))
    n = len(one.causes)
    union = Problem(
        one.causes + shifted(other, len(one.leaks)),
        one.blocks + tuple(tuple(c + n for c in block) for block in other.blocks),
        one.leaks + other.leaks,
        one.unknown,
    )
    posterior = solved(union)
    (z1, active1), (z0, active0) = with_main(one, True), with_main(one, False)
    (y1, _), (y0, _) = with_main(other, True), with_main(other, False)
    # the main source is in one group, in the other, or in neither
    mine, rest = z1 * y0, z0 * y1 + z0 * y0 * union.unknown
    assert math.isclose(math.exp(posterior.log_evidence), mine + rest, rel_tol=1e-9)
    np.testing.assert_allclose(
        posterior.active[:n], (active1 * mine + active0 * rest) / (mine + rest), rtol=1e-9, atol=1e-300
    )


def random_problem(rng, causes, findings, reach):
    made = []
    for _ in range(causes):
        centre = rng.integers(findings)
        size = rng.integers(1, reach + 1)
        reached = sorted({int(f) % findings for f in centre + rng.integers(-reach, reach + 1, size)})
        narrow = Extent(0.5, tuple((f, float(rng.uniform(0.02, 0.5))) for f in reached))
        wide = Extent(0.5, tuple((f, float(rng.uniform(0.3, 0.9))) for f in reached))
        p = float(10 ** rng.uniform(-4, -1))
        made.append(Cause((1 - p, p), float(rng.uniform(0, 0.01)), (narrow, wide)))
    blocks = tuple(tuple(range(c, min(c + 2, causes))) for c in range(0, causes, 2))
    return Problem(tuple(made), blocks, (0.02,) * findings, 0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_causes_and_findings_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, 24, 8, 6)
    causes, findings = rng.permutation(24), rng.permutation(8)
    new_finding = np.argsort(findings)
    renamed = tuple(
        replace(
            problem.causes[c],
            extents=tuple(
                Extent(e.weight, tuple(sorted((int(new_finding[f]), q) for f, q in e.fires)))
                for e in problem.causes[c].extents
            ),
        )
        for c in causes
    )
    new_cause = np.argsort(causes)
    mixed = Problem(
        renamed,
        tuple(tuple(int(new_cause[c]) for c in block) for block in problem.blocks),
        tuple(problem.leaks[f] for f in findings),
        problem.unknown,
    )
    one, other = solved(problem), solved(mixed)
    np.testing.assert_allclose(other.active, one.active[causes], rtol=1e-12)
    np.testing.assert_allclose(other.main, one.main[causes], rtol=1e-12)
    np.testing.assert_allclose(other.block_active, one.block_active, rtol=1e-12)
    assert math.isclose(other.log_evidence, one.log_evidence, rel_tol=1e-12)


def digest(posterior: Posterior) -> str:
    arrays = posterior.active, posterior.main, posterior.block_active
    numbers = posterior.log_evidence, posterior.unknown, posterior.fired
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays) + repr(numbers).encode()).hexdigest()


def exact_and_sampled() -> str:
    problem = random_problem(np.random.default_rng(5), 60, 14, 6)
    return digest(solved(problem, (3,))) + digest(sampling.solve_by_sampling(problem, (3,)))


def test_another_process_gives_the_same_bits():
    code = (
        "import importlib.util as u\n"
        f"spec = u.spec_from_file_location('reference', {__file__!r})\n"
        "module = u.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "print(module.exact_and_sampled())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert ran.stdout.strip() == exact_and_sampled()


def test_the_sampled_error_covers_the_true_error(monkeypatch):
    """On networks that can still be solved exactly, thinned far more than needed."""
    monkeypatch.setattr(sampling, "WIDTH", 8)
    covered = []
    for seed in range(40):
        problem = random_problem(np.random.default_rng(seed), 60, 14, 6)
        exact, sampled = solved(problem, (0,)), sampling.solve_by_sampling(problem, (0,))
        assert 0.0 < sampled.error < 0.5
        assert sampled.method.startswith(f"sampled, ±{sampled.error:.2g} (three standard errors")
        worst = max(
            np.abs(sampled.active - exact.active).max(),
            np.abs(sampled.main - exact.main).max(),
            np.abs(sampled.block_active - exact.block_active).max(),
            abs(sampled.unknown - exact.unknown),
            max(
                (abs(a - b) for (_, a), (_, b) in zip(sampled.fired[0], exact.fired[0], strict=True)),
                default=0.0,
            ),
        )
        covered.append(worst <= sampled.error)
        assert math.isclose(sampled.log_evidence, exact.log_evidence, abs_tol=0.5)
    assert sum(covered) >= 36, f"covered {sum(covered)} of 40"


def test_without_a_cut_the_sampled_posterior_is_the_exact_one(monkeypatch):
    problem = random_problem(np.random.default_rng(1), 40, 8, 5)
    monkeypatch.setattr(sampling, "WIDTH", 8)
    exact, sampled = solved(problem), sampling.solve_by_sampling(problem)
    np.testing.assert_allclose(sampled.active, exact.active, atol=1e-12)
    assert sampled.error < 1e-6


# its binary module crashes when one of its own deprecation warnings is turned into an error
@pytest.mark.filterwarnings("ignore")
def test_pyagrum_agrees_on_a_mid_size_network(monkeypatch):
    if importlib.util.find_spec("pyagrum") is None:
        message = "pyAgrum is not installed: the engine was NOT compared with it (pip install pyagrum)"
        if os.environ.get("TAUTBAND_STRICT") == "1":
            pytest.fail(message)
        pytest.skip(message)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    engines = importlib.import_module("engines")
    problem = random_problem(np.random.default_rng(3), 24, 6, 3)
    theirs = engines.ask_pyagrum(engines.general_network(problem), "LazyPropagation")
    np.testing.assert_allclose(theirs, solved(problem).active, atol=1e-9)
