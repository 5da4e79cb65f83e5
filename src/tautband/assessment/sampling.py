"""Posterior of a network too entangled for the exact sweep, by weighted samples from a thinned network.

The links that matter least are cut until the sweep can hold the network. Each cut is mended on both sides, by what
loopy belief propagation says of it (Choi and Darwiche 2006, "An edge deletion semantics for belief propagation"):
the leak fires in the link's place, and the cause keeps the credit for the finding. The thinned network is solved
exactly, and joint samples of all its causes are drawn from it; each sample is weighed by how much better or worse it
explains the drawing with every link in place. The estimate is the thinned network's exact posterior plus the
difference that the weights make, so only that difference carries Monte Carlo error, and the error is reported. The
heaviest weights are Pareto smoothed, so that no single sample decides.
The random numbers start from a fixed seed: the same problem gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tautband.assessment.inference import (
    Cause,
    Extent,
    Firing,
    Moment,
    Posterior,
    Problem,
    Sweep,
    Table,
    plan_sweep,
    reorder,
)
from tautband.assessment.smoothing import smooth

WIDTH = 12
"""Findings the thinned network may have open at once."""

BATCH = 1024
"""Samples drawn at a time."""

MOST = 3
"""Batches after which no more are drawn."""

GOOD = 0.1
"""Error after which no more are drawn."""

ROUNDS = 20
"""Rounds of belief propagation."""

SEED = 20

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Links:
    """Every link of a problem as flat arrays, extent after extent, cause after cause.

    Attributes
    ----------
    cause_of, weight
        Of each extent: its cause and its weight.
    start
        Where the links of each extent begin, and after the last where they end.
    extent, finding, chance
        Of each link: its extent, its finding, and the probability that it fires.
    """

    cause_of: Ints
    weight: Table
    start: Ints
    extent: Ints
    finding: Ints
    chance: Table

    @classmethod
    def of(cls, problem: Problem) -> Links:
        """Flatten the links of a problem."""
        extents = [(c, e) for c, cause in enumerate(problem.causes) for e in cause.extents]
        start = np.cumsum([0, *(len(e.fires) for _, e in extents)])
        return cls(
            cause_of=np.array([c for c, _ in extents], dtype=np.intp),
            weight=np.array([e.weight for _, e in extents]),
            start=start,
            extent=np.repeat(np.arange(len(extents)), np.diff(start)),
            finding=np.array([f for _, e in extents for f, _ in e.fires], dtype=np.intp),
            chance=np.array([q for _, e in extents for _, q in e.fires]),
        )


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What loopy belief propagation makes of every link: a guess, good enough to choose and mend the cuts.

    Attributes
    ----------
    active
        Probability of each link's extent.
    ratio
        How much likelier the finding makes the extent.
    fires
        Probability that the link's cause fires the finding, apart from what the finding itself says.
    """

    active: Table
    ratio: Table
    fires: Table


def believe(problem: Problem, links: Links) -> Beliefs:
    """Pass messages between causes and findings for a fixed number of rounds."""
    n, k = len(problem.causes), len(problem.leaks)
    idle, companion = np.array([cause.companion for cause in problem.causes]).T
    main = np.array([cause.main for cause in problem.causes])
    silent = 1.0 - np.array(problem.leaks)
    owner = links.cause_of[links.extent]
    pairs, pair = np.unique(owner * k + links.finding, return_inverse=True)
    finding = pairs % k
    fires = np.zeros(len(pairs))
    ratio = np.ones(len(pair))
    for _ in range(ROUNDS):
        others = silent.copy()
        np.multiply.at(others, finding, 1.0 - fires)
        others = others[finding] / (1.0 - fires)
        ratio = 1.0 + (links.chance * (others / np.maximum(1.0 - others, 1e-9))[pair])
        shown = links.weight.copy()
        np.multiply.at(shown, links.extent, ratio)
        support = np.bincount(links.cause_of, shown, n)
        as_main = main * support / (idle + companion * support)
        rest = np.maximum(problem.unknown + as_main.sum() - as_main, 1e-9 * as_main.sum() + 1e-300)
        odds = (companion / idle + main / idle / rest)[links.cause_of] * shown
        total = np.bincount(links.cause_of, odds, n)
        active = odds / (1.0 + total[links.cause_of])
        # apart from the finding: every extent without what the finding says for it
        apart = odds[links.extent] / ratio
        linked = np.bincount(pair, odds[links.extent])
        apart_total = total[pairs // k] - linked + np.bincount(pair, apart)
        target = np.minimum(
            np.bincount(pair, apart * links.chance) / (1.0 + np.maximum(apart_total, 0.0)), 0.999
        )
        fires = 0.5 * (fires + target)
    return Beliefs(active[links.extent], ratio, fires[pair])


@dataclass(frozen=True, slots=True)
class Thinned:
    """A problem with some links cut and mended.

    Attributes
    ----------
    problem, order
        The thinned problem, and the order in which to close its findings.
    cut
        Whether each link of the full problem was cut.
    credit
        What each extent's weight was multiplied by for its cut links.
    """

    problem: Problem
    order: tuple[int, ...]
    cut: NDArray[np.bool_]
    credit: Table


def thin(problem: Problem, links: Links, width: int) -> Thinned:
    """Cut links until at most `width` findings are open at once; what they explained goes into the leaks.

    One finding after the other is closed. Where its causes would open too many others, their links to those that
    matter least are cut; the finding to close next is the one that costs least.
    """
    beliefs = believe(problem, links)
    n, k = len(problem.causes), len(problem.leaks)
    block_of = np.zeros(n, dtype=np.intp)
    for b, block in enumerate(problem.blocks):
        block_of[list(block)] = b
    home = block_of[links.cause_of[links.extent]]
    # about how much the logarithm of a sample's weight would vary without the link
    loss = np.zeros((len(problem.blocks), k))
    chance = beliefs.active
    # rounded: the last bit of a logarithm differs between machines, and would break ties
    noise = chance * (1.0 - chance) * np.log(beliefs.ratio).round(9) ** 2
    np.add.at(loss, (home, links.finding), noise)
    kept = np.zeros(loss.shape, dtype=bool)
    kept[home, links.finding] = True
    waiting = kept.copy()
    opened, closed = np.zeros(k, dtype=bool), np.zeros(k, dtype=bool)
    order: list[int] = []
    while not closed.all():
        room = width - int(opened.sum())
        choices = []
        for f in np.flatnonzero(opened if opened.any() else ~closed).tolist():
            ready = np.flatnonzero(waiting[:, f])
            beyond = waiting[ready].any(axis=0) & ~opened
            beyond[f] = False
            others = np.flatnonzero(beyond)
            each = loss[ready][:, others] * waiting[ready][:, others]
            others = others[np.argsort(each.sum(axis=0), kind="stable")]
            surplus = others[: max(0, len(others) - max(0, room - (not opened[f])))]
            lost = (loss[ready][:, surplus] * waiting[ready][:, surplus]).sum(axis=1)
            # a block either leaves this finding or does without those it cannot open
            leaves = loss[ready, f] < lost
            cost = float(np.where(leaves, loss[ready, f], lost).sum())
            choices.append((cost, len(others), f, ready, leaves, surplus))
        _, _, f, ready, leaves, surplus = min(choices, key=lambda choice: choice[:3])
        order.append(f)
        kept[ready[leaves], f] = False
        waiting[ready[leaves], f] = False
        taken = ready[~leaves]
        kept[np.ix_(taken, surplus)] = False
        opened |= (waiting & kept)[taken].any(axis=0)
        opened[f] = True
        waiting[taken] = False
        done = opened & ~waiting.any(axis=0)
        closed |= done
        opened &= ~done
    cut = ~kept[home, links.finding]
    # what a cut link used to do is mended on both sides: the leak fires in its place, and the extent keeps the credit
    pairs, one = np.unique(links.cause_of[links.extent] * k + links.finding, return_index=True)
    silent = 1.0 - np.array(problem.leaks)
    np.multiply.at(silent, pairs % k, np.where(cut[one], 1.0 - beliefs.fires[one], 1.0))
    credit = np.ones(len(links.weight))
    np.multiply.at(credit, links.extent[cut], beliefs.ratio[cut])
    extents = iter(credit.tolist())
    causes = tuple(
        replace(
            cause,
            extents=tuple(
                Extent(
                    e.weight * next(extents), tuple(pair for pair in e.fires if kept[block_of[c], pair[0]])
                )
                for e in cause.extents
            ),
        )
        for c, cause in enumerate(problem.causes)
    )
    return Thinned(
        replace(problem, causes=causes, leaks=tuple((1.0 - silent).tolist())), tuple(order), cut, credit
    )


@dataclass(frozen=True, slots=True)
class Samples:
    """Joint samples of all causes: for every active cause of a sample one pick.

    Attributes
    ----------
    sample, extent
        Of each pick: the sample, and the flat index of the cause's extent.
    main
        The main source of each sample, -1 when it is none of the causes.
    """

    sample: Ints
    extent: Ints
    main: Ints

    @classmethod
    def join(cls, batches: Sequence[Samples]) -> Samples:
        """Put batches of the same size together."""
        return cls(
            np.concatenate([batch.sample + b * len(batch.main) for b, batch in enumerate(batches)]),
            np.concatenate([batch.extent for batch in batches]),
            np.concatenate([batch.main for batch in batches]),
        )


class Sampler:
    """Draws joint samples by walking a swept problem forward, each choice in proportion to what it leaves possible."""

    def __init__(self, thinned: Thinned, links: Links) -> None:
        self.problem, self.plan = thinned.problem, plan_sweep(thinned.problem, order=thinned.order)
        self.rng = np.random.Generator(np.random.PCG64(SEED))
        self.sweep = Sweep(self.problem, self.plan, keep=True)
        self.afters = list(self.sweep.back())[::-1]
        self.first_extent = np.searchsorted(links.cause_of, np.arange(len(self.problem.causes)))
        self.main: Ints = np.zeros(0, dtype=np.intp)
        self.picks: list[tuple[Ints, Ints]] = []

    def draw(self, count: int) -> Samples:
        """Walk through the steps with all samples side by side."""
        self.main = np.full(count, -1, dtype=np.intp)
        self.picks = [(self.main[:0], self.main[:0])]
        state: Ints = np.zeros(count, dtype=np.intp)
        # the row of the backward tables: 1 while there is no main source yet, 0 afterwards
        row: Ints = np.ones(count, dtype=np.intp)
        inside = np.zeros((self.sweep.buckets.count, 2, count), dtype=np.intp)
        for step, moment, after in zip(self.plan.steps, self.sweep.moments, self.afters, strict=True):
            state = _renumber(state, moment.earlier, moment.places)
            if step.kind == "open":
                leak = self.problem.leaks[step.index]
                half = after.shape[1] // 2
                missed, leaked = (1.0 - leak) * after[row, state], leak * after[row, state + half]
                state = state + half * (self.rng.random(count) * (missed + leaked) < leaked)
            elif step.kind == "close":
                low = 1 << (len(moment.places) - 1 - moment.places.index(step.index))
                state = state // (2 * low) * low + state % low
            elif (group := self.plan.groups[step.index]).is_bucket:
                fired, found = self._fire_bucket(step.index, state, row, after)
                inside[step.index] = found, fired
                state = state | fired * (after.shape[1] >> len(group.findings))
                row = row * (1 - found)
            else:
                state, row = self._fire_block(self.problem.blocks[group.blocks[0]], moment, state, row)
        self._open_buckets(inside)
        sample, extent = (np.concatenate(part) for part in zip(*self.picks, strict=True))
        return Samples(sample, extent, self.main)

    def _choose(self, weights: Table) -> Ints:
        """Choose a row in every column, in proportion to its weight."""
        # long columns are summed up faster as rows
        heaped = np.cumsum(np.ascontiguousarray(weights.T), axis=1).T if len(weights) > 16 else weights.copy()
        for lower, upper in pairwise(heaped if len(weights) <= 16 else ()):
            upper += lower
        aim = self.rng.random(weights.shape[1]) * heaped[-1]
        chosen: Ints = np.minimum((heaped <= aim).sum(axis=0), len(weights) - 1)
        return chosen

    def _fire_bucket(self, group: int, state: Ints, row: Ints, after: Table) -> tuple[Ints, Ints]:
        """Choose the subset a bucket fires, and whether the main source is in it."""
        states = 1 << len(self.plan.groups[group].findings)
        low = after.shape[1] // states
        subset = np.arange(states)
        reached = (state // low | subset[:, None]) * low + state % low
        without, within = self.sweep.buckets.past[-1, group, :, :states, None]
        flat = after.reshape(-1)
        weights = np.concatenate(
            (without * flat.take(row * after.shape[1] + reached), within * flat.take(reached) * (row == 1))
        )
        choice = self._choose(weights)
        return choice % states, choice // states

    def _fire_block(self, block: Sequence[int], moment: Moment, state: Ints, row: Ints) -> tuple[Ints, Ints]:
        """Choose for the causes of a wide block, one after the other, extent, part and fired findings."""
        for c in block:
            cause = self.problem.causes[c]
            to_go, each = self.sweep.kept[c]
            size = to_go.shape[1]
            flat, here = each.reshape(len(each), -1), row * size + state
            idle = cause.companion[0] * to_go.reshape(1, -1).take(here, axis=1)
            companion = cause.companion[1] * flat.take(here, axis=1)
            main = cause.main * flat.take(state, axis=1) * (row == 1)
            choice = self._choose(np.concatenate((idle, companion, main)))
            who = np.flatnonzero(choice)
            if not len(who):
                continue
            extent, is_main = (choice[who] - 1) % len(each), choice[who] > len(each)
            self._note(who, c, extent, is_main)
            row = row.copy()
            row[who[is_main]] = 0
            digits, chance = _subsets(self.sweep.firing[c], moment.places)
            reached = state[who] | digits[:, None]
            state = state.copy()
            chosen = self._choose(
                chance.take(extent, axis=1) * to_go.reshape(-1).take(row[who] * size + reached)
            )
            state[who] = reached[chosen, np.arange(len(who))]
        return state, row

    def _note(self, who: Ints, cause: int | Ints, extent: Ints, is_main: NDArray[np.bool_]) -> None:
        self.picks.append((who, self.first_extent[cause] + extent))
        self.main[who[is_main]] = np.broadcast_to(cause, who.shape)[is_main]

    def _open_buckets(self, inside: Ints) -> None:
        """Within every bucket, go back through the slots and choose for each cause what led to the subset fired."""
        buckets = self.sweep.buckets
        if not buckets.count:
            return
        found, subset = inside[:, 0], inside[:, 1]
        states = buckets.past.shape[-1]
        seated = np.full(buckets.idle.shape, -1, dtype=np.intp)
        seated[buckets.slot, buckets.lane] = buckets.cause
        for n in range(len(buckets.kernels) - 1, -1, -1):
            lanes = np.flatnonzero(seated[n] >= 0)
            past, now = buckets.past[n, lanes], buckets.past[n + 1, lanes]
            here = (np.arange(len(lanes))[:, None] * 2 + found[lanes]) * states + subset[lanes]
            idle = buckets.idle[n, lanes, None] * past.reshape(-1).take(here)
            busy = self.rng.random(here.shape) * now.reshape(-1).take(here) >= idle
            j, who = np.nonzero(busy)
            if not len(j):
                continue
            b = lanes[j]
            kernel = buckets.kernel(n, b, subset[b, who])
            g = found[b, who]
            companion = buckets.companion[n, b, None] * kernel * past[j, g]
            main = buckets.main[n, b, None] * kernel * past[j, 0] * (g == 1)[:, None]
            choice = self._choose(np.concatenate((companion, main), axis=1).T)
            is_main, before = choice >= states, choice % states
            cause = seated[n, b]
            self._note(who, cause, self._extent(cause, before, subset[b, who]), is_main)
            found[b, who] = g & ~is_main
            subset[b, who] = before

    def _extent(self, cause: Ints, before: Ints, after: Ints) -> Ints:
        """Choose the extent in which a cause of a bucket led from one explained subset to another."""
        weights, fires = self._bucket_extents
        digit = np.arange(self.sweep.buckets.size)
        was, now = before[:, None] >> digit & 1, after[:, None] >> digit & 1
        q = fires[cause]
        step = np.where((was == 1)[:, None], 1.0, np.where((now == 1)[:, None], q, 1.0 - q))
        return self._choose((weights[cause] * step.prod(axis=2)).T)

    @cached_property
    def _bucket_extents(self) -> tuple[Table, Table]:
        """Weight of each extent of each cause, and its chance to fire each finding of its bucket."""
        causes, buckets = self.problem.causes, self.sweep.buckets
        most = max(len(cause.extents) for cause in causes)
        weights, fires = np.zeros((len(causes), most)), np.zeros((len(causes), most, buckets.size))
        for c, b in zip(buckets.cause.tolist(), buckets.lane.tolist(), strict=True):
            for e, extent in enumerate(causes[c].extents):
                weights[c, e] = extent.weight
                for finding, q in extent.fires:
                    fires[c, e, buckets.groups[b].findings.index(finding)] = q
        return weights, fires


def _chances(cause: Cause) -> dict[int, Table]:
    """Per finding that a cause can fire, its probability in each extent."""
    found: dict[int, Table] = {}
    for e, extent in enumerate(cause.extents):
        for finding, q in extent.fires:
            found.setdefault(finding, np.zeros(len(cause.extents)))[e] = q
    return found


def _subsets(firing: Firing, places: Sequence[int]) -> tuple[Ints, Table]:
    """Every set of findings that a cause can fire, as digits of a state, and its chance, a column per extent."""
    digits: Ints = np.zeros(1, dtype=np.intp)
    chance: Table = np.ones((1, len(firing.weight)))
    for finding, q in zip(firing.findings, firing.chance[:, :, 0, 0], strict=True):
        digits = np.concatenate((digits, digits | 1 << (len(places) - 1 - places.index(finding))))
        chance = np.concatenate((chance * (1.0 - q), chance * q))
    return digits, chance


def _renumber(state: Ints, places: tuple[int, ...], wanted: tuple[int, ...]) -> Ints:
    """The same explained subsets, numbered by another order of the open findings."""
    if places == wanted:
        return state
    old = np.arange(1 << len(places))
    new = np.empty_like(old)
    new[reorder(old[None], places, wanted)[0]] = old
    renumbered: Ints = new[state]
    return renumbered


def solve_by_sampling(problem: Problem, explain: Sequence[int] = ()) -> Posterior:
    """Estimate every posterior.

    Parameters
    ----------
    problem
        The network with its evidence.
    explain
        Indices of the causes whose fired findings are wanted.

    Returns
    -------
    Posterior
        The estimates, and as `error` three standard errors of the least certain.
    """
    links = Links.of(problem)
    thinned = thin(problem, links, WIDTH)
    sampler = Sampler(thinned, links)
    drawn: list[Samples] = []
    weights: list[Table] = []
    silences: list[Table] = []
    error = math.inf
    while len(drawn) < MOST and error > GOOD:
        batch = sampler.draw(BATCH)
        silence = _silence(problem, links, batch, np.ones(len(thinned.cut), dtype=bool))
        thin_silence = _silence(thinned.problem, links, batch, ~thinned.cut)
        weight: Table = ((1.0 - silence) / (1.0 - thin_silence)).prod(axis=1)
        np.divide.at(weight, batch.sample, thinned.credit[batch.extent])
        drawn.append(batch)
        weights.append(weight)
        silences.append(silence)
        samples = Samples.join(drawn)
        better = smooth(np.concatenate(weights))
        cause = links.cause_of[samples.extent]
        error = _error(cause, samples.sample, better * len(better) / better.sum(), len(problem.causes))
    return _estimate(problem, links, sampler, samples, better, np.concatenate(silences), explain, error)


def _estimate(
    problem: Problem,
    links: Links,
    sampler: Sampler,
    samples: Samples,
    better: Table,
    silence: Table,
    explain: Sequence[int],
    error: float,
) -> Posterior:
    """Shift the thinned network's exact posterior by what the weights of its samples say."""
    count = len(samples.main)
    sweep = sampler.sweep
    mean = float(better.sum()) / count
    weight = better / mean
    shift = (weight - 1.0) / count
    cause = links.cause_of[samples.extent]
    blocks = len(problem.blocks)
    in_block = np.unique(samples.sample * blocks + sweep.block_of[cause])
    known = np.flatnonzero(samples.main >= 0)
    fired: list[tuple[tuple[int, float], ...]] = [()] * len(problem.causes)
    for c in explain:
        first = sampler.first_extent[c]
        fired[c] = _fired(problem.causes[c], cause == c, first, samples, weight / count, silence)

    def moved(exact: Table, index: Ints, by: Table) -> Table:
        return (exact + np.bincount(index, by, len(exact))).clip(0.0, 1.0)

    return Posterior(
        log_evidence=math.log(sweep.evidence * mean) + sweep.log_scale,
        active=moved(sweep.active, cause, shift[samples.sample]),
        main=moved(sweep.main, samples.main[known], shift[known]),
        block_active=moved(sweep.block_active, in_block % blocks, shift[in_block // blocks]),
        unknown=min(1.0, max(0.0, sweep.unknown + float(shift[samples.main < 0].sum()))),
        fired=tuple(fired),
        frontier=sampler.plan.frontier,
        method=f"sampled, ±{error:.2g} (three standard errors, worst cause)",
        error=error,
    )


def _fired(
    cause: Cause, mine: NDArray[np.bool_], first_extent: int, samples: Samples, weight: Table, silence: Table
) -> tuple[tuple[int, float], ...]:
    """Probability that a cause fired each of its findings; in a sample where it is active, firing is an open chance."""
    sample, extent = samples.sample[mine], samples.extent[mine] - first_extent
    return tuple(
        (finding, float((weight[sample] * q[extent] / (1.0 - silence[sample, finding])).sum()))
        for finding, q in sorted(_chances(cause).items())
    )


def _silence(problem: Problem, links: Links, samples: Samples, used: NDArray[np.bool_]) -> Table:
    """Chance that each finding stays silent in each sample, shape (samples, findings)."""
    count, k = len(samples.main), len(problem.leaks)
    silent = np.tile(1.0 - np.array(problem.leaks), count)
    # the links of all picks, one range after the other
    length = np.diff(links.start)[samples.extent]
    link = np.repeat(links.start[samples.extent] + length - np.cumsum(length), length) + np.arange(
        length.sum()
    )
    sample = np.repeat(samples.sample, length)[used[link]]
    link = link[used[link]]
    np.multiply.at(silent, sample * k + links.finding[link], 1.0 - links.chance[link])
    return silent.reshape(count, k)


def _error(cause: Ints, sample: Ints, weight: Table, size: int) -> float:
    """Three standard errors of the worst probability of being active, by the delta method.

    The worst of hundreds of estimates strays further than any one of them: three, not two. Weights have mean 1.
    """
    count = len(weight)
    # of the samples in which each cause is active: their number, the sum of their weights and of the squares
    n, w, ww = (np.bincount(cause, x[sample], size) for x in (np.ones(count), weight, weight * weight))
    heavy, light = w / count, n / count
    active = (1.0 - heavy) ** 2 * ww - 2.0 * (1.0 - heavy) * (1.0 - light) * w + (1.0 - light) ** 2 * n
    idle = (
        heavy**2 * ((weight * weight).sum() - ww) - 2.0 * heavy * light * (count - w) + light**2 * (count - n)
    )
    return 3.0 * math.sqrt(max(0.0, float((active + idle).max()))) / count
