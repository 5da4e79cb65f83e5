"""Several channels of one recording: a twitch that several see is one, and what all see alike is an artefact.

Each channel is judged by itself first. A twitch reaches electrodes over a muscle with different shapes and sizes; what
comes through the reference electrode or a common cable has the same shape on all of them at once. So an event on every
one of three or more channels whose waves are alike is named a common artefact, whatever each channel called it. Two
channels are too few to tell, and a twitch on the other side of the body may be a real one: nothing is rejected for
being on one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from tautband.twitch.analysis import Analysis, write_analysis, write_dose
from tautband.twitch.dose import Dose, dose
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch
from tautband.twitch.hum import notches

Floats = NDArray[np.float64]
Span = tuple[float, float]

TOGETHER_S: Final = 0.04
LEAST_CHANNELS: Final = 3
ALIKE: Final = 0.9
"""Least correlation, without a shift, of every channel with the mean of the others."""
SIZE_RATIO: Final = 4.0
"""The largest channel may be this many times the smallest."""
LASTING_S: Final = 0.5
"""A rejection longer than this, such as a stimulator's train, goes on beside twitches and binds none together."""
PAD_S: Final = 0.25
HIGH_PASS_HZ: Final = 20.0


@dataclass(frozen=True)
class SharedTwitch:
    """A twitch that one or more channels saw.

    Attributes
    ----------
    onset_s, offset_s
        The earliest onset and the latest offset.
    channels
        Names of those that saw it, the largest signal-to-noise ratio first.
    others
        What the other channels called it at that time, by name; channels that saw nothing are not in it.
    peak_rms_uv, relative_to_first
        On the reference channel; None where that did not see it.
    confidence
        The largest of any channel.
    """

    onset_s: float
    offset_s: float
    channels: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    peak_rms_uv: float | None
    relative_to_first: float | None
    confidence: float


@dataclass(frozen=True)
class CommonArtefact:
    """Something that all channels show alike.

    Attributes
    ----------
    onset_s, offset_s
        The earliest onset and the latest offset.
    called
        What each channel called it.
    likeness
        The least correlation of a channel with the mean of the others.
    """

    onset_s: float
    offset_s: float
    called: tuple[tuple[str, str], ...]
    likeness: float


@dataclass(frozen=True)
class Several:
    """What the channels of a recording say together.

    Attributes
    ----------
    reference
        The channel by which sizes are compared: the one that saw most twitches, of equals the one with the larger ones.
    twitches, artefacts
        In order of time.
    dose
        Of the twitches as one series, sizes from the reference channel.
    """

    reference: str
    twitches: tuple[SharedTwitch, ...]
    artefacts: tuple[CommonArtefact, ...]
    dose: Dose


def spans_of_all(channels: Sequence[Analysis]) -> tuple[Span, ...]:
    """Give the spans in which every channel shows something, padded for the filters: what has to be looked at again.

    Parameters
    ----------
    channels
        Analyses of the channels of one recording.

    Returns
    -------
    tuple of span
        Start and end in seconds; none where there are fewer than three channels.
    """
    return tuple(
        (max(start - PAD_S, 0.0), end + PAD_S)
        for start, end, group in _groups(channels)
        if _covers(group, channels)
    )


def together(channels: Sequence[Analysis], wave: Callable[[int, Span], Floats] | None = None) -> Several:
    """Bring together what several channels of one recording show.

    Parameters
    ----------
    channels
        Their analyses.
    wave
        Gives the samples of a channel, by index, in one of the spans of `spans_of_all`, in microvolts; without it
        nothing is named a common artefact.

    Returns
    -------
    Several
        Twitches, common artefacts and the dose of all.

    Raises
    ------
    TwitchError
        If there is no channel.
    """
    if not channels:
        raise TwitchError("channels: there is none to bring together")
    best = max(
        channels, key=lambda c: (len(c.twitches), float(np.median([t.snr_db for t in c.twitches] or [0.0])))
    )
    reference = channels.index(best)
    twitches, artefacts, first = list[SharedTwitch](), list[CommonArtefact](), None
    for start, end, group in _groups(channels):
        called = tuple((channels[n].channel, _name(events)) for n, events in sorted(group.items()))
        if wave is not None and _covers(group, channels):
            span = max(start - PAD_S, 0.0), end + PAD_S
            likeness = _likeness(channels, start - span[0], end - start, lambda n, s=span: wave(n, s))  # type: ignore[misc]
            if likeness >= ALIKE:
                artefacts.append(CommonArtefact(start, end, called, likeness))
                continue
        seen = {n: t for n, events in group.items() for t in events if isinstance(t, Twitch)}
        if not seen:
            continue
        size = seen[reference].peak_rms_uv if reference in seen else None
        first = size if first is None else first
        order = sorted(seen, key=lambda n: -seen[n].snr_db)
        twitches.append(
            SharedTwitch(
                min(t.onset_s for t in seen.values()),
                max(t.offset_s for t in seen.values()),
                tuple(channels[n].channel for n in order),
                tuple((name, what) for name, what in called if what != "twitch"),
                size,
                None if size is None or not first else size / first,
                max(t.confidence for t in seen.values()),
            )
        )
    peaks = [float("nan") if t.peak_rms_uv is None else t.peak_rms_uv for t in twitches]
    return Several(
        best.channel, tuple(twitches), tuple(artefacts), dose(peaks, noise_rms_uv=best.noise_rms_uv)
    )


Group = dict[int, list[Twitch | Rejected]]


def _groups(channels: Sequence[Analysis]) -> list[tuple[float, float, Group]]:
    """Events of all channels that overlap or begin together, in order of time."""
    every: list[tuple[Twitch | Rejected, int]] = []
    for n, channel in enumerate(channels):
        every += [(twitch, n) for twitch in channel.twitches]
        every += [(other, n) for other in channel.rejected]
    every.sort(key=lambda pair: (pair[0].onset_s, pair[1]))
    lasting = [pair for pair in every if _lasts(pair[0])]
    brief = _grouped([pair for pair in every if not _lasts(pair[0])])
    for start, end, group in brief:
        for event, n in lasting:
            if event.onset_s < end and start < event.offset_s and n not in group:
                group[n] = [event]
    return sorted([*brief, *_grouped(lasting)], key=lambda found: found[:2])


def _lasts(event: Twitch | Rejected) -> bool:
    return isinstance(event, Rejected) and event.offset_s - event.onset_s > LASTING_S


def _grouped(events: Sequence[tuple[Twitch | Rejected, int]]) -> list[tuple[float, float, Group]]:
    found: list[tuple[float, float, Group]] = []
    for event, n in events:
        if found and _belongs(event, n, *found[-1]):
            start, end, group = found[-1]
            group.setdefault(n, []).append(event)
            found[-1] = start, max(end, event.offset_s), group
        else:
            found.append((event.onset_s, event.offset_s, {n: [event]}))
    return found


def _belongs(event: Twitch | Rejected, n: int, start: float, end: float, group: Group) -> bool:
    """Whether an event begins with what came before, or lies over it for more than half of its length."""
    if isinstance(event, Twitch) and any(isinstance(e, Twitch) for e in group.get(n, ())):
        return False  # a channel's own twitches are never one
    over = min(event.offset_s, end) - event.onset_s
    return event.onset_s - start <= TOGETHER_S or over > 0.5 * (event.offset_s - event.onset_s)


def _covers(group: Group, channels: Sequence[Analysis]) -> bool:
    return len(channels) >= LEAST_CHANNELS and len(group) == len(channels)


def _name(events: Sequence[Twitch | Rejected]) -> str:
    twitch = any(isinstance(e, Twitch) for e in events)
    return "twitch" if twitch else next(e.why for e in events if isinstance(e, Rejected))


def _likeness(
    channels: Sequence[Analysis], lead_s: float, length_s: float, wave: Callable[[int], Floats]
) -> float:
    """The least correlation of a channel's wave with the mean of the others, 0 where their sizes differ too much."""
    slowest = min(c.sampling_rate for c in channels)
    places = lead_s + np.arange(max(8, round(length_s * slowest))) / slowest
    waves = []
    for n, channel in enumerate(channels):
        samples = _cleaned(wave(n), channel)
        waves.append(np.interp(places, np.arange(len(samples)) / channel.sampling_rate, samples))
    stack = np.array(waves)
    sizes = np.sqrt(np.mean(stack**2, axis=1))
    if sizes.min() * SIZE_RATIO < sizes.max() or sizes.min() == 0:
        return 0.0
    stack = stack / sizes[:, None]
    others = (stack.sum(axis=0) - stack) / (len(stack) - 1)
    norm = np.sqrt(np.mean(others**2, axis=1)) + 1e-12
    return float(np.min(np.mean(stack * others, axis=1) / norm))


def _cleaned(samples: Floats, channel: Analysis) -> Floats:
    """Without what is slow, and without the hum that was found: both would make any two channels alike."""
    rate = channel.sampling_rate
    sections = [butter(2, min(HIGH_PASS_HZ, 0.2 * rate), "highpass", fs=rate, output="sos")]
    sections += [notches(base, rate) for base in channel.hum_hz]
    known = np.where(np.isfinite(samples), samples, 0.0)
    pad = min(len(known) - 1, round(PAD_S * rate))
    return np.asarray(sosfiltfilt(np.concatenate(sections), known - known.mean(), padlen=max(pad, 0)), float)


def write_several(channels: Sequence[Analysis], found: Several) -> dict[str, Any]:
    """Write what several channels say as a `tautband.channels/1`.

    Parameters
    ----------
    channels
        Their analyses.
    found
        What they say together.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "schema": "tautband.channels/1",
        "channels": [write_analysis(channel) for channel in channels],
        "together": {
            "reference": found.reference,
            "twitches": [
                {
                    "onset_s": round(t.onset_s, 4),
                    "offset_s": round(t.offset_s, 4),
                    "channels": list(t.channels),
                    "others": dict(t.others),
                    "peak_rms_uv": None if t.peak_rms_uv is None else round(t.peak_rms_uv, 3),
                    "relative_to_first": None
                    if t.relative_to_first is None
                    else round(t.relative_to_first, 4),
                    "confidence": round(t.confidence, 4),
                }
                for t in found.twitches
            ],
            "artefacts": [
                {
                    "onset_s": round(a.onset_s, 4),
                    "offset_s": round(a.offset_s, 4),
                    "why": "common artefact",
                    "called": dict(a.called),
                    "likeness": round(a.likeness, 3),
                }
                for a in found.artefacts
            ],
            "dose": write_dose(found.dose),
        },
    }
