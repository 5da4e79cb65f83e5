"""From raw samples to a spectrogram over its own noise floor, sample-exact whatever the block size.

Samples are conditioned (missing ones bridged, decimated to about 2 kHz, high-passed, hum notched out where it is)
and cut into Hann frames of 32 ms every 8 ms. Each bin is divided by a running noise floor; two weighted sums over the
bins give a likelihood-ratio statistic for a twitch seen from the skin and for one seen by a needle.

Whatever depends on more than one sample is anchored to absolute time: recursions keep their state, frames start at
multiples of the hop, the floor is renewed at multiples of the tick. No sum depends on how samples arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter_zi

from tautband.twitch.hum import HUM_HZ, notches
from tautband.twitch.measure import measurable, within_band
from tautband.twitch.pulses import PulseFilter
from tautband.twitch.quick import cascade, recurse, spectra

Floats = NDArray[np.float64]

HOP_S: Final = 0.008
HOPS_PER_FRAME: Final = 4
TICK_S: Final = 0.5
WARM_UP_TICKS: Final = 2
LONG_FLOOR_S: Final = 8.0
SHORT_FLOOR_S: Final = 1.5
FLOOR_QUANTILE: Final = 0.4
RAISED: Final = 2.0
"""A floor with this many times the power of the quietest recent time may fall at once."""
FALL_HOPS: Final = (5, 21)
"""Hops before a frame, none of which it shares samples with, whose mean the fallen floor follows."""
HOLD_HOPS: Final = 64
"""Hops for which a fallen floor stays down."""
MARGIN: Final = 1.4
LOWEST_LEFT: Final = 0.03
"""A fallen floor stays so many times above what is left, and never falls below this share of what it was."""
HIGH_PASS_HZ: Final = 20.0
NEEDED_RATE_HZ: Final = 1900.0
KEEP_S: Final = 3.0
"""Conditioned samples kept to measure a candidate."""
SHORTEST_RUN: Final = 3
"""Equal samples in a row that are noted."""
SETTLING_S: Final = 0.4
"""What a notch needs to swing in; left out of the floor."""
TEMPLATES_HZ: Final = (45.0, 110.0)
"""Scale of the spectra f² exp(-f / scale) of the two templates: medians of 120 Hz (skin) and 294 Hz (needle)."""
TEMPLATE_SNR: Final = 2.0
"""Mean signal-to-noise power ratio over the band at which the templates are optimal."""


class Tape:
    """The last part of an endless sequence, addressed by absolute index.

    Parameters
    ----------
    keep
        How many of the last rows are always there.
    room
        Most rows that come at once.
    shape
        Of a row.
    lead
        Rows of zeros before the first, for frames that begin before it.
    """

    def __init__(self, keep: int, room: int, shape: tuple[int, ...] = (), lead: int = 0) -> None:
        self._data = np.zeros((lead + 2 * (keep + room), *shape))
        self._keep = keep
        self._lead = lead
        self._first = 0  # absolute index of row 0
        self.end = 0

    @property
    def start(self) -> int:
        """Oldest index that is still kept."""
        return self._first

    def append(self, rows: Floats) -> None:
        """Add rows at the end, dropping the oldest when there is no room."""
        used = self._lead + self.end - self._first
        if used + len(rows) > len(self._data):
            kept = min(self.end - self._first, self._keep)
            self._data[self._lead : self._lead + kept] = self._data[used - kept : used]
            self._first, used = self.end - kept, self._lead + kept
        self._data[used : used + len(rows)] = rows
        self.end += len(rows)

    def replace(self, rows: Floats) -> None:
        """Write the last rows anew."""
        at = self._lead + self.end - self._first
        self._data[at - len(rows) : at] = rows

    def frames(self, first: int, count: int, length: int, hop: int) -> Floats:
        """Give overlapping frames as a view, shape (count, length); what is before the start reads as zero."""
        at = first - self._first + self._lead
        stride = self._data.strides[0]
        return np.ndarray((count, length), float, self._data, at * stride, (hop * stride, stride))

    def between(self, first: int, last: int) -> Floats:
        """Give the rows from `first` up to `last`, cut to what is kept."""
        start = self._lead + max(first - self._first, 0)
        return self._data[start : self._lead + max(min(last, self.end) - self._first, 0)]


def _steps(part: Floats, before: float) -> Floats:
    steps = np.empty(len(part))
    steps[0] = part[0] - before
    np.subtract(part[1:], part[:-1], out=steps[1:])
    return steps


def over_last(values: Floats, both: np.ufunc, width: int) -> Floats:
    """Sum or extreme of so many columns, a power of two, that end with each; always in the same order."""
    step = 1
    while step < width:
        values = both(values[:, :-step], values[:, step:])
        step *= 2
    return values


@dataclass(frozen=True)
class Flat:
    """A run of samples that stand still or are missing, in input samples."""

    first: int
    last: int
    level: float
    missing: bool


class FrontEnd:
    """Conditioning, frames, floor and statistic of one channel.

    Parameters
    ----------
    sampling_rate
        Input samples per second.
    """

    def __init__(self, sampling_rate: float) -> None:
        self.sampling_rate = sampling_rate
        self.decimation = max(1, int(sampling_rate / NEEDED_RATE_HZ))
        self.rate = sampling_rate / self.decimation
        self.hop = max(1, round(HOP_S * self.rate))
        self.frame = HOPS_PER_FRAME * self.hop
        self.tick = max(1, round(TICK_S * self.rate / self.hop)) * self.hop * self.decimation
        self.hops_per_tick = self.tick // (self.hop * self.decimation)
        frequency = np.fft.rfftfreq(self.frame, 1 / self.rate)
        top = min(900.0, 0.42 * self.rate)
        self._bins = slice(1, max(2, int(np.searchsorted(frequency, top))))
        self.frequency = np.asarray(frequency[self._bins], np.float64)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(self.frame) + 0.5) / self.frame)
        self._window = window / np.sqrt(np.sum(window**2))
        room = self.tick // self.decimation
        keep = self._kept = round(KEEP_S * self.rate)
        self._hann = np.hanning(WARM_UP_TICKS * room)  # so hum is found before the first floor is learnt
        self.raw = Tape(keep, room)
        self.wave = Tape(keep, room, lead=self.frame)
        self.flats: list[Flat] = []
        self._ended: list[Flat] = []
        self.floor: Floats | None = None
        self.quiet: Floats | None = None
        """Floor of the quietest recent time: what a slow contraction rises from."""
        shapes = [self.frequency**2 * np.exp(-self.frequency / scale) for scale in TEMPLATES_HZ]
        self._shares = np.array([shape / shape.sum() for shape in shapes])
        self._weights = np.zeros((2, len(self.frequency)))
        self._levels: Floats | None = None
        self._rows_long = round(LONG_FLOOR_S / (HOPS_PER_FRAME * self.hop / self.rate))
        self._rows_short = round(SHORT_FLOOR_S / (HOPS_PER_FRAME * self.hop / self.rate))
        self._history = Tape(self._rows_long, self.hops_per_tick, (len(self.frequency),))
        self._none = np.zeros((0, len(self.frequency)))
        self._floors: list[Floats] = []
        self._waiting: list[Floats] = []
        self.pulses = PulseFilter(sampling_rate)
        self._steps: list[Floats] = []
        self._offset_uv: float | None = None
        self.samples = 0
        self.hops = 0
        self._ticks = 0
        self._last_value = np.nan
        self._run_start = 0
        self._run_missing = False
        self._hum: dict[float, tuple[Floats, Floats]] = {}
        b, a = butter(4, min(HIGH_PASS_HZ, 0.2 * self.rate), "highpass", fs=self.rate)
        self._high_pass = [b, a, np.zeros(4)]
        if self.decimation > 1:
            self._anti_alias = butter(8, 0.42 * self.rate, fs=sampling_rate, output="sos")
            self._anti_alias_state = np.zeros((len(self._anti_alias), 2))

    def feed(self, samples: Floats) -> Iterator[tuple[int, Floats]]:
        """Take samples and give the new statistics.

        Parameters
        ----------
        samples
            Shape (n,), microvolts, any n.

        Yields
        ------
        first
            Absolute index of the first hop given.
        statistic
            Shape (hops, 2): the two templates' sums over their bins, noise having mean 0 and variance about 1.
        """
        samples, at = measurable(samples), 0
        while at < len(samples):
            room = self.tick - self.samples % self.tick
            part = samples[at : at + room]
            at += len(part)
            first = self.hops
            new = self._take(part)
            if self.floor is not None:
                if len(new):
                    yield first, self._judge(new)
            else:
                self._waiting.append(new)
            if self.samples % self.tick == 0:
                self._on_tick()
                if self.floor is None and self._ticks >= WARM_UP_TICKS:
                    yield from self.settle()

    def settle(self) -> Iterator[tuple[int, Floats]]:
        """Learn the floor from what has come so far and give the statistics held back until then."""
        if self._waiting:
            self._learn()
            held = np.concatenate(self._waiting)
            self._waiting.clear()  # without a floor there was nothing but missing or standing samples
            if self._knows_floor and len(held):
                yield self.hops - len(held), self._judge(held)

    def _take(self, part: Floats) -> Floats:
        taken = len(part)
        part, steps = self._bridge(part)
        self._steps.append(steps)
        part = self.pulses.clean(part, steps)
        if self.decimation > 1:
            part, self._anti_alias_state = cascade(self._anti_alias, part, self._anti_alias_state)
            part = part[-self.samples % self.decimation :: self.decimation]
        self.samples += taken
        if len(part) == 0:
            return self._none
        self.raw.append(part)
        b, a, state = self._high_pass
        part, self._high_pass[2] = recurse(b, a, part, state)
        for base, (sections, state) in self._hum.items():
            part, state = cascade(sections, part, state)
            self._hum[base] = (sections, state)
        self.wave.append(part)
        ready = self.wave.end // self.hop - self.hops
        if ready <= 0:
            return self._none
        power = self._powers(self.hops, ready)
        self._remember(self.hops, power)
        self.hops += ready
        return power

    def _powers(self, first: int, count: int) -> Floats:
        """Spectra of the frames that end with some hops, shape (count, bins)."""
        frames = self.wave.frames(first * self.hop - (self.frame - self.hop), count, self.frame, self.hop)
        spectrum = spectra(frames * self._window)[:, self._bins]
        return np.asarray(spectrum.real**2 + spectrum.imag**2, float)

    def _remember(self, first: int, power: Floats) -> None:
        """Put the frames that do not overlap, and that no standing run spoils, into the floor's history."""
        whole = range(-(first + 1) % HOPS_PER_FRAME, len(power), HOPS_PER_FRAME)
        if whole:
            rows = power[whole.start :: HOPS_PER_FRAME]
            in_run = self._run_missing or self.samples - self._run_start >= SHORTEST_RUN
            if (self.flats or in_run) and (stuck := self._stuck_runs(first * self.hop * self.decimation)):
                rows = rows[[not self._spoilt(first + n + 1, stuck) for n in whole]]
            self._history.append(rows)

    # -- missing and flat samples -----------------------------------------------------------------------------------

    def _stuck_runs(self, since: int) -> list[Flat]:
        """Runs of a hop or longer that end after the frame before an input sample; the open one among them."""
        open_run = Flat(self._run_start, self.samples, self._last_value, self._run_missing)
        enough, since = self.hop * self.decimation, since - self.frame * self.decimation
        runs = [f for f in self.flats[-64:] if f.last > since and (f.missing or f.last - f.first >= enough)]
        if open_run.missing or open_run.last - open_run.first >= enough:
            runs.append(open_run)
        return runs

    def _spoilt(self, hop_end: int, stuck: list[Flat]) -> bool:
        """Whether the frame that ends with a hop touches a run that has shown by then that it stands still."""
        end, enough = hop_end * self.hop * self.decimation, self.hop * self.decimation
        return any(
            f.first < end
            and f.last > end - self.frame * self.decimation
            and (f.missing or min(f.last, end) - f.first >= enough)
            for f in stuck
        )

    def _bridge(self, part: Floats) -> tuple[Floats, Floats]:
        """Note runs that stand still or are missing; replace what is missing by the last value; give steps, too."""
        if self._offset_uv is None:
            there = part[np.isfinite(part)]
            self._offset_uv = float(there[0]) if len(there) else None
        part = part - (self._offset_uv or 0.0)
        before = self._last_value
        plain = isfinite(before) and isfinite(np.dot(part, part)) and not self._run_missing
        steps = _steps(part, before) if plain else np.zeros(0)
        if plain and np.count_nonzero(steps) == len(steps):
            if self.samples - self._run_start >= SHORTEST_RUN:
                self._close_run(self.samples)
            self._run_start = self.samples + len(part) - 1
        else:
            part, steps = self._bridge_slowly(part, before)
        self._last_value = float(part[-1])
        return part, steps

    def _bridge_slowly(self, part: Floats, before: float) -> tuple[Floats, Floats]:
        missing = ~np.isfinite(part)
        held = 0.0 if np.isnan(before) else before
        where = np.where(missing, 0, np.arange(1, len(part) + 1))
        np.maximum.accumulate(where, out=where)
        part = np.concatenate([[held], part])[where]
        steps = _steps(part, before)
        state_before = np.concatenate([[self._run_missing], missing[:-1]])
        changes = np.flatnonzero((steps != 0.0) & ~missing | (missing != state_before))
        for change in changes:
            self._last_value = float(part[change - 1]) if change else before
            self._close_run(self.samples + int(change))
            self._run_start = self.samples + int(change)
            self._run_missing = bool(missing[change])
        steps[0] = np.nan_to_num(steps[0])
        return part, steps

    def _close_run(self, at: int) -> None:
        if self._run_missing or at - self._run_start >= SHORTEST_RUN:
            self.flats.append(Flat(self._run_start, at, self._last_value, self._run_missing))
            self._ended.append(self.flats[-1])
            oldest = self.samples - round(KEEP_S * self.sampling_rate)
            if self.flats[0].last < oldest - self.tick:
                self.flats = [f for f in self.flats if f.last >= oldest]

    @property
    def has_ended_runs(self) -> bool:
        """Whether `ended_runs` has something to give."""
        return bool(self._ended)

    def ended_runs(self) -> list[Flat]:
        """Give the runs that ended since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    @property
    def open_run(self) -> Flat:
        """The run of equal or missing samples that the last sample belongs to, if only alone."""
        return Flat(self._run_start, self.samples, self._last_value, self._run_missing)

    def flats_between(self, first: int, until: int) -> list[Flat]:
        """Give the runs known at the time of an input sample that end at another or later, cut there."""
        found = []
        for run in (self.open_run, *reversed(self.flats)):
            if run.last < first:
                break
            last = min(run.last, until)
            # what is noted when it ends must not have counted before because it was open
            if (run.missing and run.first < until) or last - run.first >= SHORTEST_RUN:
                found.append(replace(run, last=last))
        return found[::-1]

    # -- the floor --------------------------------------------------------------------------------------------------

    def _on_tick(self) -> None:
        self._ticks += 1
        self.pulses.learn(np.concatenate(self._steps))
        self._steps.clear()
        if self._ticks >= WARM_UP_TICKS and self._ticks % 2 == 0:
            self._look_for_hum()
        if self.floor is not None:
            self._learn()

    def _learn(self) -> None:
        rows = self._history
        if rows.end == 0:
            return
        scale = -np.log(1 - FLOOR_QUANTILE)

        def quantile(count: int) -> Floats:
            by_bin = rows.between(rows.end - count, rows.end).T.copy()
            place = int(FLOOR_QUANTILE * by_bin.shape[1])
            by_bin.partition(place, axis=1)
            return np.asarray(by_bin[:, place] / scale, float)

        long, short = quantile(self._rows_long), quantile(self._rows_short)
        floor = np.maximum(long, short)
        smooth = np.log(np.maximum(floor, 1e-12 * max(float(floor.max()), 1e-30)))
        padded = np.concatenate([smooth[:1], smooth, smooth[-1:]])
        self.floor = np.exp(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:])
        self._floors = [*self._floors[-19:], short]
        self.quiet = np.minimum.reduce(self._floors)
        self._aim()

    def _aim(self) -> None:
        """Weights of the two templates over the present floor: g / (1 + g) for a signal-to-noise ratio g per bin."""
        assert self.floor is not None
        assert self.quiet is not None
        self.is_raised = bool(self.floor.sum() > RAISED * self.quiet.sum())
        gain = TEMPLATE_SNR * self._shares * self.floor.sum() / within_band(self.frequency, self.floor)
        weight = gain / (1 + gain)
        weight /= np.sqrt(np.add.reduce(weight**2, axis=1, keepdims=True))
        self._weights = weight / self.floor
        self._offset = np.add.reduce(self._weights * self.floor, axis=1, keepdims=True)

    def _judge(self, power: Floats) -> Floats:
        sums = np.add.reduce(power * self._weights[:, None, :], axis=2)
        if self.is_raised:
            sums /= self._left(sums / self._offset)
        else:
            self._levels = None
        sums -= self._offset
        return np.asarray(sums.T, float)

    def _left(self, levels: Floats) -> Floats:
        """Share of the floor that is left, when what raised it has just ended: shape (2, hops), 1 at most."""
        nearest, farthest = FALL_HOPS
        if self._levels is None:
            self._levels = np.ones((2, HOLD_HOPS + farthest - 2))
        whole = np.concatenate([self._levels, levels], axis=1)
        self._levels = whole[:, levels.shape[1] :]
        width = farthest - nearest
        lately = over_last(whole[:, : 1 - nearest], np.add, width) / width
        lowest = over_last(lately, np.minimum, HOLD_HOPS)[:, -levels.shape[1] :]
        return np.asarray(np.minimum(np.maximum(MARGIN * lowest, LOWEST_LEFT), 1.0), float)

    # -- hum --------------------------------------------------------------------------------------------------------

    def _look_for_hum(self) -> None:
        """Switch notches on where a line of the mains stands out."""
        span = len(self._hann)
        recent = self.raw.between(self.raw.end - span, self.raw.end)
        if len(recent) < span or len(self._hum) == len(HUM_HZ):
            return
        waves = spectra(((recent - recent.mean()) * self._hann)[None])[0]
        step = self.rate / span
        found = []
        for base in HUM_HZ:
            if base in self._hum or base > 0.45 * self.rate:
                continue
            centre = round(base / step)
            power = np.abs(waves[centre - 8 : centre + 9]) ** 2
            line = power[7:10].sum()
            around = np.concatenate([power[:5], power[12:]])
            middle = np.sort(around)[len(around) // 2 - 1 : len(around) // 2 + 1].mean()
            if line > 3 * 20 * middle and line > 6 * around.max():
                found.append(base)
        if found:
            self._switch_on(found)

    def _switch_on(self, bases: list[float]) -> None:
        """Take the lines out of the last seconds, too, so that the floor does not hold them any more."""
        b, a, _ = self._high_pass
        settled = self.raw.between(self.raw.end - self._kept, self.raw.end)
        settled, _ = recurse(b, a, settled, lfilter_zi(b, a) * settled[0])
        for base in bases:
            sections = notches(base, self.rate)
            self._hum[base] = (sections, np.zeros((len(sections), 2)))
        for base, (sections, _) in self._hum.items():
            settled, state = cascade(sections, settled, np.zeros((len(sections), 2)))
            self._hum[base] = (sections, state)
        settled[: round(SETTLING_S * self.rate)] = 0.0
        self.wave.replace(settled)
        first = -(-(self.wave.end - len(settled)) // self.hop) + HOPS_PER_FRAME
        first = max(first, 0)
        power = self._powers(first, self.hops - first)
        if self._waiting:  # nothing was judged yet
            quiet = np.zeros((first, power.shape[1]))
            self._waiting = [np.concatenate([quiet, power])]
        settling = round((SETTLING_S * self.rate + self.frame) / self.hop)
        self._history = Tape(self._rows_long, self.hops_per_tick, (len(self.frequency),))
        self._floors.clear()
        for start in range(first + settling, self.hops, self.hops_per_tick):
            self._remember(start, self._powers(start, min(self.hops_per_tick, self.hops - start)))

    @property
    def _knows_floor(self) -> bool:
        return self.floor is not None

    @property
    def hum(self) -> tuple[float, ...]:
        """Mains frequencies found and notched out."""
        return tuple(self._hum)
