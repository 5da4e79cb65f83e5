"""One channel: from the statistic to candidates, and from candidates to what they are.

A candidate begins where the statistic of one, two or four frames passes its threshold, and is over when it stays low
for 40 ms; 32 ms later it is measured and judged. Several readings of its edges are tried, with and without what lies
below 80 Hz, so that a twitch on the back of a needle movement keeps its own edges, and for parts of what is long; those
that the judge passes and that do not overlap are twitches, the likeliest first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.events import Candidate, Event, Rejected, Twitch
from tautband.twitch.frontend import (
    FALL_HOPS,
    HOPS_PER_FRAME,
    LOWEST_LEFT,
    SHORTEST_RUN,
    WARM_UP_TICKS,
    Flat,
    Floats,
    FrontEnd,
)
from tautband.twitch.judge import Verdict
from tautband.twitch.measure import (
    PEAK_S,
    SHIFTS,
    Stretch,
    White,
    eased,
    edges,
    energy_until,
    evidence_of,
    features,
    likeness,
    moving_rms,
    phases,
    quantile,
    whiten,
    widen,
)
from tautband.twitch.pulses import Train

FRAME_ROOTS: Final = np.sqrt([[1.0], [2.0], [4.0]])
STIR: Final = np.array([[6.0], [4.6], [4.2]]) * FRAME_ROOTS
"""Sums of the statistic over one, two and four frames from which a candidate is announced."""
LEAST_STIR: Final = float((STIR / [[1.0], [2.0], [4.0]]).min())
"""No sum passes where no single statistic is above this."""
ON: Final = np.array([[7.0], [5.2], [4.6]]) * FRAME_ROOTS
"""The same from which it begins; announcing it earlier costs nothing."""
WORTH: Final = np.array([9.1, 6.8, 6.0])
"""A candidate whose largest sums, over the roots of their frames, all stay below these is noise and is not measured."""
OFF: Final = 2.0
GAP_HOPS: Final = 5
AFTER_HOPS: Final = 4
LONGEST_S: Final = 1.5
CARRY: Final = 12
REACH_S: Final = 0.05
HIGH_HZ: Final = 80.0
WINDOW_S: Final = 0.5
LEAST_EVIDENCE: Final = 8.0
"""Readings with less log likelihood ratio than this are noise; nothing else of them is looked at."""
CROWDED_S: Final = 0.2
CROWDED_QUANTILE: Final = 0.6
LONGEST_PART_S: Final = 0.45
PARTS: Final = 4
"""Most prominent parts of something long that are looked at one by one."""
CORE_S: Final = 0.016
CORE_SHARE: Final = 0.3
CORE_LEAST: Final = 1.3
"""The core of a candidate ends where its outline over 16 ms is under this share of its peak, or in the noise."""
LIKELIEST, ROUGH, PART, CORE = 0.0, 1.0, 2.0, 3.0
"""Kinds of readings, as the judge sees them."""
TOGETHER_S: Final = 0.01
"""Readings whose onsets differ by less begin together."""
SHORTEST_S: Final = 0.008
"""Nothing shorter is read: one motor unit's potential lasts longer."""
ALIKE_S: Final = 0.012
"""Readings whose edges differ by less in all are one."""
SHAPE_AT_S: Final = np.linspace(-0.06, 0.06, 96)
"""Where the shape of a candidate is taken, around its largest sample."""
NO_SHIFT: Final = np.zeros(SHIFTS)
REMEMBERED: Final = 12
LATELY_S: Final = 3.0
LONG_AGO_S: Final = 12.0
SAME_LAG_S: Final = 0.012
"""Candidates whose distances from a stimulator's pulse differ by less are its echoes."""
ECHOES: Final = 4
"""So many earlier candidates at the same distance from a pulse make one more an echo, whatever it looks like."""
SLOW_S: Final = 0.2
"""Distance of pulses from which on four candidates are rarely at one distance from them by chance."""
ECHO: Final = "a stimulator's pulses are followed by the same again and again"
LOCKED: Final = 6
"""Place of the count of candidates at the same distance from a pulse in what is remembered."""
SHORTEST_GAP_S: Final = 0.005
DROPOUT_S: Final = 0.02
RAIL: Final = 8.0
"""A flat run this many noise RMS away from the baseline is a rail."""
MIDDLE_S: Final = 2.0
"""Time over which the baseline is taken, the last before a candidate is judged."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One reading of a candidate's edges.

    Attributes
    ----------
    onset, offset
        Conditioned samples from the start of the recording.
    features
        What the judge sees.
    kind
        How the edges were found.
    """

    onset: int
    offset: int
    features: Floats
    kind: float = LIKELIEST

    @property
    def rough(self) -> bool:
        """Whether the edges are only those of the candidate; such a reading counts where no other passes."""
        return self.kind == ROUGH

    def overlaps(self, other: Reading) -> bool:
        """Whether they have a sample in common."""
        return self.onset < other.offset and other.onset < self.offset


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate with all its readings, as the judge gets it, and whether it is one more echo of a pulse train."""

    readings: tuple[Reading, ...]
    rate: float
    echo: bool = False


@dataclass(eq=False)
class _Open:
    first: int
    warm: int
    closed: int | None = None
    best: Floats = field(default_factory=lambda: np.zeros(3))

    def note(self, sizes: Floats) -> None:
        """Keep the largest of some sums over one, two and four frames, shape (3, hops)."""
        self.best = np.maximum(self.best, sizes.max(axis=1))


@dataclass(frozen=True)
class _Past:
    """An earlier candidate: where it was, how long, and how long after a stimulator's pulse; all in seconds."""

    at: float
    length: float
    lag: float


@dataclass(frozen=True, eq=False)
class _Span:
    """Edges that are to be read, and the whitened stretch they were found in."""

    kind: float
    on: int
    off: int
    evidence: float
    white: White


def _spans(whites: Sequence[White], first: int, last: int, rate: float) -> Iterator[_Span]:
    """What a candidate may be: the likeliest edges, its own, the parts of what is long, and its core."""
    step, reach = max(1, round(0.004 * rate)), round(REACH_S * rate)
    for white in whites:
        on, off, evidence = edges(white.total, first, last, reach, step)
        if off - on < LONGEST_PART_S * rate:
            on = eased(white.total, on, off, first - reach, step)
        yield _Span(LIKELIEST, on, off, evidence, white)
    yield _Span(ROUGH, first, last, evidence_of(whites[0].samples[first:last]), whites[0])
    if last - first > CROWDED_S * rate:
        for white in whites:
            yield from _parts(white, first, last, reach, step, rate)
    yield _core(whites[-1], first, last, rate)


def _to_its_end(surest: Reading, passing: Sequence[Reading], rate: float) -> Reading:
    """The same twitch with its likeliest edges, if these pass, too, begin with it and end later.

    A core or a part may be the surest reading of a twitch and still leave out its end.
    """
    whole = [
        reading
        for reading in passing
        if reading.kind == LIKELIEST and abs(reading.onset - surest.onset) <= TOGETHER_S * rate
    ]
    return max([surest, *whole], key=lambda reading: reading.offset)


def _parts(white: White, first: int, last: int, reach: int, step: int, rate: float) -> Iterator[_Span]:
    """The most prominent parts of something long, over its own level, one after another."""
    level = quantile(moving_rms(white.samples[first:last], round(0.03 * rate)), CROWDED_QUANTILE)
    over = white.samples / max(level, 1.0)
    for _ in range(PARTS):
        on, off, evidence = edges(energy_until(over), first, last, reach, step, round(LONGEST_PART_S * rate))
        if evidence < LEAST_EVIDENCE:
            return
        yield _Span(PART, on, off, evidence, white)
        over[on:off] = 0.0


def _core(white: White, first: int, last: int, rate: float) -> _Span:
    """What hangs together around the largest peak: a pulse or a swing shortly before it is left out."""
    outline = moving_rms(white.samples[first:last], max(1, round(CORE_S * rate)))
    top = int(outline.argmax())
    low = outline < max(CORE_SHARE * outline[top], CORE_LEAST)
    before, behind = low[top::-1], low[top:]
    on = first + top - (int(before.argmax()) if before.any() else top)
    off = first + top + (int(behind.argmax()) if behind.any() else len(behind))
    return _Span(CORE, on, off, evidence_of(white.samples[on:off]), white)


class Channel:
    """Detector of one channel.

    Parameters
    ----------
    sampling_rate
        Samples per second.
    judge
        Gives a verdict on each reading.
    number
        Index that its events carry.
    """

    def __init__(
        self, sampling_rate: float, judge: Callable[[Judged], Sequence[Verdict]], number: int = 0
    ) -> None:
        self.front = FrontEnd(sampling_rate)
        self._judge = judge
        self._number = number
        self._carry = np.zeros((2, CARRY))
        self._stirred = -GAP_HOPS - 1
        self._open: _Open | None = None
        self._closed: deque[_Open] = deque()
        self._shapes: deque[tuple[float, Floats]] = deque(maxlen=REMEMBERED)
        self._recent: deque[_Past] = deque(maxlen=64)
        self._last_offset = 0
        self.first_peak_uv: float | None = None

    @property
    def noise_rms_uv(self) -> float:
        """RMS of the noise floor now, in the unit of the input; NaN until it is learnt."""
        floor = self.front.floor
        return float("nan") if floor is None else float(np.sqrt(2 / self.front.frame * floor.sum()))

    def push(self, samples: Floats) -> list[tuple[int, Event]]:
        """Take samples; give events, each with the number of samples that had to come first."""
        events: list[tuple[int, Event]] = []
        for first, statistic in self.front.feed(samples):
            events += self._advance(first, statistic)
        if self.front.has_ended_runs:
            events += self._gaps()
        if self.front.pulses.has_ended:
            events += ((t.known, self._train(t)) for t in self.front.pulses.ended())
        events.sort(key=lambda e: e[0])
        return events

    def finish(self) -> list[tuple[int, Event]]:
        """Judge what is still open at the end of the recording."""
        events: list[tuple[int, Event]] = []
        for first, statistic in self.front.settle():
            events += self._advance(first, statistic)
        if self._open is not None:
            self._close(self._open)
        while self._closed:
            events += self._measure(self._closed.popleft(), self.front.hops)
        if self.front.samples and (gap := self._gap(self.front.open_run)):
            events.append((self.front.samples, gap))
        events += ((t.known, self._train(t)) for t in self.front.pulses.finish())
        return events

    # -- from the statistic to candidates ---------------------------------------------------------------------------

    def _advance(self, first: int, z: Floats) -> Iterable[tuple[int, Event]]:
        """Look at new statistics over one, two and four frames."""
        count = len(z)
        whole = np.concatenate([self._carry, z.T], axis=1)
        self._carry = whole[:, count:]
        if self._open is None and not self._closed and np.maximum.reduce(whole, axis=None) < LEAST_STIR:
            return ()
        two = whole[:, 4:] + whole[:, :-4]
        over = np.empty((3, 2, count))
        over[0] = z.T
        over[1] = two[:, 8:]
        over[2] = two[:, 8:] + two[:, :-8]
        highest = np.maximum(over[:, 0], over[:, 1])
        if self._open is None and not self._closed and not np.count_nonzero(highest > STIR):
            return ()
        return self._open_and_close(first, highest)

    def _open_and_close(self, first: int, over: Floats) -> Iterator[tuple[int, Event]]:
        stirring = np.logical_or.reduce(over > STIR).tolist()
        hot = np.logical_or.reduce(over > ON).tolist()
        warm = (over[0] > OFF).tolist()
        sizes = over / FRAME_ROOTS
        longest = round(LONGEST_S * self.front.rate / self.front.hop)
        begin = 0
        for i in range(len(hot)):
            hop = first + i
            if stirring[i] or self._open is not None:
                if hop - self._stirred > GAP_HOPS:
                    start = max(hop + 1 - HOPS_PER_FRAME, 0) * self.front.hop / self.front.rate
                    yield self._key(hop), Candidate(start, self._number)
                self._stirred = hop
            if self._open is None:
                if hot[i]:
                    self._open, begin = _Open(hop, hop), i
            elif warm[i]:
                self._open.warm = hop
            if self._open is not None and (
                hop - self._open.warm >= GAP_HOPS or hop - self._open.first >= longest
            ):
                self._open.closed = hop
                self._open.note(sizes[:, begin : i + 1])
                self._close(self._open)
            while self._closed and hop >= (self._closed[0].closed or 0) + AFTER_HOPS:
                yield from self._measure(self._closed.popleft(), hop + 1)
        if self._open is not None:
            self._open.note(sizes[:, begin:])

    def _close(self, candidate: _Open) -> None:
        """Put a candidate in the queue for measuring; of noise only remember that it was there."""
        self._open = None
        if (candidate.best >= WORTH).any():
            self._closed.append(candidate)
            return
        front = self.front
        hop_s = front.hop / front.rate
        lag = front.pulses.since(candidate.first * front.hop * front.decimation)
        length = candidate.warm + HOPS_PER_FRAME - candidate.first
        self._recent.append(_Past(candidate.first * hop_s, length * hop_s, lag))

    def _key(self, hop: int) -> int:
        front = self.front
        return max(((hop + 1) * front.hop - 1) * front.decimation + 1, WARM_UP_TICKS * front.tick)

    # -- from candidates to what they are ---------------------------------------------------------------------------

    def _measure(self, candidate: _Open, hops: int) -> Iterator[tuple[int, Event]]:
        front, rate = self.front, self.front.rate
        assert front.floor is not None
        assert front.quiet is not None
        end = hops * front.hop
        margin = round(0.45 * rate)
        begin = max(candidate.first * front.hop - front.frame - margin, front.wave.start, 0)
        stretch = Stretch(
            front.wave.between(begin, end),
            front.raw.between(begin, end),
            rate,
            front.frequency,
            self._floor_before(candidate.first),
            front.quiet,
        )
        first = max((candidate.first + 1 - HOPS_PER_FRAME) * front.hop - begin, 0)
        last = min((candidate.warm + 1) * front.hop - begin, len(stretch.wave))
        key = self._key(hops - 1)
        judged = self._read(stretch, first, last, begin, candidate.best, key)
        if not judged.readings:
            return
        likeliest = sorted(
            zip(self._judge(judged), judged.readings, strict=False), key=lambda pair: -pair[0].probability
        )
        if likeliest and judged.echo:
            echo = replace(likeliest[0][0], why="stimulator artefact", detail=ECHO)
            yield from self._reject(likeliest[0][1], echo, key)
            return
        passing = [
            (verdict, reading)
            for verdict, reading in likeliest
            if verdict.probability >= verdict.threshold and reading.onset >= self._last_offset
        ]
        taken: list[tuple[Verdict, Reading]] = []
        for verdict, reading in sorted(passing, key=lambda pair: pair[1].rough):
            if not any(reading.overlaps(other) for _, other in taken):
                taken.append((verdict, reading))
        for verdict, surest in sorted(taken, key=lambda pair: pair[1].onset):
            free = [
                other
                for _, other in passing
                if other.onset >= self._last_offset
                and not any(other.overlaps(third) for _, third in taken if third is not surest)
            ]
            reading = _to_its_end(surest, free, rate)
            self._last_offset = reading.offset
            yield key, self._twitch(stretch, reading, begin, verdict.probability)
        if likeliest and not taken:
            yield from self._reject(likeliest[0][1], likeliest[0][0], key)

    def _floor_before(self, hop: int) -> Floats:
        """The floor; what is left of it, where what raised it ended shortly before a hop."""
        front = self.front
        assert front.floor is not None
        assert front.quiet is not None
        if not front.is_raised:
            return front.floor
        first, last = ((hop - n) * front.hop for n in reversed(FALL_HOPS))
        before = front.wave.between(first, last)
        level = float(np.mean(before**2)) / self.noise_rms_uv**2 if len(before) else 1.0
        return np.maximum(min(max(level, LOWEST_LEFT), 1.0) * front.floor, front.quiet)

    def _reject(self, reading: Reading, verdict: Verdict, key: int) -> Iterator[tuple[int, Event]]:
        why, detail = self._flat_reason(reading, key) or (verdict.why, verdict.detail)
        if why != "noise":
            edges_s = reading.onset / self.front.rate, reading.offset / self.front.rate
            yield key, Rejected(*edges_s, why, detail, 1 - verdict.probability, self._number)

    def _read(self, stretch: Stretch, first: int, last: int, begin: int, best: Floats, key: int) -> Judged:
        """Describe a candidate with each of the edges that it may have."""
        rate = stretch.rate
        memory = [
            *self._remember(stretch, first, last, begin),
            *np.log10(np.maximum(best, 0.1)),
            np.log10(rate),
            float(len(self.front.hum)),
            (last - first) / rate,
        ]
        whites = [
            White(samples, rate)
            for samples in whiten(stretch.wave, rate, stretch.frequency, stretch.floor, (20.0, HIGH_HZ))
        ]
        marks = self._marks(begin, len(stretch.wave), key)
        distance = self.front.pulses.distance((begin + first) * self.front.decimation)
        readings: list[Reading] = []
        for span in _spans(whites, first, last, rate):
            if span.evidence < LEAST_EVIDENCE:
                continue
            on, off = span.on, span.off
            if span.kind != ROUGH:
                on, off = widen(span.white.outline, on, off, rate)
            if off - on < SHORTEST_S * rate or any(
                abs(r.onset - begin - on) + abs(r.offset - begin - off) < ALIKE_S * rate for r in readings
            ):
                continue
            numbers = features(stretch, whites[0], whites[1], on, off, span.evidence)
            spoilt = [float(mark[on:off].mean()) if len(mark) else 0.0 for mark in marks]
            # an offset may be where the next sample will be, and a pulse begin there
            pulses = [
                self.front.pulses.since(min((begin + n) * self.front.decimation, key - 1)) for n in (on, off)
            ]
            seen = np.array([*numbers, *memory, *spoilt, *pulses, distance, span.kind])
            readings.append(Reading(begin + on, begin + off, seen, span.kind))
        return Judged(tuple(readings), rate, echo=distance >= SLOW_S and memory[LOCKED] >= ECHOES)

    def _marks(self, begin: int, length: int, key: int) -> list[NDArray[np.bool_]]:
        """Which conditioned samples are missing, stand still, or lie at a rail; empty where none is."""
        front = self.front
        marks = [np.zeros(0, bool)] * 3
        for flat in front.flats_between(begin * front.decimation, key):
            first, last = (n // front.decimation - begin for n in (flat.first, flat.last))
            if first < length and (flat.missing or flat.last - flat.first >= SHORTEST_RUN):
                kind = 0 if flat.missing else 2 if self._is_rail(flat, key) else 1
                if not len(marks[kind]):
                    marks[kind] = np.zeros(length, bool)
                marks[kind][max(first, 0) : last + 1] = True
        return marks

    def _remember(self, stretch: Stretch, first: int, last: int, begin: int) -> list[float]:
        """Compare with the candidates before: how alike, how many, how regular, how many lately."""
        rate = stretch.rate
        piece = stretch.wave[first:last]
        centre = first + int(np.argmax(np.abs(piece))) if len(piece) else first
        shape = np.interp(centre + SHAPE_AT_S * rate, np.arange(len(stretch.wave)), stretch.wave)
        shape /= np.sqrt(np.sum(shape**2)) + 1e-12
        at = (begin + centre) / rate
        alike = likeness(shape, [other for _, other in self._shapes]) if self._shapes else np.zeros(0)
        close = [at - when for value, (when, _) in zip(alike, self._shapes, strict=True) if value > 0.85]
        gaps = -np.diff(close) if len(close) > 1 else np.zeros(0)
        rhythm = float(np.std(gaps) / (np.mean(gaps) + 1e-9)) if len(gaps) > 1 else 2.0
        lag = self.front.pulses.since((begin + first) * self.front.decimation)
        while self._recent and at - self._recent[0].at > LONG_AGO_S:
            self._recent.popleft()
        found = [
            float(alike.max(initial=0.0)),
            float(len(close)),
            rhythm,
            float(sum(at - past.at <= LATELY_S for past in self._recent)),
            float(len(self._recent)),
            sum(past.length for past in self._recent),
            float(sum(lag < 1.0 and abs(past.lag - lag) < SAME_LAG_S for past in self._recent)),
        ]
        self._shapes.append((at, np.concatenate([NO_SHIFT, shape, NO_SHIFT])))
        self._recent.append(_Past(at, (last - first) / rate, lag))
        return found

    def _twitch(self, stretch: Stretch, reading: Reading, begin: int, probability: float) -> Twitch:
        rate = stretch.rate
        on, off = reading.onset - begin, reading.offset - begin
        noise = self.noise_rms_uv
        width = max(1, round(PEAK_S * rate))
        around = stretch.wave[max(on - width // 2, 0) : off + width // 2]
        peak = float(moving_rms(around, width).max())
        window = stretch.wave[-round(WINDOW_S * rate) :]
        peak = float(np.sqrt(max(peak**2 - noise**2, 0.0)))
        power = float(np.mean(window**2)) - noise**2
        if power <= 0.0:  # the rest of the window was calmer than the floor: what the twitch alone holds
            power = float(np.sum(stretch.wave[on:off] ** 2 - noise**2)) / len(window)
        whole = float(np.sqrt(max(power, 0.0)))
        if self.first_peak_uv is None:
            self.first_peak_uv = peak
        return Twitch(
            reading.onset / rate,
            reading.offset / rate,
            peak,
            whole,
            peak / max(self.first_peak_uv, 1e-12),
            phases(stretch.wave[on:off], noise),
            20 * float(np.log10(max(peak / max(noise, 1e-12), 1e-3))),
            probability,
            self._number,
        )

    # -- pulses, and samples that stand still or are missing ------------------------------------------------------

    def _train(self, train: Train) -> Rejected:
        rate = self.front.sampling_rate
        detail = f"a stimulator's pulses every {1000 * train.period / rate:.0f} ms, taken out"
        return Rejected(
            train.first / rate, train.last / rate, "stimulator artefact", detail, channel=self._number
        )

    def _flat_reason(self, reading: Reading, key: int) -> tuple[str, str] | None:
        front = self.front
        slack = round(0.03 * front.sampling_rate)
        on = reading.onset * front.decimation - slack
        off = reading.offset * front.decimation + slack
        rails = 0
        for flat in front.flats_between(on + 1, key):
            if flat.first >= off:
                continue
            if flat.missing and flat.last - flat.first >= SHORTEST_GAP_S * front.sampling_rate:
                return "NaN run", "samples are missing here"
            if flat.missing:
                continue
            if self._is_rail(flat, key):
                rails += flat.last - flat.first
            elif self._is_dropout(flat):
                return "dropout", "the samples stand still here"
        if rails >= max(3, 0.002 * front.sampling_rate):
            return "clipping", f"{rails} samples lie flat at the converter's limit"
        return None

    def _is_rail(self, flat: Flat, key: int) -> bool:
        """Whether a run lies far from the middle of what came in the last seconds before an input sample."""
        raw, until = self.front.raw, key // self.front.decimation
        lately = raw.between(max(until - round(MIDDLE_S * self.front.rate), 0), min(until, raw.end))
        middle = float(np.median(lately[:: max(1, self.front.hop)])) if len(lately) else 0.0
        return abs(flat.level - middle) > RAIL * self.noise_rms_uv

    def _is_dropout(self, flat: Flat) -> bool:
        return flat.last - flat.first >= max(DROPOUT_S * self.front.sampling_rate, 8)

    def _gaps(self) -> Iterator[tuple[int, Event]]:
        for flat in self.front.ended_runs():
            if gap := self._gap(flat):
                yield flat.last + 1, gap

    def _gap(self, flat: Flat) -> Rejected | None:
        rate = self.front.sampling_rate
        when = flat.first / rate, flat.last / rate
        if flat.missing:
            if flat.last - flat.first >= SHORTEST_GAP_S * rate:
                return Rejected(*when, "NaN run", "samples are missing here", channel=self._number)
        elif self._is_dropout(flat):
            return Rejected(*when, "dropout", "the samples stand still here", channel=self._number)
        return None
