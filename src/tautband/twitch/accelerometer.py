"""The mechanical answer to a twitch: from an accelerometer over the muscle, alone or beside its EMG.

Three bands of the acceleration are followed in steps of 10 ms: the slow one in which limbs and the sensor move, the
middle one in which tissue swings after a twitch, and the fast one in which a knock rings. What stands out of the middle
band is a candidate; its slow and fast bands say whether it is a movement or a bump. Axes are taken together, so that it
does not matter how the sensor is turned.
"""

from __future__ import annotations

import csv
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, sosfilt

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch

Floats = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 100.0, 30_000.0
SLOW_HZ: Final = (0.7, 5.0)
MIDDLE_HZ: Final = (8.0, 45.0)
FAST_HZ: Final = (55.0, 200.0)
HOP_S: Final = 0.01
SMOOTH_HOPS: Final = 4
FLOOR_S: Final = 10.0
WARM_UP_S: Final = 2.0
ON: Final = 6.0
"""Power of the middle band over its floor at which a candidate opens."""
OFF: Final = 4.0
EDGE_POWER: Final = 0.05
"""Edges lie where the power falls below this share of its peak, or below `OFF` times the floor."""
QUIET_HOPS: Final = 28
LONGEST_S: Final = 0.9
BUMP_RATIO: Final = 0.35
MOVEMENT_RATIO: Final = 3.0
"""Peak power of the fast and of the slow band over that of the middle one, floors taken off, from which on it is no
twitch; these and the thresholds above were set on simulated recordings that the benchmark does not use."""
CLEAR: Final = 3.0
"""The fast band must stand this many floors above its own before it speaks of a bump."""
HEAVIEST_M_S2: Final = 500.0
"""No accelerometer on a person shows this much at rest."""
LATE_S: Final = (-0.03, 0.12)
"""An answer begins within this time of the onset of its EMG."""


@dataclass(frozen=True)
class MechanicalTwitch:
    """The mechanical answer to a twitch.

    Attributes
    ----------
    onset_s, offset_s
        Edges in seconds.
    peak_m_s2
        Largest acceleration between 8 and 45 Hz, all axes together.
    relative_to_first
        That over that of the first.
    snr_db
        That over the RMS of what is there at rest, in decibels.
    """

    onset_s: float
    offset_s: float
    peak_m_s2: float
    relative_to_first: float
    snr_db: float


@dataclass(frozen=True)
class Mechanical:
    """What an accelerometer felt.

    Attributes
    ----------
    sampling_rate, channels
        Samples per second, and the names of the axes.
    twitches, rejected
        In order of time; what was rejected is a `movement`, a `bump` or a `NaN run`.
    noise_m_s2
        RMS between 8 and 45 Hz at rest, NaN where it could not be learnt.
    """

    sampling_rate: float
    channels: tuple[str, ...]
    twitches: tuple[MechanicalTwitch, ...]
    rejected: tuple[Rejected, ...]
    noise_m_s2: float


@dataclass(frozen=True)
class Agreement:
    """What the accelerometer says of a twitch in the EMG.

    Attributes
    ----------
    seen
        Whether it felt an answer.
    why
        Where it did not: `nothing`, or what it felt instead.
    delay_ms
        From the onset in the EMG to that of the answer; None without one.
    peak_m_s2
        Of the answer; None without one.
    confidence
        That of the twitch with the accelerometer taken into account: agreement strengthens it, absence says little.
    """

    seen: bool
    why: str
    delay_ms: float | None
    peak_m_s2: float | None
    confidence: float


@dataclass(eq=False)
class _Open:
    first: int
    quiet: int = 0
    missing: bool = False


class AccelerometerMonitor:
    """Detects mechanical answers while samples come in, whatever the size of the blocks.

    Parameters
    ----------
    sampling_rate
        Samples per second, 100 to 30 000.
    axes
        How many axes the sensor has.
    """

    def __init__(self, sampling_rate: float, axes: int = 1) -> None:
        if not LOWEST_HZ <= sampling_rate <= HIGHEST_HZ:
            raise TwitchError(
                f"accelerometer: {sampling_rate:g} Hz; a rate between {LOWEST_HZ:g} and {HIGHEST_HZ:g} Hz is needed"
            )
        self.sampling_rate, self.axes = float(sampling_rate), axes
        self._hop = max(1, round(HOP_S * sampling_rate))
        self.hop_s = self._hop / sampling_rate
        top = 0.45 * sampling_rate
        bands = [SLOW_HZ, MIDDLE_HZ]
        if top > 1.2 * FAST_HZ[0]:
            bands.append((FAST_HZ[0], min(FAST_HZ[1], top)))
        self.hears_bumps = len(bands) == 3
        self._filters = [butter(2, band, "bandpass", fs=sampling_rate, output="sos") for band in bands]
        self._states = [np.zeros((len(f), 2, axes)) for f in self._filters]
        self._held = np.zeros((0, axes))
        self._last: Floats | None = None
        self._offset = np.zeros(axes)
        self._floors: Floats | None = None
        self._waiting: list[tuple[Floats, float, bool]] = []
        self._recent: deque[Floats] = deque(maxlen=round(FLOOR_S / self.hop_s))
        self._smooth: deque[float] = deque(maxlen=SMOOTH_HOPS)
        self._kept: deque[tuple[Floats, float, float]] = deque(maxlen=round(2 * LONGEST_S / self.hop_s) + 40)
        self._hops = 0
        self._open: _Open | None = None
        self._first_peak: float | None = None
        self.level_m_s2 = math.nan
        """Median length of the raw vector over the first seconds, gravity included."""
        self._levels: list[float] = []

    def push(self, samples: ArrayLike) -> list[MechanicalTwitch | Rejected]:
        """Take the next samples.

        Parameters
        ----------
        samples
            m/s², shape (n,) for one axis or (n, axes); any n. NaN counts as missing.

        Returns
        -------
        list of MechanicalTwitch or Rejected
            What became known with them.
        """
        block = np.asarray(samples, float)
        block = block[:, None] if block.ndim == 1 else block
        if block.ndim != 2 or block.shape[1] != self.axes:
            raise TwitchError(f"accelerometer: shape {np.shape(samples)}; (n, {self.axes}) is needed")
        held = np.concatenate([self._held, block])
        whole = len(held) // self._hop * self._hop
        self._held = held[whole:]
        return self._take(held[:whole]) if whole else []

    def finish(self) -> list[MechanicalTwitch | Rejected]:
        """Judge what is still open; the recording has ended."""
        found = self._settle() if self._floors is None else []
        if self._open is not None:
            found += self._close()
        return found

    @property
    def noise_m_s2(self) -> float:
        """RMS of the middle band at rest, NaN while it is being learnt."""
        return math.nan if self._floors is None else math.sqrt(self._floor)

    @property
    def _floor(self) -> float:
        return 0.0 if self._floors is None else float(self._floors[1])

    def _take(self, block: Floats) -> list[MechanicalTwitch | Rejected]:
        there = np.isfinite(block).all(axis=1)
        if self._last is None:
            self._last = block[there][0] if there.any() else np.zeros(self.axes)
            self._offset = self._last
        seen = np.maximum.accumulate(np.where(there, np.arange(1, len(block) + 1), 0))
        bridged = np.concatenate([self._last[None], block])[seen]
        self._last = bridged[-1]
        if self._hops * self.hop_s < FLOOR_S:
            self._levels += np.linalg.norm(bridged[:: self._hop], axis=1).tolist()
            self.level_m_s2 = float(np.median(self._levels))
        powers = []
        peaks = np.zeros(0)
        for n, sos in enumerate(self._filters):
            wave, self._states[n] = sosfilt(sos, bridged - self._offset, axis=0, zi=self._states[n])
            length2 = np.sum(np.reshape(wave, (-1, self._hop, self.axes)) ** 2, axis=2)
            powers.append(length2.mean(axis=1))
            if n == 1:
                peaks = np.sqrt(length2.max(axis=1))
        hops = np.array(powers).T
        missing = np.asarray(~there.reshape(-1, self._hop).all(axis=1))
        found: list[MechanicalTwitch | Rejected] = []
        for power, peak, gone in zip(hops, peaks.tolist(), missing.tolist(), strict=True):
            if self._floors is None:
                self._waiting.append((power, peak, gone))
                if len(self._waiting) * self.hop_s >= WARM_UP_S:
                    found += self._settle()
            else:
                found += self._step(power, peak, gone)
        return found

    def _settle(self) -> list[MechanicalTwitch | Rejected]:
        """Learn the floor from the first seconds and go through them."""
        known = [power for power, _, gone in self._waiting if not gone]
        self._floors = np.median(known, axis=0) if known else np.zeros(len(self._filters))
        waiting, self._waiting = self._waiting, []
        return [event for hop in waiting for event in self._step(*hop)]

    def _step(self, power: Floats, peak: float, gone: bool) -> list[MechanicalTwitch | Rejected]:
        middle = float(power[1])
        self._smooth.append(middle)
        smooth = sum(self._smooth) / len(self._smooth)
        self._kept.append((power, peak, smooth))
        self._hops += 1
        if not gone:
            self._recent.append(power)
        if self._hops % round(0.5 / self.hop_s) == 0 and len(self._recent) * self.hop_s >= WARM_UP_S:
            self._floors = np.median(np.array(self._recent), axis=0)
        if self._open is None:
            if smooth > ON * self._floor > 0:
                self._open = _Open(self._hops - 1, missing=gone)
            return []
        self._open.missing |= gone
        top = max(kept[2] for kept in list(self._kept)[-(self._hops - self._open.first) :])
        self._open.quiet = self._open.quiet + 1 if smooth < max(OFF * self._floor, EDGE_POWER * top) else 0
        too_long = (self._hops - self._open.first) * self.hop_s > 2 * LONGEST_S
        return self._close() if self._open.quiet >= QUIET_HOPS or too_long else []

    def _close(self) -> list[MechanicalTwitch | Rejected]:
        assert self._open is not None
        assert self._floors is not None
        candidate, self._open = self._open, None
        kept = list(self._kept)
        start = self._hops - len(kept)
        inside = candidate.first - start
        smooth = np.array([k[2] for k in kept])
        top = inside + int(np.argmax(smooth[inside:]))
        least = max(OFF * self._floor, EDGE_POWER * smooth[top])
        first, last = top, top
        while first > 0 and smooth[first - 1] > least:
            first -= 1
        while last + 1 < len(kept) and smooth[last + 1] > least:
            last += 1
        powers = np.array([k[0] for k in kept])[max(first - SMOOTH_HOPS, 0) : last + 1].max(axis=0)
        powers = powers - self._floors
        onset, offset = (start + first) * self.hop_s, (start + last + 1) * self.hop_s
        if candidate.missing:
            return [Rejected(onset, offset, "NaN run", "samples of the accelerometer are missing here")]
        if self.hears_bumps and powers[2] > max(BUMP_RATIO * powers[1], CLEAR * self._floors[2]):
            return [Rejected(onset, offset, "bump", f"rings above {FAST_HZ[0]:g} Hz")]
        if powers[0] > MOVEMENT_RATIO * powers[1]:
            return [Rejected(onset, offset, "movement", f"most of it lies below {SLOW_HZ[1]:g} Hz")]
        if offset - onset > LONGEST_S:
            return [Rejected(onset, offset, "movement", f"longer than {LONGEST_S:g} s")]
        peak = max(k[1] for k in kept[first : last + 1])
        if self._first_peak is None:
            self._first_peak = peak
        return [
            MechanicalTwitch(
                onset,
                offset,
                peak,
                peak / self._first_peak,
                20 * math.log10(peak / max(self.noise_m_s2, 1e-12)),
            )
        ]


def mechanical(
    blocks: Iterable[ArrayLike], sampling_rate: float, *, channels: Sequence[str] = ("ACC",)
) -> Mechanical:
    """Analyse an accelerometer, block by block, in memory that does not grow with its length.

    Parameters
    ----------
    blocks
        m/s², each of shape (n,) for one axis or (n, axes).
    sampling_rate
        Samples per second, 100 to 30 000; below 147 a bump cannot be told from a twitch.
    channels
        Names of the axes.

    Returns
    -------
    Mechanical
        Answers and rejections.

    Raises
    ------
    TwitchError
        If the rate is out of range, nothing was recorded, or the unit is plainly wrong.
    """
    monitor = AccelerometerMonitor(sampling_rate, len(channels))
    found: list[MechanicalTwitch | Rejected] = []
    samples = 0
    for block in blocks:
        samples += len(np.asarray(block))
        found += monitor.push(block)
    if samples == 0:
        raise TwitchError("accelerometer: it holds no sample")
    if monitor.level_m_s2 > HEAVIEST_M_S2:
        raise TwitchError(
            f"accelerometer: {monitor.level_m_s2:.3g} m/s² at rest, where gravity is 9.81; the unit is wrong, "
            f"give the true one (g, mg or m/s2)"
        )
    found += monitor.finish()
    return Mechanical(
        float(sampling_rate),
        tuple(channels),
        tuple(e for e in found if isinstance(e, MechanicalTwitch)),
        tuple(e for e in found if isinstance(e, Rejected)),
        monitor.noise_m_s2,
    )


Event = TypeVar("Event", MechanicalTwitch, Rejected)


def shifted(felt: Mechanical, seconds: float) -> Mechanical:
    """Give the same on the clock of the EMG, which began so many seconds earlier; what lies before it is left out."""

    def moved(event: Event) -> Event:
        return replace(event, onset_s=event.onset_s + seconds, offset_s=event.offset_s + seconds)

    return replace(
        felt,
        twitches=tuple(moved(m) for m in felt.twitches if m.onset_s + seconds >= 0),
        rejected=tuple(moved(r) for r in felt.rejected if r.onset_s + seconds >= 0),
    )


@cache
def likelihood_ratios() -> dict[str, float]:
    """Read how much more often a true twitch than a false one comes with an answer, and without."""
    text = files("tautband.twitch").joinpath("data", "accelerometer.csv").read_text(encoding="utf-8")
    return {row["id"]: float(row["likelihood_ratio"]) for row in csv.DictReader(text.splitlines())}


def agreement(twitches: Sequence[Twitch], felt: Mechanical) -> tuple[Agreement, ...]:
    """Say of each twitch in the EMG whether the accelerometer felt an answer.

    Parameters
    ----------
    twitches
        From the EMG.
    felt
        From the accelerometer, on the same clock.

    Returns
    -------
    tuple of Agreement
        In the order of the twitches; an answer belongs to one twitch only.
    """
    free = list(felt.twitches)
    ratios = likelihood_ratios()
    found = []
    for twitch in twitches:
        near = [m for m in free if LATE_S[0] <= m.onset_s - twitch.onset_s <= LATE_S[1]]
        if near:
            answer = min(near, key=lambda m: abs(m.onset_s - twitch.onset_s))
            free.remove(answer)
            delay = 1000 * (answer.onset_s - twitch.onset_s)
            sure = _strengthened(twitch.confidence, ratios["felt"])
            found.append(Agreement(True, "", delay, answer.peak_m_s2, sure))
            continue
        others = [
            r.why
            for r in felt.rejected
            if r.onset_s < twitch.offset_s + LATE_S[1] and r.offset_s > twitch.onset_s + LATE_S[0]
        ]
        why = others[0] if others else "nothing"
        sure = _strengthened(twitch.confidence, 1.0 if others else ratios["nothing felt"])
        found.append(Agreement(False, why, None, None, sure))
    return tuple(found)


def felt_alone(twitches: Sequence[Twitch], felt: Mechanical) -> tuple[MechanicalTwitch, ...]:
    """Give the answers that belong to no twitch of the EMG: it may have missed them."""
    onsets = [t.onset_s for t in twitches]
    return tuple(m for m in felt.twitches if not any(LATE_S[0] <= m.onset_s - o <= LATE_S[1] for o in onsets))


def _strengthened(confidence: float, ratio: float) -> float:
    odds = confidence / max(1 - confidence, 1e-9) * ratio
    return odds / (1 + odds)


def write_mechanical(felt: Mechanical) -> dict[str, Any]:
    """Write what an accelerometer felt as a `tautband.mechanical/1`.

    Parameters
    ----------
    felt
        The analysis.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "schema": "tautband.mechanical/1",
        "sampling_rate_hz": felt.sampling_rate,
        "channels": list(felt.channels),
        "noise_m_s2": round(felt.noise_m_s2, 6) if math.isfinite(felt.noise_m_s2) else None,
        "twitches": [
            {
                "onset_s": round(m.onset_s, 4),
                "offset_s": round(m.offset_s, 4),
                "peak_m_s2": round(m.peak_m_s2, 5),
                "relative_to_first": round(m.relative_to_first, 4),
                "snr_db": round(m.snr_db, 2),
            }
            for m in felt.twitches
        ],
        "rejected": [
            {
                "onset_s": round(r.onset_s, 4),
                "offset_s": round(r.offset_s, 4),
                "why": r.why,
                "detail": r.detail,
            }
            for r in felt.rejected
        ],
    }


def write_agreement(one: Agreement) -> dict[str, Any]:
    """Write what the accelerometer says of a twitch, as its `mechanical` in a `tautband.twitches/1`.

    Parameters
    ----------
    one
        Of that twitch.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "seen": one.seen,
        "why": one.why,
        "delay_ms": None if one.delay_ms is None else round(one.delay_ms, 1),
        "peak_m_s2": None if one.peak_m_s2 is None else round(one.peak_m_s2, 5),
        "confidence": round(one.confidence, 4),
    }
