"""A whole recording: its twitches, what was rejected, its noise and its dose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tautband.twitch.dose import Dose, dose, with_taps
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch
from tautband.twitch.monitor import TwitchMonitor
from tautband.twitch.rest import RestMeter

PLAUSIBLE_NOISE_UV: Final = (0.1, 300.0)
"""Noise RMS that an EMG amplifier on or in a muscle can have; beyond, the unit is wrong."""
NOISY_UV: Final = 30.0

COLUMNS: Final = (
    "onset_s",
    "offset_s",
    "peak_rms_uv",
    "relative_to_first",
    "confidence",
    "window_rms_uv",
    "phases",
    "snr_db",
)


@dataclass(frozen=True)
class Analysis:
    """What was found in one channel of a recording.

    Attributes
    ----------
    sampling_rate
        Samples per second.
    channel
        Name of the channel.
    duration_s
        Length of what was read.
    twitches, rejected
        In order of time.
    noise_rms_uv
        Noise floor at the end, NaN for a recording too short to learn it.
    rest_before_uv, rest_after_uv
        Resting RMS before the first twitch and after the last, NaN where less than a second of rest is left.
    hum_hz
        Mains frequencies that were notched out.
    electrode
        What can be told of the contact, in words.
    dose
        Of the twitches as one series.
    """

    sampling_rate: float
    channel: str
    duration_s: float
    twitches: tuple[Twitch, ...]
    rejected: tuple[Rejected, ...]
    noise_rms_uv: float
    rest_before_uv: float
    rest_after_uv: float
    hum_hz: tuple[float, ...]
    electrode: str
    dose: Dose


def analyse(
    blocks: Iterable[ArrayLike],
    sampling_rate: float,
    *,
    channel: str = "EMG1",
    taps_s: Sequence[float] = (),
    known_unit: bool = False,
) -> Analysis:
    """Analyse one channel, block by block, in memory that does not grow with its length.

    Parameters
    ----------
    blocks
        Microvolts, each of shape (n,).
    sampling_rate
        Samples per second, 250 to 30 000.
    channel
        Its name.
    taps_s
        When the practitioner counted a twitch by hand, in seconds.
    known_unit
        Whether the unit is known to be right, so that implausible noise is no error.

    Returns
    -------
    Analysis
        Twitches, rejections, noise and dose.

    Raises
    ------
    TwitchError
        If the rate is out of range, nothing was recorded, a tap lies outside the recording, or the noise shows that
        the unit is wrong.
    """
    monitor, meter = TwitchMonitor(sampling_rate), RestMeter(sampling_rate)
    twitches: list[Twitch] = []
    rejected: list[Rejected] = []
    samples = 0

    def keep(events: Iterable[object]) -> None:
        twitches.extend(e for e in events if isinstance(e, Twitch))

    piece_length = max(1, round(sampling_rate))
    for block in blocks:
        whole = np.asarray(block, float)
        for first in range(0, len(whole), piece_length):
            piece = whole[first : first + piece_length]
            samples += len(piece)
            meter.push(piece)
            events = monitor.push(piece)
            rejected.extend(e for e in events if isinstance(e, Rejected))
            keep(events)
    if samples == 0:
        raise TwitchError("signal: it holds no sample")
    events = monitor.finish()
    rejected.extend(e for e in events if isinstance(e, Rejected))
    keep(events)
    noise = monitor.noise_rms_uv[0]
    low, high = PLAUSIBLE_NOISE_UV
    if not known_unit and noise > 0 and not low <= noise <= high:
        factor = "too large" if noise > high else "too small"
        raise TwitchError(
            f"unit: the noise would be {noise:.3g} microvolts, a thousandfold {factor} for EMG; "
            f"the unit is wrong, give the true one (uV, mV, V or nV)"
        )
    duration = samples / sampling_rate
    for tap in taps_s:
        if not 0.0 <= tap <= duration:
            raise TwitchError(f"tap: {tap:g} s is outside the recording, which has {duration:.3f} s")
    peaks, added = with_taps([t.onset_s for t in twitches], [t.peak_rms_uv for t in twitches], taps_s)
    before, after = meter.before_and_after(twitches, rejected, sorted(monitor.hum_hz[0]))
    return Analysis(
        sampling_rate,
        channel,
        duration,
        tuple(twitches),
        tuple(rejected),
        noise,
        before,
        after,
        monitor.hum_hz[0],
        electrode_state(noise, monitor.hum_hz[0], rejected, duration),
        dose(peaks, taps=added, noise_rms_uv=noise),
    )


def electrode_state(noise: float, hum: Sequence[float], rejected: Sequence[Rejected], duration: float) -> str:
    """Say in words what can be told of the contact.

    Parameters
    ----------
    noise
        Noise floor in microvolts, NaN while not known.
    hum
        Mains frequencies found.
    rejected
        What was rejected in the time judged.
    duration
        Length of that time in seconds.
    """
    lost = sum(r.offset_s - r.onset_s for r in rejected if r.why in ("NaN run", "dropout"))
    if not np.isfinite(noise) or noise == 0.0 or lost > 0.5 * duration:
        return "no signal: check the lead"
    troubles = []
    if lost > 0.02 * duration:
        troubles.append(f"{lost / duration:.0%} of the samples are missing or flat")
    if any(r.why == "clipping" for r in rejected):
        troubles.append("clipping")
    if hum:
        troubles.append(f"hum at {' and '.join(f'{h:g}' for h in hum)} Hz")
    if noise > NOISY_UV:
        troubles.append("much noise")
    return ", ".join(troubles) if troubles else "good contact"


def detect(
    signal: ArrayLike, sampling_rate: float, *, taps_s: Sequence[float] = ()
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Find the twitches of one channel.

    Parameters
    ----------
    signal
        Microvolts, shape (n,).
    sampling_rate
        Samples per second, 250 to 30 000.
    taps_s
        When the practitioner counted a twitch by hand, in seconds.

    Returns
    -------
    twitches : pandas.DataFrame
        A row per twitch: `onset_s`, `offset_s`, `peak_rms_uv`, `relative_to_first`, `confidence`, `window_rms_uv`,
        `phases`, `snr_db`.
    info : dict
        `sampling_rate`, `rejected` (a table with `onset_s`, `offset_s`, `why`, `detail`), `noise_rms_uv`,
        `rest_before_uv`, `rest_after_uv`, `hum_hz`, `electrode`, `dose`.

    Examples
    --------
    >>> import numpy as np
    >>> from tautband.twitch import detect
    >>> from tautband.twitch.simulate import Settings, simulate
    >>> made = simulate(Settings(snr_db=(20, 20)), np.random.default_rng(1))
    >>> twitches, info = detect(made.signal, made.sampling_rate)
    >>> list(twitches.columns[:3])
    ['onset_s', 'offset_s', 'peak_rms_uv']
    """
    samples = np.asarray(signal, float)
    if samples.ndim != 1:
        raise TwitchError(f"signal: shape {samples.shape}; one channel of shape (n,) is needed")
    return tables(analyse([samples], sampling_rate, taps_s=taps_s, known_unit=True))


def tables(found: Analysis) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give an analysis as the table and the dictionary of `detect`."""
    table = pd.DataFrame([{c: getattr(t, c) for c in COLUMNS} for t in found.twitches], columns=list(COLUMNS))
    rejected = pd.DataFrame(
        [{c: getattr(r, c) for c in REJECTED_COLUMNS} for r in found.rejected], columns=list(REJECTED_COLUMNS)
    )
    info = {
        "sampling_rate": found.sampling_rate,
        "rejected": rejected,
        "noise_rms_uv": found.noise_rms_uv,
        "rest_before_uv": found.rest_before_uv,
        "rest_after_uv": found.rest_after_uv,
        "hum_hz": found.hum_hz,
        "electrode": found.electrode,
        "dose": found.dose,
    }
    return table, info


REJECTED_COLUMNS: Final = ("onset_s", "offset_s", "why", "detail", "confidence")


def write_analysis(found: Analysis) -> dict[str, Any]:
    """Write an analysis as a `tautband.twitches/1`.

    Parameters
    ----------
    found
        The analysis.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "schema": "tautband.twitches/1",
        "sampling_rate_hz": _whole(found.sampling_rate),
        "channel": found.channel,
        "duration_s": round(found.duration_s, 4),
        "twitches": [
            {
                "onset_s": round(t.onset_s, 4),
                "offset_s": round(t.offset_s, 4),
                "peak_rms_uv": round(t.peak_rms_uv, 3),
                "relative_to_first": round(t.relative_to_first, 4),
                "confidence": round(t.confidence, 4),
                "window_rms_uv": round(t.window_rms_uv, 3),
                "phases": t.phases,
                "snr_db": round(t.snr_db, 2),
            }
            for t in found.twitches
        ],
        "rejected": [
            {
                "onset_s": round(r.onset_s, 4),
                "offset_s": round(r.offset_s, 4),
                "why": r.why,
                "detail": r.detail,
                "confidence": round(r.confidence, 4),
            }
            for r in found.rejected
        ],
        "signal": {
            "noise_rms_uv": _known(found.noise_rms_uv),
            "rest_before_uv": _known(found.rest_before_uv),
            "rest_after_uv": _known(found.rest_after_uv),
            "hum_hz": list(found.hum_hz),
            "electrode": found.electrode,
        },
        "dose": write_dose(found.dose),
    }


def write_dose(found: Dose) -> dict[str, Any]:
    """Write a dose as it stands in a `tautband.twitches/1`."""
    return {
        "meaningful": found.meaningful,
        "plateau_after": found.plateau_after,
        "advice": found.advice,
        "why": found.why,
        "state": found.state,
        "seen": found.seen,
        "tapped": found.tapped,
        "probability": round(found.probability, 4),
        "interval": None if found.interval is None else list(found.interval),
    }


def _known(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
