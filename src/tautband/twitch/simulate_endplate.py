"""End-plate activity of known rate and amplitude, as a needle records it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tautband.twitch.simulate import FINE_HZ, end_plate_spike

Signal = NDArray[np.float64]

LEAST_INTERVAL_S = 0.008
NOISE_BAND_HZ = (40.0, 800.0)


@dataclass(frozen=True, eq=False)
class SimulatedEndPlate:
    """A stretch of end-plate activity.

    Attributes
    ----------
    signal
        Microvolts, shape (samples,).
    spikes_s
        When each spike begins.
    spike_uv
        Peak to peak of the spike that is scattered by a tenth.
    """

    signal: Signal
    spikes_s: Signal
    spike_uv: float


def simulate_end_plate(
    duration_s: float,
    sampling_rate: float,
    chance: Generator,
    *,
    noise_rms_uv: float,
    spikes_per_s: float,
    spike_uv: float,
) -> SimulatedEndPlate:
    """Make end-plate noise with irregular, initially negative end-plate spikes.

    Parameters
    ----------
    duration_s, sampling_rate
        Length in seconds and samples per second.
    chance
        The source of randomness.
    noise_rms_uv
        Of the noise, between 40 and 800 Hz or 0.45 of the rate.
    spikes_per_s
        Mean rate; intervals are exponential beyond a least one of 8 ms.
    spike_uv
        Mean peak to peak of a spike.

    Returns
    -------
    SimulatedEndPlate
        The signal and its truth.
    """
    samples = round(duration_s * sampling_rate)
    top = min(NOISE_BAND_HZ[1], 0.45 * sampling_rate)
    sos = butter(2, [NOISE_BAND_HZ[0], top], "bandpass", fs=sampling_rate, output="sos")
    hiss = np.asarray(sosfilt(sos, chance.standard_normal(samples)), float)
    signal = noise_rms_uv * hiss / hiss.std()
    shape = end_plate_spike()
    shape = shape / np.ptp(shape)
    times = []
    at = float(chance.exponential(1 / spikes_per_s)) if spikes_per_s else duration_s
    while at < duration_s - 0.01:
        times.append(at)
        first = int(np.ceil(at * sampling_rate))
        fine = (
            np.arange(first, int((at + len(shape) / FINE_HZ) * sampling_rate)) / sampling_rate - at
        ) * FINE_HZ
        size = spike_uv * (1 + 0.1 * float(chance.standard_normal()))
        signal[first : first + len(fine)] += size * np.interp(fine, np.arange(len(shape)), shape)
        at += LEAST_INTERVAL_S + float(chance.exponential(1 / spikes_per_s - LEAST_INTERVAL_S))
    return SimulatedEndPlate(signal, np.array(times), spike_uv)
