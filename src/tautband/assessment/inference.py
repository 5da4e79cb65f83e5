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
back the weight of each subset it may fire. Causes with more findings than a bucket holds fire one by one. While a
bucket fires, each of its findings can go three ways (stay silent, be fired, have been explained already), so that
firing n of them costs 3 to the power of n products and not 4.

Every number comes from element-wise operations and sums in a fixed order, never from a linear algebra library,
so the same problem gives the same bits on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)
Index = tuple[int | slice, ...]

SMALL = 10
"""Frontier that is cheap enough not to look for a better order."""

BUCKET = 5
"""Most findings a bucket holds: firing one costs 3 to this power per state of the other findings."""

SEATS = 10
"""Most causes of a bucket that has room for more than one block."""

CACHED = 4096
"""Numbers that are worked on at a time: more no longer stay in the fastest memory."""


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
        Weight of being the main source: prior times the likelihood of the answers times `r`.
    extents
        The ways it shows itself.
    """

    companion: tuple[float, float]
    main: float
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Firing:
    """What one cause fires, as arrays over its extents.

    Attributes
    ----------
    findings
        Every finding it can fire.
    weight
        Of each extent, shape (extents, 1, 1).
    chance, spare
        Of each extent to fire each finding or not, shape (findings, extents, 1, 1).
    """

    findings: tuple[int, ...]
    weight: Table
    chance: Table
    spare: Table

    @classmethod
    def of(cls, cause: Cause) -> Firing:
        """Lay out the extents of a cause side by side."""
        findings = tuple(sorted({f for extent in cause.extents for f, _ in extent.fires}))
        rows = [dict(extent.fires) for extent in cause.extents]
        weight = np.array([extent.weight for extent in cause.extents])
        chance = np.array([[row.get(f, 0.0) for row in rows] for f in findings])
        chance = chance.reshape(len(findings), len(rows), 1, 1)
        return cls(findings, weight[:, None, None], chance, 1.0 - chance)

    def given(self, finding: int) -> Firing:
        """The same cause when it surely fires a finding: each extent weighs as much as it was likely to."""
        j = self.findings.index(finding)
        rest = tuple(f for f in self.findings if f != finding)
        left = (np.delete(table, j, axis=0) for table in (self.chance, self.spare))
        return Firing(rest, self.weight * self.chance[j], *left)


@dataclass(frozen=True, slots=True)
class Problem:
    """Causes, the leak of each positive finding, and the weight of "something else is the main source".

    `blocks` are the causes whose joint activity is wanted too (the sites of one muscle); together they hold every
    cause once.
    """

    causes: tuple[Cause, ...]
    blocks: tuple[tuple[int, ...], ...]
    leaks: tuple[float, ...]
    unknown: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence says.

    Attributes
    ----------
    log_evidence
        Logarithm of the unnormalised probability of the evidence.
    active
        Probability that each cause is active.
    main
        Probability that each cause is the main source.
    block_active
        Probability that at least one cause of each block is active.
    unknown
        Probability that the main source is none of the causes.
    fired
        For each cause asked for, the probability that it fired each positive finding it links to; else empty.
    frontier
        The largest number of findings that were open at once.
    method
        `exact`, or that it was sampled and how far it may be off.
    error
        Three standard errors of the least certain cause's probability of being active; 0 when exact.
    """

    log_evidence: float
    active: Table
    main: Table
    block_active: Table
    unknown: float
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
    """The order of a sweep: the groups, the steps over them, and the largest number of findings open at once."""

    groups: tuple[Group, ...]
    steps: tuple[Step, ...]
    frontier: int


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
    best: tuple[float, int, tuple[Step, ...]] = (math.inf, len(problem.leaks) + 1, ())
    for preference in range(1 if order else 3):
        found = _close_in_turn(masks, len(problem.leaks), order, preference, widest)
        best = min(best, found, key=lambda plan: plan[:2])
        if best[1] <= SMALL:
            break
    _, frontier, steps = best
    return Plan(groups, steps, frontier)


def _group(problem: Problem) -> tuple[Group, ...]:
    """Put every block into the emptiest bucket that holds its findings; wide blocks stand alone."""
    masks = []
    for block in problem.blocks:
        mask = 0
        for c in block:
            for extent in problem.causes[c].extents:
                for f, _ in extent.fires:
                    mask |= 1 << f
        masks.append(mask)
    buckets: list[tuple[int, list[int]]] = []
    seats: list[int] = []
    wide = []
    for b in sorted(range(len(masks)), key=lambda b: (-masks[b].bit_count(), masks[b], b)):
        mask, size = masks[b], len(problem.blocks[b])
        if mask.bit_count() > BUCKET:
            wide.append(Group((b,), _bits(mask)))
            continue
        homes = [n for n, (m, _) in enumerate(buckets) if not mask & ~m and seats[n] + size <= SEATS]
        home = min(homes, key=seats.__getitem__, default=len(buckets))
        if home == len(buckets):
            buckets.append((mask, []))
            seats.append(0)
        buckets[home][1].append(b)
        seats[home] += size
    return (*(Group(tuple(blocks), _bits(mask)) for mask, blocks in buckets), *wide)


def _bits(mask: int) -> tuple[int, ...]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _close_in_turn(
    masks: Sequence[int], n_findings: int, order: Sequence[int], preference: int, widest: int
) -> tuple[float, int, tuple[Step, ...]]:
    """Close one finding after the other; returns the cost (states over all groups), the frontier and the steps."""
    steps: list[Step] = []
    waiting = list(range(len(masks)))
    age: dict[int, int] = {}
    closed = opened = frontier = cost = 0
    while closed != (1 << n_findings) - 1:
        if order:
            target = next(f for f in order if not closed >> f & 1)
        else:
            left = [f for f in range(n_findings) if not closed >> f & 1]
            target = _cheapest(left, age, [masks[g] for g in waiting], preference)
        ready = [g for g in waiting if masks[g] >> target & 1]
        waiting = [g for g in waiting if not masks[g] >> target & 1]
        # narrow groups first: they open few findings while the table is still small
        ready.sort(key=lambda g: ((masks[g] & ~opened).bit_count(), g))
        # what the groups still to come will need, after each of the ready ones
        later = [0]
        for g in waiting:
            later[0] |= masks[g]
        for g in reversed(ready[1:]):
            later.append(later[-1] | masks[g])
        for g in ready:
            for f in _bits(masks[g] & ~opened):
                steps.append(Step("open", f))
                age[f] = len(age)
            opened |= masks[g]
            width = (opened & ~closed).bit_count()
            frontier = max(frontier, width)
            if frontier > widest:
                return math.inf, frontier, ()
            cost += 1 << width
            steps.append(Step("group", g))
            for f in _bits(opened & ~closed & ~later.pop()):
                steps.append(Step("close", f))
                closed |= 1 << f
        if not closed >> target & 1:
            # only its leak explains it
            steps += (Step("open", target), Step("close", target))
            opened |= 1 << target
            closed |= 1 << target
    steps.extend(Step("group", g) for g in waiting)
    return cost, frontier, tuple(steps)


def _cheapest(left: Sequence[int], age: Mapping[int, int], waiting: Sequence[int], preference: int) -> int:
    """Choose the finding that opens fewest others.

    `preference` breaks ties: none, the finding that was opened first, or the one that shares causes with most of
    the open ones.
    """
    known = sum(1 << f for f in age)

    def rank(f: int) -> tuple[int, int, int, int]:
        reach = 0
        for mask in waiting:
            if mask >> f & 1:
                reach |= mask
        new = (reach & ~known).bit_count() + (f not in age)
        ties = (0, age.get(f, len(age)), -(reach & known).bit_count())
        return new, ties[preference], reach.bit_count(), f

    return min(left, key=rank)


def solve(problem: Problem, plan: Plan, explain: Sequence[int] = ()) -> Posterior:
    """Compute every posterior exactly, with one forward and one backward sweep.

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
    sweep = Sweep(problem, plan, explain)
    for _ in sweep.back():
        pass
    return Posterior(
        log_evidence=math.log(sweep.evidence) + sweep.log_scale,
        active=sweep.active,
        main=sweep.main,
        block_active=sweep.block_active,
        unknown=sweep.unknown,
        fired=tuple(sweep.fired),
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
        The open findings, the one with the highest digit first; before a group its own findings come first.
    earlier
        The same findings in the order of the step before.
    """

    tables: tuple[Table, ...]
    places: tuple[int, ...]
    earlier: tuple[int, ...]


class Sweep:
    """The steps of a plan, run forward at once and backward on demand.

    Tables have two rows, and in each one number per subset of the open findings. Going forward, row 0 is "no main
    source yet" and row 1 "main source found". Going backward the rows answer them: row 0 is the weight of finishing
    once the main source is found, row 1 that of finishing before.

    Attributes
    ----------
    buckets, moments
        The buckets, and the sweep before each step.
    evidence, log_scale
        The probability of the evidence is the first times the exponential of the second.
    unknown, active, main, block_active, fired
        As in `Posterior`; all but the first once `back` has run to its end.
    block_of
        The block of each cause.
    kept
        If asked for: of each cause of a wide block the weight of finishing after it, and that in each of its extents
        when it is active.
    """

    def __init__(
        self, problem: Problem, plan: Plan, explain: Sequence[int] = (), *, keep: bool = False
    ) -> None:
        self.problem, self.plan, self.explain = problem, plan, frozenset(explain)
        self.keep = keep
        self.kept: dict[int, tuple[Table, Table]] = {}
        self.buckets = Buckets(problem, plan)
        self.firing = {
            c: Firing.of(problem.causes[c])
            for group in plan.groups
            if not group.is_bucket
            for c in problem.blocks[group.blocks[0]]
        }
        self.moments: list[Moment] = []
        self.log_scale = 0.0
        without, found = self._forward()[:, 0].tolist()
        self.evidence = found + problem.unknown * without
        self.unknown = problem.unknown * without / self.evidence
        self.active: Table = np.zeros(len(problem.causes))
        self.main: Table = np.zeros(len(problem.causes))
        self.block_active: Table = np.zeros(len(problem.blocks))
        self.fired: list[tuple[tuple[int, float], ...]] = [()] * len(problem.causes)
        self.block_of = np.zeros(len(problem.causes), dtype=np.intp)
        for b, block in enumerate(problem.blocks):
            self.block_of[list(block)] = b

    def _forward(self) -> Table:
        """Run through the steps and keep the moments; returns the last table, of one state."""
        problem, plan = self.problem, self.plan
        table: Table = np.array([[1.0], [0.0]])
        places: tuple[int, ...] = ()
        for step in plan.steps:
            if step.kind == "open":
                self.moments.append(Moment((table,), places, places))
                leak = problem.leaks[step.index]
                table = np.concatenate((table * (1.0 - leak), table * leak), axis=1)
                places = (step.index, *places)
            elif step.kind == "close":
                self.moments.append(Moment((table,), places, places))
                table = digit_view(table, places, step.index)[..., 1, :].reshape(2, -1)
                places = tuple(f for f in places if f != step.index)
                largest = float(table.max())
                table *= 1.0 / largest
                self.log_scale += math.log(largest)
            else:
                group, earlier = plan.groups[step.index], places
                places = (*reversed(group.findings), *(f for f in places if f not in group.findings))
                table = reorder(table, earlier, places)
                tables: list[Table] = []
                if group.is_bucket:
                    tables.append(table)
                    firing = self.buckets.firing(step.index)
                    table = _fire_bucket(table, firing, len(group.findings), BY_AFTER)
                else:
                    for c in problem.blocks[group.blocks[0]]:
                        tables.append(table)
                        table = act(table, fire(table, self.firing[c], places), problem.causes[c])
                self.moments.append(Moment(tuple(tables), places, earlier))
        return table

    def back(self) -> Iterator[Table]:
        """Go back through the steps and note every cause; yields the table after each step, the last step first."""
        to_go: Table = np.array([[1.0], [self.problem.unknown]])
        for step, moment in zip(reversed(self.plan.steps), reversed(self.moments), strict=True):
            yield to_go
            to_go = self._step_back(step, moment, to_go)
        self._note_buckets()

    def _step_back(self, step: Step, moment: Moment, to_go: Table) -> Table:
        """Undo one step: from the weight of finishing after it to that before it."""
        past = moment.tables[0]
        if step.kind == "open":
            leak = self.problem.leaks[step.index]
            half = to_go.shape[1] // 2
            return to_go[:, :half] * (1.0 - leak) + to_go[:, half:] * leak
        if step.kind == "close":
            reached = np.zeros_like(past)
            view = digit_view(reached, moment.places, step.index)[..., 1, :]
            view[...] = to_go.reshape(view.shape)
            reached *= 1.0 / float(to_go.max())
            return reached
        group = self.plan.groups[step.index]
        if group.is_bucket:
            size = len(group.findings)
            self.buckets.receive(step.index, _message(past, to_go, size))
            to_go = _fire_bucket(to_go, self.buckets.firing(step.index), size, BY_BEFORE)
        else:
            to_go = self._block_back(self.problem.blocks[group.blocks[0]], moment, to_go)
        return reorder(to_go, moment.places, moment.earlier)

    def _block_back(self, block: Sequence[int], moment: Moment, to_go: Table) -> Table:
        """Undo the causes of a wide block and note them."""
        idle_before = [1.0]
        for c in block[:-1]:
            idle_before.append(idle_before[-1] * self.problem.causes[c].companion[0])
        for c, past, idle in zip(
            reversed(block), reversed(moment.tables), reversed(idle_before), strict=True
        ):
            cause = self.problem.causes[c]
            each = fire_each(to_go, self.firing[c], moment.places, backward=True)
            shown = each.sum(axis=0)
            if self.keep:
                self.kept[c] = to_go, each
            after, to_go = to_go, act(to_go, shown, cause)
            here = _meet(past, to_go)
            active, self.main[c] = _shares(past, shown, cause.companion[1], cause.main, here)
            self.active[c] = first = active
            if past is not moment.tables[0]:
                # the first active cause of its block: the ones before it idle, the table still that before the block
                first = idle * _shares(moment.tables[0], shown, cause.companion[1], cause.main, here)[0]
            self.block_active[self.block_of[c]] += first
            if c in self.explain:
                self.fired[c] = _fired(past, after, cause, self.firing[c], moment.places, here)
        return to_go

    def _note_buckets(self) -> None:
        """Note the causes of all buckets, once these have received what comes after them."""
        buckets = self.buckets
        if not buckets.count:
            return
        after, shown = buckets.back()
        cause, slot, lane = buckets.cause, buckets.slot, buckets.lane
        here = _meet(buckets.past[0], after[0])[lane]
        weights = buckets.companion[slot, lane], buckets.main[slot, lane]
        shown = shown[slot, lane]
        self.active[cause], self.main[cause] = _shares(buckets.past[slot, lane], shown, *weights, here)
        first, _ = _shares(buckets.past[buckets.block_slot, lane], shown, *weights, here)
        np.add.at(self.block_active, self.block_of[cause], buckets.idle_before * first)
        for i, c in enumerate(cause.tolist()):
            if c not in self.explain:
                continue
            n, b = slot[i], lane[i]
            findings = buckets.groups[b].findings
            # the digits a bucket lacks are the highest
            places = (*[-1] * (buckets.size - len(findings)), *reversed(findings))
            cause_c = self.problem.causes[c]
            self.fired[c] = _fired(
                buckets.past[n, b], after[n + 1, b], cause_c, Firing.of(cause_c), places, here[i]
            )


class Buckets:
    """All buckets side by side: within each, its causes fire into a table of its own findings.

    Arrays are indexed (slot, bucket, ...): slot after slot the causes of a bucket take their turn; where a bucket
    has fewer causes than slots, nothing happens.

    Attributes
    ----------
    groups, count, size
        The buckets, their number, and the most findings of one.
    cause, slot, lane
        Every cause in a bucket, and where it sits.
    block_slot, idle_before
        Of the same causes: the slot where their block begins, and the weight of the block being idle up to them.
    idle, companion, main
        The weights of the cause in each seat.
    kernels
        What the cause in each seat does to the bucket's table when active, (slot, way, bucket).
    past
        The tables before each slot and after the last, (slot, bucket, row, subset).
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.groups = [group for group in plan.groups if group.is_bucket]
        self.count = len(self.groups)
        self.size = max((len(group.findings) for group in self.groups), default=0)
        seats: list[tuple[int, int, int, int]] = []
        idle_before: list[float] = []
        for b, group in enumerate(self.groups):
            n = 0
            for block in group.blocks:
                idle, begin = 1.0, n
                for n, c in enumerate(problem.blocks[block], begin):
                    seats.append((c, n, b, begin))
                    idle_before.append(idle)
                    idle *= problem.causes[c].companion[0]
                n += 1
        self.cause, self.slot, self.lane, self.block_slot = np.array(seats, dtype=np.intp).reshape(-1, 4).T
        self.idle_before = np.array(idle_before)
        causes = [problem.causes[c] for c, *_ in seats]
        slots, states = 1 + int(self.slot.max(initial=-1)), 1 << self.size
        self.idle = np.ones((slots, self.count))
        self.companion, self.main = np.zeros((2, slots, self.count))
        self.idle[self.slot, self.lane] = [cause.companion[0] for cause in causes]
        self.companion[self.slot, self.lane] = [cause.companion[1] for cause in causes]
        self.main[self.slot, self.lane] = [cause.main for cause in causes]
        patterns = np.zeros((slots, self.count, states))
        if causes:
            patterns[self.slot, self.lane] = self._patterns(causes)
        # bucket beside bucket, so that each operation takes all of them in one run
        self.kernels = _ways_of(np.ascontiguousarray(patterns.swapaxes(1, 2)), self.size)
        self._past = np.zeros((slots + 1, 2, states, self.count))
        self._past[0, 0, 0] = 1.0
        for n in range(slots):
            shown = _go(self._past[n], self.kernels[n], BY_AFTER)
            self._past[n + 1] = self._act(n, self._past[n], shown)
        self.past = self._past.transpose(0, 3, 1, 2)
        self._messages = np.zeros((2, states, self.count))
        self._firings = np.ascontiguousarray(_ways_of(self._past[-1], self.size).transpose(2, 0, 1))

    def _patterns(self, causes: Sequence[Cause]) -> Table:
        """For each seated cause the weight of every subset it may fire when active, shape (causes, states)."""
        digits = [{f: j for j, f in enumerate(group.findings)} for group in self.groups]
        weights, chance = [], []
        for b, cause in zip(self.lane.tolist(), causes, strict=True):
            for extent in cause.extents:
                row = [0.0] * self.size
                for finding, q in extent.fires:
                    row[digits[b][finding]] = q
                chance.append(row)
                weights.append(extent.weight)
        fires = np.array(chance).reshape(len(weights), self.size)
        pattern: Table = np.array(weights)[:, None]
        for j in range(self.size):
            fired = fires[:, j, None]
            pattern = np.concatenate((pattern * (1.0 - fired), pattern * fired), axis=1)
        starts = np.cumsum([0, *(len(cause.extents) for cause in causes[:-1])])
        summed: Table = np.add.reduceat(pattern, starts, axis=0)
        return summed

    def _act(self, n: int, table: Table, shown: Table) -> Table:
        """Weigh a slot's causes being idle, companions, or the main source."""
        after: Table = self.idle[n] * table + self.companion[n] * shown
        after[1] += self.main[n] * shown[0]
        return after

    def firing(self, group: int) -> Table:
        """What a bucket does to its findings, way by way; buckets are the first groups."""
        # the digits a bucket lacks are the highest, and stay 0
        return self._firings[group, :, : 3 ** len(self.groups[group].findings)]

    def kernel(self, slot: int, lane: NDArray[np.intp], after: NDArray[np.intp]) -> Table:
        """What causes in a slot do when active to end in each subset: (cause, subset before)."""
        way = _way_between(self.size)[after]
        found: Table = np.where(way < 0, 0.0, self.kernels[slot, way, lane[:, None]])
        return found

    def receive(self, group: int, message: Table) -> None:
        """Keep the weight of finishing for each subset the bucket may fire."""
        self._messages[:, : message.shape[1], group] = message * (1.0 / float(message.max()))

    def back(self) -> tuple[Table, Table]:
        """Weight of finishing, before each slot and after the last, and the same once the slot's causes are active."""
        after, shown = np.zeros_like(self._past), np.zeros_like(self._past[1:])
        after[-1] = self._messages
        for n in range(len(shown) - 1, -1, -1):
            shown[n] = _go(after[n + 1], self.kernels[n], BY_BEFORE)
            after[n] = self._act(n, after[n + 1], shown[n])
        return after.transpose(0, 3, 1, 2), shown.transpose(0, 3, 1, 2)


@dataclass(frozen=True, eq=False, slots=True)
class Sorting:
    """How to add up what went each way, digit after digit: `what` is added to `into`, and `keep` is left.

    Ways are numbered by their digits: 0 stays silent, 1 is fired, 2 was explained already and may be fired again.
    """

    keep: slice
    into: int | slice
    what: int | slice


BY_BEFORE = Sorting(keep=slice(0, 3, 2), into=0, what=1)
BY_AFTER = Sorting(keep=slice(0, 2), into=1, what=2)
BY_FIRED = Sorting(keep=slice(0, 2), into=slice(0, 2), what=slice(2, 3))


@lru_cache
def _ends(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Subset before and subset after of each way of so many findings."""
    before = after = np.zeros(1, dtype=np.intp)
    for _ in range(size):
        before = (2 * before[:, None] + np.array([0, 0, 1])).ravel()
        after = (2 * after[:, None] + np.array([0, 1, 1])).ravel()
    return before, after


@lru_cache
def _way_between(size: int) -> NDArray[np.intp]:
    """The way from one subset to another, shape (subsets after, subsets before); -1 where there is none."""
    before, after = _ends(size)
    way = np.full((1 << size, 1 << size), -1)
    way[after, before] = np.arange(len(before))
    return way


def _ways_of(weights: Table, size: int) -> Table:
    """Weight of each way, shape (..., ways, n), from the weights of fired subsets, shape (..., subsets, n)."""
    *lead, subsets, n = weights.shape
    ways = weights.reshape(*lead, 1, subsets * n)
    for digit in range(1, size + 1):
        silent, fired = np.split(ways, 2, axis=-1)
        ways = np.stack((silent, fired, silent + fired), axis=-2).reshape(*lead, 3**digit, silent.shape[-1])
    return ways.reshape(*lead, 3**size, n)


def _add_up(went: Table, size: int, by: Sorting) -> Table:
    """Sum over ways, shape (rows, ways, n), by subset, shape (rows, subsets, n); uses up its input."""
    rows, _, n = went.shape
    digits = went.reshape(rows, *[3] * size, n)
    for into, what in _additions(size, by):
        sums = digits[into]
        np.add(sums, digits[what], out=sums)
    return digits[(slice(None), *[by.keep] * size)].reshape(rows, 1 << size, n)


@lru_cache
def _additions(size: int, by: Sorting) -> tuple[tuple[Index, Index], ...]:
    done = [(slice(None), *[by.keep] * digit) for digit in range(size)]
    return tuple(((*before, by.into), (*before, by.what)) for before in done)


def _go(table: Table, ways: Table, by: Sorting) -> Table:
    """Let the ways take a table, shape (rows, subsets, n), to where they lead or, `BY_BEFORE`, come from."""
    size = table.shape[1].bit_length() - 1
    start = _ends(size)[by is BY_BEFORE]
    return _add_up(ways * table.take(start, axis=1), size, by)


def _fire_bucket(table: Table, firing: Table, size: int, by: Sorting) -> Table:
    """Let a whole bucket fire into a table whose highest digits are the bucket's findings, forward or back."""
    start = _ends(size)[by is BY_BEFORE]
    here = table.reshape(2, 1 << size, -1).take(start, axis=1)
    went = firing[0, :, None] * here
    went[1] += firing[1, :, None] * here[0]
    return _add_up(went, size, by).reshape(table.shape)


def _message(past: Table, to_go: Table, size: int) -> Table:
    """Weight of finishing for each subset that a bucket may fire, in the backward rows."""
    before, after = _ends(size)
    early = past.reshape(2, 1 << size, -1).take(before, axis=1)
    late = to_go.reshape(2, 1 << size, -1).take(after, axis=1)
    pairs = np.empty((2, len(before), 1))
    (early[0] * late[0]).sum(axis=-1, out=pairs[0, :, 0])
    pairs[1, :, 0] = (early[0] * late[1]).sum(axis=-1) + (early[1] * late[0]).sum(axis=-1)
    return _add_up(pairs, size, BY_FIRED)[:, :, 0]


def fire(table: Table, firing: Firing, places: Sequence[int], *, backward: bool = False) -> Table:
    """Let an active cause fire; backward, the transpose: the weight of finishing, seen from before it fires."""
    shown: Table = fire_each(table, firing, places, backward=backward).sum(axis=0)
    return shown


def fire_each(table: Table, firing: Firing, places: Sequence[int], *, backward: bool = False) -> Table:
    """The same in each extent apart, shape (extents, rows, states)."""
    spread = firing.weight * table
    top = len(places) - 1
    step = max(1, CACHED // table.size)
    for first in range(0, len(spread), step):
        here = slice(first, first + step)
        part, chance, spare = spread[here], firing.chance[:, here], firing.spare[:, here]
        for finding, fires, spares in zip(firing.findings, chance, spare, strict=True):
            view = part.reshape(len(part), -1, 2, 1 << top - places.index(finding))
            silent, fired = view[:, :, 0], view[:, :, 1]
            if backward:
                silent *= spares
                silent += fires * fired
            else:
                fired += fires * silent
                silent *= spares
    return spread


def act(table: Table, shown: Table, cause: Cause) -> Table:
    """Weigh a cause being idle, a companion, or the main source; the same forward and backward."""
    idle, companion = cause.companion
    after: Table = idle * table
    after += companion * shown
    after[1] += cause.main * shown[0]
    return after


Weight = TypeVar("Weight", float, Table)


def _shares(past: Table, shown: Table, companion: Weight, main: Weight, here: Table) -> tuple[Table, Table]:
    """Probabilities of a cause being active and of being the main source."""
    as_main: Table = main * (past[..., 0, :] * shown[..., 0, :]).sum(axis=-1) / here
    return companion * _meet(past, shown) / here + as_main, as_main


def _meet(past: Table, to_go: Table) -> Table:
    """Evidence where the forward and the backward sweep meet."""
    both = past[..., 0, :] * to_go[..., 1, :]
    both += past[..., 1, :] * to_go[..., 0, :]
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


def _fired(
    past: Table, after: Table, cause: Cause, firing: Firing, places: Sequence[int], here: Table
) -> tuple[tuple[int, float], ...]:
    """Probability that a cause fired each of its findings."""
    shares = []
    for finding in firing.findings:
        # fired means explained afterwards, whatever it was before
        forced = after.copy()
        view = digit_view(forced, places, finding)
        view[..., 0, :] = view[..., 1, :]
        shown = fire(forced, firing.given(finding), places, backward=True)
        active, _ = _shares(past, shown, cause.companion[1], cause.main, here)
        shares.append((finding, float(active)))
    return tuple(shares)
