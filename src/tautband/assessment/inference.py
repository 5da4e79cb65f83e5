r"""Exact posterior of a two-layer noisy-OR network with one main source, by a sum that only adds.

The network. Every cause may be active. A cause shows itself in one of a few *extents* (narrow or wide referral);
in each extent it fires each of its findings independently. A positive finding needs at least one firing cause or
its leak; a negative finding needs none. Exactly one active cause, or something the atlas does not know, is the
*main source*; every other cause is active as a companion with its own prior probability.

The algorithm. Negative findings and palpation factorise, so they only scale a cause's weight. For the positive
ones the engine keeps a table over the subsets that are *explained so far* and lets one cause after the other fire
into it: explained mass moves from "not yet" to "explained" and never back, so no term is ever subtracted, unlike
the alternating sums of Quickscore (Heckerman 1989, 10.1016/B978-0-444-88738-2.50020-8), and no precision is lost.
A finding enters the table when its first cause is processed and leaves it after its last; groups of findings that
share no cause therefore never meet, and the cost is exponential only in the *frontier*, the findings open at once.
A backward sweep of the same steps gives every cause's posterior together.

Two levels. Most causes reach few of the painted findings, and firing commutes. Causes that reach the same few
findings are therefore put into one *bucket*: inside, they fire into a table of the bucket's own findings, all
buckets side by side in the same array operations; outside, the sweep lets a whole bucket fire at once and hands
back the weight of each subset it may fire. Causes with more findings than a bucket holds fire one by one.

Every number comes from element-wise operations and sums in a fixed order, never from a linear algebra library,
so the same problem gives the same bits on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)
Chooser = Callable[[int, Sequence[int], Sequence[int]], int]

SMALL = 10
"""Frontier that is cheap enough not to look for a better order."""

BUCKET = 4
"""Most findings a bucket holds: firing one costs 4 to this power per state of the other findings."""


@dataclass(frozen=True, slots=True)
class Extent:
    """One way a cause shows itself.

    Attributes
    ----------
    weight
        Probability of this extent given that the cause is active, times the probability that it leaves every
        negative finding silent.
    fires
        Pairs of (positive finding, probability that the cause fires it), sorted by finding.
    """

    weight: float
    fires: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause as the engine sees it.

    Attributes
    ----------
    companion
        Prior odds form of being active beside the main source: `(1 - p, p * r)` where `r` is the likelihood ratio
        of its own signs (palpation).
    main
        Weight of being the main source: prior times the likelihood of the answers times `r`; one number per
        variant of the evidence, so that leave-one-out variants ride along in one sweep.
    extents
        The ways it shows itself.
    """

    companion: tuple[float, float]
    main: tuple[float, ...]
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Causes, the leak of each positive finding, and the weight of "something else is the main source".

    `blocks` are the causes whose joint activity is wanted too (the sites of one muscle); together they hold every
    cause once.
    """

    causes: tuple[Cause, ...]
    blocks: tuple[tuple[int, ...], ...]
    leaks: tuple[float, ...]
    unknown: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence says, per variant.

    Attributes
    ----------
    log_evidence
        Logarithm of the unnormalised probability of the evidence, shape (variants,).
    active
        Probability that each cause is active, shape (causes, variants).
    main
        Probability that each cause is the main source, shape (causes, variants).
    block_active
        Probability that at least one cause of each block is active, shape (blocks, variants).
    unknown
        Probability that the main source is none of the causes, shape (variants,).
    fired
        For each cause asked for, the probability that it fired each positive finding it links to, in the first
        variant; empty for the others.
    frontier
        The largest number of findings that were open at once.
    method
        `exact` or `sampled`.
    error
        Three standard errors of the worst estimated probability; 0 when exact.
    """

    log_evidence: Table
    active: Table
    main: Table
    block_active: Table
    unknown: Table
    fired: tuple[tuple[tuple[int, float], ...], ...]
    frontier: int
    method: str = "exact"
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sweep: open a finding, let a group of causes fire, or close a finding."""

    kind: str
    index: int


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks of causes that the sweep takes together, and every finding they can fire.

    Either a bucket, with at most `BUCKET` findings, or one block that is wider than that.
    """

    blocks: tuple[int, ...]
    findings: tuple[int, ...]

    @property
    def is_bucket(self) -> bool:
        """Whether the group is small enough to fire as a whole."""
        return len(self.findings) <= BUCKET


@dataclass(frozen=True, slots=True)
class Plan:
    """The order of a sweep: the groups, the steps over them, and the largest number of findings open at once.

    `firings` holds the causes that fire one by one.
    """

    groups: tuple[Group, ...]
    steps: tuple[Step, ...]
    frontier: int
    firings: Mapping[int, Firing]


@dataclass(frozen=True, slots=True)
class Firing:
    """How one cause fires, ready for tables of shape (extents, rows, states).

    Attributes
    ----------
    weights
        Of the extents; extents that fire alike are one.
    steps
        Per finding its number, and its probability to be left alone and to be fired in each extent.
    """

    weights: Table
    steps: tuple[tuple[int, Table, Table], ...]

    @classmethod
    def of(cls, cause: Cause) -> Firing:
        """Arrange a cause's extents by finding."""
        weights: dict[tuple[tuple[int, float], ...], float] = {}
        for extent in cause.extents:
            weights[extent.fires] = weights.get(extent.fires, 0.0) + extent.weight
        fires: dict[int, Table] = {}
        for e, pairs in enumerate(weights):
            for finding, q in pairs:
                fires.setdefault(finding, np.zeros((len(weights), 1, 1, 1)))[e] = q
        return cls(
            np.array(list(weights.values()))[:, None, None],
            tuple((finding, 1.0 - q, q) for finding, q in fires.items()),
        )


def plan_sweep(problem: Problem, *, order: Sequence[int] = (), widest: int = 64) -> Plan:
    """Order findings and causes so that few findings are open at once.

    Parameters
    ----------
    problem
        The network; only which finding each block of causes can fire matters.
    order
        The order in which to close the findings, if it is known already.
    widest
        The largest frontier of use; a plan with a larger one is incomplete.

    Returns
    -------
    Plan
        The cheapest of a few greedy orders.
    """
    groups = _group(problem)
    masks = [sum(1 << f for f in group.findings) for group in groups]
    n_findings = len(problem.leaks)
    choosers = [_in_order(order)] if order else [_greedy(n_findings, preference) for preference in range(3)]
    best: tuple[float, int, tuple[Step, ...]] = (math.inf, n_findings + 1, ())
    for choose in choosers:
        found = _close_in_turn(masks, n_findings, choose, widest)
        best = min(best, found, key=lambda plan: plan[:2])
        if best[1] <= SMALL:
            break
    wide = [b for group in groups if not group.is_bucket for b in group.blocks]
    firings = {c: Firing.of(problem.causes[c]) for b in wide for c in problem.blocks[b]}
    return Plan(groups, best[2], best[1], firings)


def _group(problem: Problem) -> tuple[Group, ...]:
    """Put every block into the emptiest bucket that holds its findings; wide blocks stand alone."""
    masks = [_mask(problem, block) for block in problem.blocks]
    buckets: dict[int, list[int]] = {}
    size: dict[int, int] = {}
    wide = []
    for b in sorted(range(len(masks)), key=lambda b: (-masks[b].bit_count(), masks[b], b)):
        mask = masks[b]
        if mask.bit_count() > BUCKET:
            wide.append(Group((b,), _bits(mask)))
            continue
        home = min((m for m in buckets if not mask & ~m), key=size.__getitem__, default=mask)
        buckets.setdefault(home, []).append(b)
        size[home] = size.get(home, 0) + len(problem.blocks[b])
    return (*(Group(tuple(blocks), _bits(mask)) for mask, blocks in buckets.items()), *wide)


def _mask(problem: Problem, block: Sequence[int]) -> int:
    """Bit set of the positive findings that a block of causes can fire."""
    reached = {finding for c in block for extent in problem.causes[c].extents for finding, _ in extent.fires}
    return sum(1 << finding for finding in reached)


def _bits(mask: int) -> tuple[int, ...]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _greedy(n_findings: int, preference: int) -> Chooser:
    """Choose the finding that opens fewest others.

    `preference` breaks ties: none, the finding that was opened first, or the one that shares causes with most of
    the open ones.
    """

    def choose(closed: int, opened: Sequence[int], reach: Sequence[int]) -> int:
        known = sum(1 << f for f in opened)
        age = {f: i for i, f in enumerate(opened)}

        def rank(f: int) -> tuple[int, int, int, int]:
            new = (reach[f] & ~known).bit_count() + (f not in age)
            ties = (0, age.get(f, n_findings), -(reach[f] & known).bit_count())
            return new, ties[preference], reach[f].bit_count(), f

        return min((f for f in range(n_findings) if not closed >> f & 1), key=rank)

    return choose


def _in_order(order: Sequence[int]) -> Chooser:
    """Choose the findings in a given order."""
    return lambda closed, opened, reach: next(f for f in order if not closed >> f & 1)


def _close_in_turn(
    masks: Sequence[int], n_findings: int, choose: Chooser, widest: int
) -> tuple[float, int, tuple[Step, ...]]:
    """Close one finding after the other; returns the cost (states over all groups), the frontier and the steps."""
    steps: list[Step] = []
    waiting = list(range(len(masks)))
    sequence: list[int] = []
    closed = opened = frontier = cost = 0
    everything = (1 << n_findings) - 1
    while closed != everything:
        reach = [0] * n_findings
        for g in waiting:
            for f in _bits(masks[g]):
                reach[f] |= masks[g]
        target = choose(closed, sequence, reach)
        ready = [g for g in waiting if masks[g] >> target & 1]
        waiting = [g for g in waiting if not masks[g] >> target & 1]
        # narrow groups first: they open few findings while the table is still small
        ready.sort(key=lambda g: ((masks[g] & ~opened).bit_count(), g))
        later = [0]
        for g in waiting:
            later[0] |= masks[g]
        for g in reversed(ready):
            later.append(later[-1] | masks[g])
        later.pop()
        for g in ready:
            for f in _bits(masks[g] & ~opened):
                steps.append(Step("open", f))
                sequence.append(f)
            opened |= masks[g]
            width = (opened & ~closed).bit_count()
            frontier = max(frontier, width)
            if frontier > widest:
                return math.inf, frontier, ()
            cost += 1 << width
            steps.append(Step("group", g))
            still = later.pop()
            for f in _bits(opened & ~closed & ~still):
                steps.append(Step("close", f))
                closed |= 1 << f
        if not closed >> target & 1:
            # only its leak explains it
            steps += (Step("open", target), Step("close", target))
            opened |= 1 << target
            closed |= 1 << target
    steps.extend(Step("group", g) for g in waiting)
    return cost, frontier, tuple(steps)


def solve(problem: Problem, plan: Plan, explain: Sequence[int] = ()) -> Posterior:
    """Compute every posterior exactly, with one forward and one backward sweep.

    Tables have one row per state of the main source, and in each row one number per subset of the open findings.
    Going forward, row 0 is "no main source yet" and row 1 + v "main source found" in variant v. Going backward the
    rows answer them: row 0 is the weight of finishing once the main source is found, row 1 + v that of finishing
    before.

    Parameters
    ----------
    problem
        The network with its evidence.
    plan
        From `plan_sweep`.
    explain
        Indices of the causes whose fired findings are wanted.

    Returns
    -------
    Posterior
        All probabilities; additions and multiplications of non-negative numbers only.
    """
    buckets = Buckets(problem, plan)
    moments, end, log_scale = sweep_forward(problem, plan, buckets)
    tally = Tally(problem, explain)
    unknown = np.array(problem.unknown)
    for _ in sweep_back(problem, plan, moments, buckets, tally):
        pass
    total = end[1:, 0] + unknown * end[0, 0]
    return Posterior(
        log_evidence=np.array([math.log(t) for t in total]) + log_scale,
        active=tally.active,
        main=tally.main,
        block_active=tally.block_active,
        unknown=unknown * end[0, 0] / total,
        fired=tuple(tally.fired),
        frontier=plan.frontier,
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """The sweep just before a step.

    Attributes
    ----------
    tables
        The forward table; before a wide block one for each of its causes.
    places
        The open findings, the one with the highest digit first.
    earlier
        The same findings in the order of the step before.
    """

    tables: tuple[Table, ...]
    places: tuple[int, ...]
    earlier: tuple[int, ...]


def sweep_forward(problem: Problem, plan: Plan, buckets: Buckets) -> tuple[list[Moment], Table, float]:
    """Run through the steps; returns the moments, the last table (one state) and the logarithm of its scale."""
    table: Table = np.zeros((1 + len(problem.unknown), 1))
    table[0] = 1.0
    log_scale = 0.0
    places: tuple[int, ...] = ()
    moments = []
    for step in plan.steps:
        earlier = places
        if step.kind == "open":
            moments.append(Moment((table,), places, earlier))
            leak = problem.leaks[step.index]
            table = np.concatenate((table * (1.0 - leak), table * leak), axis=1)
            places = (step.index, *places)
        elif step.kind == "close":
            moments.append(Moment((table,), places, earlier))
            table = digit_view(table, places, step.index)[..., 1, :].reshape(len(table), -1)
            places = tuple(f for f in places if f != step.index)
            largest = float(table.max())
            table *= 1.0 / largest
            log_scale += math.log(largest)
        elif (group := plan.groups[step.index]).is_bucket:
            places = (*reversed(group.findings), *(f for f in places if f not in group.findings))
            table = reorder(table, earlier, places)
            moments.append(Moment((table,), places, earlier))
            table = _fire_bucket(table, buckets.firing(step.index))
        else:
            tables = []
            for c in problem.blocks[group.blocks[0]]:
                tables.append(table)
                cause = problem.causes[c]
                table = act(table, fire(table, plan.firings[c], places), cause)
            moments.append(Moment(tuple(tables), places, earlier))
    return moments, table, log_scale


def sweep_back(
    problem: Problem, plan: Plan, moments: Sequence[Moment], buckets: Buckets, tally: Tally
) -> Iterator[Table]:
    """Go back through the steps and note every cause; yields the backward table after each step, last step first."""
    to_go: Table = np.concatenate(([1.0], problem.unknown))[:, None]
    for step, moment in zip(reversed(plan.steps), reversed(moments), strict=True):
        yield to_go
        to_go = _step_back(problem, plan, step, moment, to_go, buckets, tally)
    buckets.count_into(tally)


def _step_back(
    problem: Problem, plan: Plan, step: Step, moment: Moment, to_go: Table, buckets: Buckets, tally: Tally
) -> Table:
    """Undo one step: from the weight of finishing after it to that before it."""
    past, places = moment.tables[0], moment.places
    if step.kind == "open":
        leak = problem.leaks[step.index]
        half = to_go.shape[1] // 2
        return to_go[:, :half] * (1.0 - leak) + to_go[:, half:] * leak
    if step.kind == "close":
        reached = np.zeros_like(past)
        view = digit_view(reached, places, step.index)[..., 1, :]
        view[...] = to_go.reshape(view.shape)
        reached *= 1.0 / float(to_go.max())
        return reached
    group = plan.groups[step.index]
    if group.is_bucket:
        firing = buckets.firing(step.index)
        buckets.receive(step.index, _message(past, to_go, firing.shape[1]))
        return reorder(_fire_bucket(to_go, firing.swapaxes(1, 2)), places, moment.earlier)
    block = group.blocks[0]
    members = problem.blocks[block]
    idle_before = [1.0]
    for c in members[:-1]:
        idle_before.append(idle_before[-1] * problem.causes[c].companion[0])
    for c, table, idle in zip(reversed(members), reversed(moment.tables), reversed(idle_before), strict=True):
        cause = problem.causes[c]
        back = fire(to_go, plan.firings[c], places, backward=True)
        after, to_go = to_go, act(to_go, back, cause)
        here = _meet(table, to_go)
        active, main = _shares(table, back, cause, here)
        tally.add(c, active, main, active if table is past else idle * _shares(past, back, cause, here)[0])
        if c in tally.wanted:
            tally.fired[c] = _fired(table, after, cause, places, float(here[0]))
    return to_go


class Tally:
    """The posteriors while they are being gathered."""

    def __init__(self, problem: Problem, wanted: Iterable[int]) -> None:
        shape = (len(problem.causes), len(problem.unknown))
        self.active: Table = np.zeros(shape)
        self.main: Table = np.zeros(shape)
        self.block_active: Table = np.zeros((len(problem.blocks), shape[1]))
        self.fired: list[tuple[tuple[int, float], ...]] = [()] * shape[0]
        self.wanted = frozenset(wanted)
        self.block_of = np.zeros(shape[0], dtype=np.intp)
        for b, block in enumerate(problem.blocks):
            self.block_of[list(block)] = b

    def add(self, c: int, active: Table, main: Table, first: Table) -> None:
        """Note a cause: its probabilities of being active and main, and of being its block's first active cause."""
        self.active[c], self.main[c] = active, main
        self.block_active[self.block_of[c]] += first


class Buckets:
    """All buckets side by side: within each, its causes fire into a table of its own findings.

    Arrays are indexed (slot, bucket, ...): slot after slot the causes of a bucket take their turn; where a bucket
    has fewer causes than slots, nothing happens.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem = problem
        self.groups = [group for group in plan.groups if group.is_bucket]
        self.count = len(self.groups)
        self.size = max((len(group.findings) for group in self.groups), default=0)
        self.members = [[c for b in group.blocks for c in problem.blocks[b]] for group in self.groups]
        slots = max(map(len, self.members), default=0)
        count, states, variants = len(self.groups), 1 << self.size, len(problem.unknown)
        self.cause = np.array([c for members in self.members for c in members], dtype=np.intp)
        self.seat = (
            np.array([n for members in self.members for n in range(len(members))], dtype=np.intp),
            np.array([b for b, members in enumerate(self.members) for _ in members], dtype=np.intp),
        )
        self.idle, self.companion = np.ones((slots, count, 1, 1)), np.zeros((slots, count, 1, 1))
        self.main = np.zeros((slots, count, variants, 1))
        seated = [problem.causes[c] for c in self.cause]
        self.idle[self.seat] = np.reshape([cause.companion[0] for cause in seated], (-1, 1, 1))
        self.companion[self.seat] = np.reshape([cause.companion[1] for cause in seated], (-1, 1, 1))
        self.main[self.seat] = np.reshape([cause.main for cause in seated], (-1, variants, 1))
        self.kernels = np.zeros((slots, count, states, states))
        if seated:
            self.kernels[self.seat] = _or_matrices(self._patterns(seated))
        self.past = np.zeros((slots + 1, count, 1 + variants, states))
        self.past[0, :, 0, 0] = 1.0
        for n in range(slots):
            self.past[n + 1] = self._act(n, self.past[n], self._fire(n, self.past[n]))
        self.messages = np.zeros((count, 1 + variants, states))
        self._firings = _or_matrices(self.past[-1])

    def _patterns(self, seated: Sequence[Cause]) -> Table:
        """For each seated cause the weight of every subset it may fire when active, shape (causes, states)."""
        places = [{f: j for j, f in enumerate(group.findings)} for group in self.groups]
        weights = [extent.weight for cause in seated for extent in cause.extents]
        starts = np.cumsum([0, *(len(cause.extents) for cause in seated[:-1])])
        fires = [[0.0] * self.size for _ in weights]
        rows = iter(fires)
        for b, cause in zip(self.seat[1].tolist(), seated, strict=True):
            digit = places[b]
            for extent, row in zip(cause.extents, rows, strict=False):
                for finding, q in extent.fires:
                    row[digit[finding]] = q
        chance = np.array(fires).reshape(len(fires), self.size)
        pattern: Table = np.array(weights)[:, None]
        for j in range(self.size):
            fired = chance[:, j, None]
            pattern = np.concatenate((pattern * (1.0 - fired), pattern * fired), axis=1)
        summed: Table = np.add.reduceat(pattern, starts, axis=0)
        return summed

    def _fire(self, n: int, table: Table) -> Table:
        """Let the active causes of a slot fire."""
        fired: Table = (self.kernels[n, :, None] * table[:, :, None]).sum(axis=-1)
        return fired

    def _act(self, n: int, table: Table, shown: Table) -> Table:
        """Weigh a slot's causes being idle, companions, or the main source."""
        after: Table = self.idle[n] * table + self.companion[n] * shown
        after[:, 1:] += self.main[n] * shown[:, :1]
        return after

    def firing(self, group: int) -> Table:
        """What a bucket does to its findings: (row, subset after, subset before); buckets are the first groups."""
        states = 1 << len(self.groups[group].findings)
        # the digits a bucket lacks are the highest, and stay 0
        return self._firings[group, :, :states, :states]

    def receive(self, group: int, message: Table) -> None:
        """Keep the weight of finishing for each subset the bucket may fire."""
        self.messages[group, :, : message.shape[1]] = message * (1.0 / float(message.max()))

    def count_into(self, tally: Tally) -> None:
        """Go backward through the slots and note every cause."""
        if not len(self.cause):
            return
        slots = len(self.kernels)
        after, back = np.zeros_like(self.past), np.zeros_like(self.past[1:])
        after[-1] = self.messages
        for n in range(slots - 1, -1, -1):
            back[n] = (self.kernels[n, :, None] * after[n + 1, :, :, :, None]).sum(axis=-2)
            after[n] = self._act(n, after[n + 1], back[n])
        here = _meet(self.past[0], after[0])
        start = np.zeros(self.idle.shape[:2], dtype=np.intp)
        idle_before = np.ones((*start.shape, 1))
        for b, group in enumerate(self.groups):
            n = 0
            for block in group.blocks:
                members = self.problem.blocks[block]
                start[n : n + len(members), b] = n
                for k in range(1, len(members)):
                    idle_before[n + k, b] = idle_before[n + k - 1, b] * self.idle[n + k - 1, b, 0]
                n += len(members)
        active, main = self._shares(self.past[:-1], back, here)
        first, _ = self._shares(self.past[start, np.arange(len(self.groups))], back, here)
        tally.active[self.cause] = active[self.seat]
        tally.main[self.cause] = main[self.seat]
        np.add.at(tally.block_active, tally.block_of[self.cause], (idle_before * first)[self.seat])
        for c, n, b in zip(self.cause, *self.seat, strict=True):
            if c in tally.wanted:
                places = tuple(reversed((*self.groups[b].findings, *[-1] * (self.size - len(self.groups[b].findings)))))
                tally.fired[c] = _fired(self.past[n, b], after[n + 1, b], self.problem.causes[c], places, here[b, 0])

    def _shares(self, past: Table, back: Table, here: Table) -> tuple[Table, Table]:
        """For every seat the probabilities of being active and main, shape (slots, buckets, variants)."""
        main = self.main[..., 0] * (past[:, :, :1] * back[:, :, :1]).sum(axis=-1) / here
        active = self.companion[..., 0] * _meet(past, back) / here + main
        return active, main


def _or_matrices(weights: Table) -> Table:
    """From the weights of fired subsets, shape (..., subsets), to the matrices (..., after, before) of firing them."""
    lead = weights.shape[:-1]
    matrix = weights[..., None, None, :]
    done = 1
    while matrix.shape[-1] > 1:
        # the lowest digit left: not fired it stays as it is, fired it ends up explained
        silent, fired = matrix[..., 0::2], matrix[..., 1::2]
        grown = np.zeros((*lead, 2, done, 2, done, silent.shape[-1]))
        grown[..., 0, :, 0, :, :] = silent
        grown[..., 1, :, 0, :, :] = fired
        grown[..., 1, :, 1, :, :] = silent + fired
        done *= 2
        matrix = grown.reshape(*lead, done, done, -1)
    return matrix[..., 0]


def _fire_bucket(table: Table, firing: Table) -> Table:
    """Let a whole bucket fire into a table whose highest digits are the bucket's findings."""
    states = firing.shape[1]
    open_table = table.reshape(len(table), 1, states, -1)
    after: Table = (firing[0, :, :, None] * open_table).sum(axis=2)
    after[1:] += (firing[1:, :, :, None] * open_table[0]).sum(axis=2)
    return after.reshape(table.shape)


def _message(past: Table, to_go: Table, states: int) -> Table:
    """Weight of finishing for each subset that a bucket may fire, in the backward rows."""
    early, late = past.reshape(len(past), states, 1, -1), to_go.reshape(len(past), 1, states, -1)
    pairs = np.empty((len(past), states, states))
    pairs[0] = (early[0] * late[0]).sum(axis=-1)
    pairs[1:] = (early[0] * late[1:]).sum(axis=-1) + (early[1:] * late[0]).sum(axis=-1)
    subset = np.arange(states)
    message: Table = pairs[:, subset[:, None], subset[:, None] | subset].sum(axis=1)
    return message


def fire(table: Table, firing: Firing, places: Sequence[int], *, backward: bool = False) -> Table:
    """Let an active cause fire; backward, the transpose: the weight of finishing, seen from before it fires."""
    spread = firing.weights * table
    extents, rows, states = spread.shape
    for finding, spared, q in firing.steps:
        view = spread.reshape(extents, rows, -1, 2, states >> 1 + places.index(finding))
        silent, fired = view[:, :, :, 0], view[:, :, :, 1]
        if backward:
            silent *= spared
            silent += q * fired
        else:
            fired += q * silent
            silent *= spared
    shown: Table = spread[0]
    for more in spread[1:]:
        shown += more
    return shown


def act(table: Table, shown: Table, cause: Cause) -> Table:
    """Weigh a cause being idle, a companion, or the main source; the same forward and backward."""
    idle, companion = cause.companion
    after: Table = idle * table
    after += companion * shown
    for row, main in zip(after[1:], cause.main, strict=True):
        row += main * shown[0]
    return after


def _shares(past: Table, back: Table, cause: Cause, here: Table) -> tuple[Table, Table]:
    """Probabilities of a cause being active and of being the main source, per variant."""
    main: Table = np.array(cause.main) * (past[0] * back[0]).sum() / here
    return cause.companion[1] * _meet(past, back) / here + main, main


def _meet(past: Table, to_go: Table) -> Table:
    """Evidence per variant where the forward and the backward sweep meet."""
    both = past[..., :1, :] * to_go[..., 1:, :]
    both += past[..., 1:, :] * to_go[..., :1, :]
    met: Table = both.sum(axis=-1)
    return met


def digit_view(table: Table, places: Sequence[int], finding: int) -> Table:
    """View a table with one open finding as an axis of its own: (..., high, 2, low)."""
    low = 1 << (len(places) - 1 - places.index(finding))
    return table.reshape(*table.shape[:-1], -1, 2, low)


def reorder(table: NDArray[Number], places: tuple[int, ...], wanted: tuple[int, ...]) -> NDArray[Number]:
    """The same table with its open findings in another order."""
    if places == wanted:
        return table
    axes = [1 + places.index(f) for f in wanted]
    return table.reshape(-1, *[2] * len(places)).transpose(0, *axes).reshape(table.shape)


def chances(cause: Cause) -> dict[int, Table]:
    """Per positive finding the cause can fire, its probability in each extent."""
    chances: dict[int, Table] = {}
    for e, extent in enumerate(cause.extents):
        for finding, q in extent.fires:
            chances.setdefault(finding, np.zeros(len(cause.extents)))[e] = q
    return chances


def _fired(
    past: Table, after: Table, cause: Cause, places: Sequence[int], here: float
) -> tuple[tuple[int, float], ...]:
    """Probability that a cause fired each of its findings, in the first variant."""
    shares = []
    for finding in sorted(chances(cause)):
        # fired means explained afterwards, whatever it was before
        forced = after[:2].copy()
        view = digit_view(forced, places, finding)
        view[..., 0, :] = view[..., 1, :]
        extents = tuple(
            Extent(e.weight * dict(e.fires).get(finding, 0.0), tuple(pair for pair in e.fires if pair[0] != finding))
            for e in cause.extents
        )
        back = fire(forced, Firing.of(Cause(cause.companion, cause.main, extents)), places, backward=True)
        companion = cause.companion[1] * float(_meet(past[:2], back)[0])
        shares.append((finding, (companion + cause.main[0] * float((past[0] * back[0]).sum())) / here))
    return tuple(shares)
