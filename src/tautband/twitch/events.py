"""What a monitor reports: candidates, twitches and rejections, with times in seconds from the first sample."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """Something has begun that may become a twitch.

    Attributes
    ----------
    onset_s
        About when it began.
    channel
        Index of the channel.
    """

    onset_s: float
    channel: int = 0


@dataclass(frozen=True)
class Twitch:
    """A local twitch response.

    Attributes
    ----------
    onset_s, offset_s
        Edges in seconds.
    peak_rms_uv
        Largest RMS over 50 ms, the noise taken off, in the unit of the input (microvolts).
    window_rms_uv
        RMS over the 0.5 s that hold the twitch, as published figures have it, the noise taken off.
    relative_to_first
        `peak_rms_uv` over that of the first twitch of the series.
    phases
        Deflections beyond the noise between crossings of the baseline.
    snr_db
        Peak over the noise RMS, in decibels.
    confidence
        Probability that this is a twitch, by the judge's calibration on simulated recordings.
    channel
        Index of the channel.
    """

    onset_s: float
    offset_s: float
    peak_rms_uv: float
    window_rms_uv: float
    relative_to_first: float
    phases: int
    snr_db: float
    confidence: float
    channel: int = 0


@dataclass(frozen=True)
class Rejected:
    """Something that stands out and is no twitch.

    Attributes
    ----------
    onset_s, offset_s
        Edges in seconds.
    why
        Its name, such as `needle movement`.
    detail
        What speaks for that, in words.
    confidence
        Probability that this is no twitch.
    channel
        Index of the channel.
    """

    onset_s: float
    offset_s: float
    why: str
    detail: str
    confidence: float = 1.0
    channel: int = 0


Event = Candidate | Twitch | Rejected


def sureness(confidence: float) -> str:
    """Confidence in per cent, 99 at most: who learnt on simulated recordings is never all sure."""
    return f"{min(confidence, 0.99):.0%}"
