"""Why: every figure can be had again by leaving that one thing out and assessing anew."""

import math
from dataclasses import replace

import pytest
from tests.spec.assessment.clinic import ATLAS, assessed, example, log_odds, without_answer

from tautband.assessment import Case
from tautband.assessment.explain import Reason
from tautband.assessment.inference import Extent
from tautband.assessment.judgement import Judgement, judge
from tautband.assessment.model import MOVEMENTS, compile_model, place_of
from tautband.assessment.network import Network
from tautband.assessment.solve import solve_network
from tautband.atlas import Atlas

MODEL = compile_model(ATLAS)
NAMES = [
    "neck_and_headache",
    "shoulder",
    "heel",
    "jaw",
    "red_flag",
    "neck_root_arm",
    "groin",
    "upper_back_drawing",
]


def posterior(case: Case, atlas: Atlas = ATLAS) -> dict[tuple[str, str], float]:
    judgement = judge(case, atlas)
    return {
        (c.id, c.side): float(judgement.posterior.active[i]) for i, c in enumerate(judgement.network.causes)
    }


def without_complaint(complaint: str) -> Atlas:
    """The atlas as if nobody knew where people with a complaint hurt, so that no drawing is one."""
    rows = tuple(r for r in ATLAS.complaint_regions if r.complaint != complaint)
    return replace(ATLAS, version=f"{ATLAS.version} without {complaint}", complaint_regions=rows)


def unobserved(case: Case, place: tuple[str, str]) -> dict[tuple[str, str], float]:
    """The posterior when nobody looked at a place: painted and silent, each in proportion to its probability."""
    judgement = judge(case, ATLAS)
    both = [solve_network(looked_at(judgement, place, painted)) for painted in (True, False)]
    largest = max(p.log_evidence for p in both)
    weights = [math.exp(p.log_evidence - largest) for p in both]
    leak = leak_of(judgement, place)
    weights[1] *= 1.0 - leak
    return {
        (c.id, c.side): sum(w * float(p.active[i]) for w, p in zip(weights, both, strict=True)) / sum(weights)
        for i, c in enumerate(judgement.network.causes)
    }


def leak_of(judgement: Judgement, place: tuple[str, str]) -> float:
    if place[0] == MOVEMENTS:
        return judgement.model.answers.rates[MOVEMENTS][place[1]]
    return judgement.model.parameters["leak_region"]


def looked_at(judgement: Judgement, place: tuple[str, str], painted: bool) -> Network:
    """The case's network with one place painted or silent, whatever it was, built by hand."""
    network = judgement.network
    findings = [f for f in network.findings if f != place] + [place] * painted
    causes = []
    for cause, known in zip(network.problem.causes, network.causes, strict=True):
        extents = []
        for extent, pattern in zip(cause.extents, known.extents, strict=True):
            moves = known.moves if place[0] == MOVEMENTS else {}
            q = moves.get(place[1], 0.0) if place[0] == MOVEMENTS else pattern.paints.get(place, 0.0)
            weight = extent.weight if place in network.findings else extent.weight / (1.0 - q)
            fires = {
                network.findings[f]: chance for f, chance in extent.fires if network.findings[f] != place
            }
            if painted and q:
                fires[place] = q
            elif not painted:
                weight *= 1.0 - q
            extents.append(Extent(weight, tuple(sorted((findings.index(f), c) for f, c in fires.items()))))
        causes.append(replace(cause, extents=tuple(extents)))
    leaks = tuple(leak_of(judgement, f) for f in findings)
    problem = replace(network.problem, causes=tuple(causes), leaks=leaks)
    return replace(network, problem=problem, findings=tuple(findings))


def left_out(case: Case, row: Reason) -> dict[tuple[str, str], float]:
    match row.kind:
        case "answer" if row.id == MOVEMENTS:
            return unobserved(case, (MOVEMENTS, row.value))
        case "answer":
            return posterior(without_answer(case, row.id))
        case "finding":
            kept = tuple(f for f in case.findings if (f.trigger_point, f.side) != (row.id, row.side))
            return posterior(replace(case, findings=kept))
        case "test":
            return posterior(replace(case, tests={t: r for t, r in case.tests.items() if t != row.id}))
        case "complaint":
            return posterior(case, without_complaint(row.id))
        case _:
            return unobserved(case, place_of(ATLAS, row.id, row.side))


@pytest.mark.parametrize("name", NAMES)
def test_every_reason_is_the_change_of_log_odds_when_it_is_left_out(name: str) -> None:
    case, full = example(name), posterior(example(name))
    rows: dict[tuple[str, ...], dict[tuple[str, str], float]] = {}
    for cause in assessed(name).causes[:3]:
        for row in cause.why:
            key = (row.kind, row.id, row.side, row.value)
            without = rows.setdefault(key, left_out(case, row))
            key_of = (cause.id, cause.side)
            # what only the studies bring in is otherwise as likely as anything else beside a main source
            prior = MODEL.causes[MODEL.by_id[key_of]].companion
            expected = log_odds(full[key_of]) - log_odds(without.get(key_of, prior))
            assert row.log_odds == pytest.approx(expected, abs=1e-6), (cause.id, key)
    assert rows


@pytest.mark.parametrize("name", NAMES)
def test_reasons_stand_strongest_first_and_trifles_are_left_out(name: str) -> None:
    for cause in assessed(name).causes:
        weights = [abs(row.log_odds) for row in cause.why]
        assert weights == sorted(weights, reverse=True)
        assert all(weight >= 0.05 for weight in weights)


@pytest.mark.parametrize("name", NAMES)
def test_no_piece_of_evidence_is_told_twice(name: str) -> None:
    for cause in assessed(name).causes:
        told = [(row.kind, row.id, row.side, row.value) for row in cause.why]
        assert len(told) == len(set(told))


@pytest.mark.parametrize("name", NAMES)
def test_shares_are_chances_over_the_drawing_and_nothing_else(name: str) -> None:
    painted = {(p.region, p.side) for p in example(name).pain}
    for cause in assessed(name).causes:
        for place in cause.explains:
            assert (place.region, place.side) in painted
            # a cause can only have painted what it was active for
            assert 0.0 < place.share <= cause.probability + 1e-9


def test_the_likeliest_cause_of_a_clear_case_explains_most_of_the_drawing() -> None:
    for name in ("shoulder", "heel"):
        first = assessed(name).causes[0]
        assert len(first.explains) == len(example(name).pain)
        assert min(e.share for e in first.explains) > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_causes_and_muscles_stand_most_probable_first(name: str) -> None:
    for listed in (assessed(name).causes, assessed(name).muscles):
        found = [round(row.probability, 9) for row in listed]
        assert found == sorted(found, reverse=True)
