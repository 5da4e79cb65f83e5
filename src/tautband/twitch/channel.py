"""One channel: from the statistic to candidates, and from candidates to what they are.

A candidate begins where the statistic of one, two or four frames passes its threshold, and is over when it stays low
for 56 ms; 40 ms later it is measured and judged. Two readings of its edges are tried, with and without what lies below
80 Hz, so that a twitch on the back of a needle movement keeps its own edges; the likelier reading counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tautband.twitch.events import Candidate, Event, Rejected, Twitch
from tautband.twitch.frontend import HOPS_PER_FRAME, WARM_UP_TICKS, Flat, Floats, FrontEnd
from tautband.twitch.judge import Verdict
from tautband.twitch.measure import (
    PEAK_S,
    Stretch,
    edges,
    features,
    likeness,
    moving_rms,
    phases,
    whiten,
    widen,
)

ON: Final = (6.0, 4.6, 4.2)
"""Thresholds of the statistic over one, two and four frames, in standard deviations."""
OFF: Final = 2.0
GAP_HOPS: Final = 7
AFTER_HOPS: Final = 5
LONGEST_S: Final = 1.5
CARRY: Final = 12
REACH_S: Final = 0.05
HIGH_HZ: Final = 80.0
WINDOW_S: Final = 0.5
LEAST_EVIDENCE: Final = 5.0
"""Readings with less log likelihood ratio than this are noise; nothing else of them is looked at."""
CROWDED_S: Final = 0.2
CROWDED_QUANTILE: Final = 0.4
SHAPE_S: Final = 0.12
SHAPE_POINTS: Final = 96
REMEMBERED: Final = 12
SHORTEST_GAP_S: Final = 0.005
DROPOUT_S: Final = 0.02
RAIL: Final = 8.0
"""A flat run this many noise RMS away from the baseline is a rail."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One reading of a candidate's edges.

    Attributes
    ----------
    onset, offset
        Conditioned samples from the start of the recording.
    features
        What the judge sees.
    """

    onset: int
    offset: int
    features: Floats


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate with all its readings, as the judge gets it."""

    readings: tuple[Reading, ...]
    rate: float


@dataclass(eq=False)
class _Open:
    first: int
    warm: int
    closed: int | None = None
    best: tuple[float, float, float] = (0.0, 0.0, 0.0)


def _larger(pairs: Floats) -> Floats:
    return np.maximum(pairs[:, 0], pairs[:, 1])


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
        self._carry = np.zeros((CARRY, 2))
        self._open: _Open | None = None
        self._closed: deque[_Open] = deque()
        self._shapes: deque[tuple[float, Floats]] = deque(maxlen=REMEMBERED)
        self._recent: deque[float] = deque(maxlen=32)
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
        events += self._gaps()
        events.sort(key=lambda e: e[0])
        return events

    def finish(self) -> list[tuple[int, Event]]:
        """Judge what is still open at the end of the recording."""
        events: list[tuple[int, Event]] = []
        for first, statistic in self.front.settle():
            events += self._advance(first, statistic)
        if self._open is not None:
            self._closed.append(self._open)
            self._open = None
        while self._closed:
            events += self._measure(self._closed.popleft(), self.front.hops)
        if self.front.samples and (gap := self._gap(self.front.flats_until(self.front.samples)[-1])):
            events.append((self.front.samples, gap))
        return events

    # -- from the statistic to candidates ---------------------------------------------------------------------------

    def _advance(self, first: int, z: Floats) -> Iterator[tuple[int, Event]]:
        whole = np.concatenate([self._carry, z])
        self._carry = whole[-CARRY:]
        two = whole[4:] + whole[:-4]
        four = two[8:] + two[:-8]
        now = _larger(z)
        over = (now, _larger(two[8:]) / 1.4142135623730951, _larger(four) / 2)
        hot = (over[0] > ON[0]) | (over[1] > ON[1]) | (over[2] > ON[2])
        if self._open is None and not self._closed and not np.count_nonzero(hot):
            return
        warm = (now > OFF).tolist()
        longest = round(LONGEST_S * self.front.rate / self.front.hop)
        for i, is_hot in enumerate(hot.tolist()):
            hop = first + i
            if self._open is None:
                if is_hot:
                    self._open = _Open(hop, hop)
                    start = max(hop + 1 - HOPS_PER_FRAME, 0) * self.front.hop / self.front.rate
                    yield self._key(hop), Candidate(start, self._number)
            elif warm[i]:
                self._open.warm = hop
            if self._open is not None:
                here = (float(over[0][i]), float(over[1][i]), float(over[2][i]))
                best = self._open.best
                self._open.best = (max(best[0], here[0]), max(best[1], here[1]), max(best[2], here[2]))
            if self._open is not None and (
                hop - self._open.warm >= GAP_HOPS or hop - self._open.first >= longest
            ):
                self._open.closed = hop
                self._closed.append(self._open)
                self._open = None
            while self._closed and hop >= (self._closed[0].closed or 0) + AFTER_HOPS:
                yield from self._measure(self._closed.popleft(), hop + 1)

    def _key(self, hop: int) -> int:
        front = self.front
        return max((hop + 1) * front.hop * front.decimation, WARM_UP_TICKS * front.tick)

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
            front.floor,
            front.quiet,
        )
        first = max((candidate.first + 1 - HOPS_PER_FRAME) * front.hop - begin, 0)
        last = min((candidate.warm + 1) * front.hop - begin, len(stretch.wave))
        judged = self._read(stretch, first, last, begin, candidate.best)
        verdicts = self._judge(judged)
        if not verdicts:
            return
        best = int(np.argmax([v.probability for v in verdicts]))
        reading, verdict = judged.readings[best], verdicts[best]
        key = self._key(hops - 1)
        onset_s, offset_s = reading.onset / rate, reading.offset / rate
        flat = self._flat_reason(reading, key)
        if flat is not None:
            yield key, Rejected(onset_s, offset_s, *flat, channel=self._number)
        elif verdict.probability >= verdict.threshold and reading.onset >= self._last_offset:
            self._last_offset = reading.offset
            yield key, self._twitch(stretch, reading, begin, verdict.probability)
        elif verdict.why != "noise":
            yield (
                key,
                Rejected(
                    onset_s, offset_s, verdict.why, verdict.detail, 1 - verdict.probability, self._number
                ),
            )

    def _read(
        self, stretch: Stretch, first: int, last: int, begin: int, best: tuple[float, float, float]
    ) -> Judged:
        rate = stretch.rate
        memory = [
            *self._remember(stretch, first, last, begin),
            *np.log10(np.maximum(best, 0.1)),
            np.log10(rate),
        ]
        whites = [
            whiten(stretch.wave, rate, stretch.frequency, stretch.floor, low) for low in (20.0, HIGH_HZ)
        ]
        step = max(1, round(0.004 * rate)) * (2 if last - first > 0.5 * rate else 1)
        reach = round(REACH_S * rate)
        found = [(0.0, *edges(white, first, last, reach, step), white) for white in whites]
        if last - first > CROWDED_S * rate:
            for white in whites:  # the most prominent part of something long, over its own level
                level = np.quantile(moving_rms(white[first:last], round(0.03 * rate)), CROWDED_QUANTILE)
                found.append((1.0, *edges(white / max(float(level), 1.0), first, last, reach, step), white))
        readings: list[Reading] = []
        for crowded, on, off, evidence, white in found:
            if evidence < LEAST_EVIDENCE:
                continue
            on, off = widen(white, on, off, rate)
            if any(abs(r.onset - begin - on) + abs(r.offset - begin - off) < 0.01 * rate for r in readings):
                continue
            numbers = features(stretch, whites[0], whites[1], on, off, evidence)
            readings.append(
                Reading(
                    begin + on,
                    begin + off,
                    np.concatenate([numbers, memory, [crowded, (last - first) / rate]]),
                )
            )
        return Judged(tuple(readings), rate)

    def _remember(self, stretch: Stretch, first: int, last: int, begin: int) -> list[float]:
        """Compare with the candidates before: how alike, how many, how regular, how many lately."""
        rate = stretch.rate
        piece = stretch.wave[first:last]
        centre = first + int(np.argmax(np.abs(piece))) if len(piece) else first
        half = SHAPE_S / 2 * rate
        places = np.linspace(centre - half, centre + half, SHAPE_POINTS)
        shape = np.interp(places, np.arange(len(stretch.wave)), stretch.wave)
        shape /= np.sqrt(np.sum(shape**2)) + 1e-12
        at = (begin + centre) / rate
        alike = [(likeness(shape, other), at - when) for when, other in self._shapes]
        close = [gap for value, gap in alike if value > 0.85]
        gaps = -np.diff(close) if len(close) > 1 else np.zeros(0)
        rhythm = float(np.std(gaps) / (np.mean(gaps) + 1e-9)) if len(gaps) > 1 else 2.0
        while self._recent and at - self._recent[0] > 3.0:
            self._recent.popleft()
        found = [
            max((value for value, _ in alike), default=0.0),
            float(len(close)),
            rhythm,
            float(len(self._recent)),
        ]
        self._shapes.append((at, shape))
        self._recent.append(at)
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
        whole = float(np.sqrt(max(float(np.mean(window**2)) - noise**2, 0.0)))
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

    # -- samples that stand still or are missing --------------------------------------------------------------------

    def _flat_reason(self, reading: Reading, key: int) -> tuple[str, str] | None:
        front = self.front
        slack = round(0.03 * front.sampling_rate)
        on = reading.onset * front.decimation - slack
        off = reading.offset * front.decimation + slack
        rails = 0
        for flat in front.flats_until(key):
            if flat.last <= on or flat.first >= off:
                continue
            if flat.missing and flat.last - flat.first >= SHORTEST_GAP_S * front.sampling_rate:
                return "NaN run", "samples are missing here"
            if flat.missing:
                continue
            if self._is_rail(flat):
                rails += flat.last - flat.first
            elif self._is_dropout(flat):
                return "dropout", "the samples stand still here"
        if rails >= max(3, 0.002 * front.sampling_rate):
            return "clipping", f"{rails} samples lie flat at the converter's limit"
        return None

    def _is_rail(self, flat: Flat) -> bool:
        raw = self.front.raw
        middle = (
            float(np.median(raw.between(raw.start, raw.end)[:: max(1, self.front.hop)])) if raw.end else 0.0
        )
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
