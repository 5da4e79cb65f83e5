"""What a live analysis has seen: its twitches, taps, series and dose, its noise, and the outline of the trace.

It knows no clock and no device: blocks go in, and what is known can be read at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from tautband.twitch.analysis import PLAUSIBLE_NOISE_UV, Analysis, electrode_state
from tautband.twitch.dose import Dose, dose, with_taps
from tautband.twitch.events import Candidate, Event, Rejected, Twitch
from tautband.twitch.live.outline import Outline
from tautband.twitch.monitor import TwitchMonitor
from tautband.twitch.rest import RestMeter

RECENT_S: Final = 10.0
"""The state of the electrode is that of the last seconds."""
UNDECIDED_S: Final = 0.5
"""So long a candidate is shown at most; one that proves to be noise is dropped without an event."""


@dataclass
class Series:
    """Twitches of one site.

    Attributes
    ----------
    start_s
        When it began.
    twitches
        As detected.
    taps_s
        When the practitioner counted one by hand.
    noise_rms_uv
        Noise floor when it was last looked at, NaN while not known.
    """

    start_s: float
    twitches: list[Twitch] = field(default_factory=list)
    taps_s: list[float] = field(default_factory=list)
    noise_rms_uv: float = float("nan")

    def counted(self) -> tuple[list[float], int]:
        """Peaks in order of time, NaN for a twitch that was only tapped, and how many those are."""
        return with_taps(
            [t.onset_s for t in self.twitches], [t.peak_rms_uv for t in self.twitches], self.taps_s
        )


class LiveAnalysis:
    """Follows one channel while it is recorded.

    Parameters
    ----------
    sampling_rate
        Samples per second, 250 to 30 000.
    channel
        Its name.
    known_unit
        Whether the unit was given by hand, so that implausible noise raises no doubt of it.

    Examples
    --------
    >>> import numpy as np
    >>> live = LiveAnalysis(1000, "EMG")
    >>> live.push(np.zeros(500))
    []
    >>> live.end_s, live.dose.state
    (0.5, 'none seen')
    """

    def __init__(self, sampling_rate: float, channel: str, *, known_unit: bool = False) -> None:
        self._monitor = TwitchMonitor(sampling_rate)
        self._rest = RestMeter(sampling_rate)
        self._known_unit = known_unit
        self.sampling_rate = float(sampling_rate)
        self.channel = channel
        self.samples = 0
        self.series = [Series(0.0)]
        self.events: list[Twitch | Rejected] = []
        self.outline = Outline(sampling_rate)
        self._candidate_s = float("-inf")
        self._dose: Dose | None = None

    def push(self, samples: ArrayLike) -> list[Event]:
        """Take the next samples.

        Parameters
        ----------
        samples
            Microvolts, shape (n,); NaN where they are missing.

        Returns
        -------
        list of Candidate, Twitch or Rejected
            What became known with them.
        """
        block = np.asarray(samples, float)
        self.samples += len(block)
        self.outline.push(block)
        events = self._monitor.push(block)
        self._take(events)
        self._rest.push(block)
        if np.isfinite(self.noise_rms_uv):
            self.series[-1].noise_rms_uv = self.noise_rms_uv
        return events

    def tap(self, at_s: float) -> None:
        """Count a twitch by hand.

        Parameters
        ----------
        at_s
            When, in seconds from the first sample.
        """
        self.series[-1].taps_s.append(at_s)
        self._dose = None

    def new_series(self) -> None:
        """Begin a new series, as after a change of site."""
        self._monitor.new_series()
        self.series.append(Series(self.end_s))
        self._dose = None

    def finish(self) -> list[Event]:
        """Judge what is still open; nothing more comes."""
        events = self._monitor.finish()
        self._take(events)
        self._candidate_s = float("-inf")
        return events

    @property
    def end_s(self) -> float:
        """Time of the sample that comes next."""
        return self.samples / self.sampling_rate

    @property
    def undecided(self) -> bool:
        """Whether something has just begun that may become a twitch."""
        return self.end_s - self._candidate_s < UNDECIDED_S

    @property
    def noise_rms_uv(self) -> float:
        """Noise floor now, NaN while it is being learnt."""
        return self._monitor.noise_rms_uv[0]

    @property
    def hum_hz(self) -> tuple[float, ...]:
        """Mains frequencies found."""
        return self._monitor.hum_hz[0]

    @property
    def dose(self) -> Dose:
        """What the present series says about going on."""
        if self._dose is None:
            self._dose = self._dose_of(self.series[-1])
        return replace(self._dose, noise_rms_uv=self.noise_rms_uv)

    @property
    def electrode(self) -> str:
        """What can be told of the contact now, in words."""
        noise = self.noise_rms_uv
        if not np.isfinite(noise):
            return "learning the noise"
        if doubt := self._doubt(noise):
            return doubt
        since = max(self.end_s - RECENT_S, 0.0)
        recent: list[Rejected] = []
        for event in reversed(self.events):
            if event.offset_s < since:
                break
            if isinstance(event, Rejected):
                recent.append(replace(event, onset_s=max(event.onset_s, since)))
        return electrode_state(noise, self.hum_hz, recent, self.end_s - since)

    def _doubt(self, noise: float) -> str:
        low, high = PLAUSIBLE_NOISE_UV
        if self._known_unit or not noise > 0 or low <= noise <= high:
            return ""
        return f"noise of {noise:.3g} µV is no EMG: is the unit right?"

    def analyses(self) -> list[Analysis]:
        """Sum up every series as `analyse` does a recording."""
        ends = [s.start_s for s in self.series[1:]] + [self.end_s]
        return [
            self._analysis(series, end, known)
            for series, end, known in zip(self.series, ends, self._rejected_by_series(), strict=True)
        ]

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Candidate):
                self._candidate_s = event.onset_s
                continue
            self._candidate_s = float("-inf")
            self.events.append(event)
            if isinstance(event, Twitch):
                self.series[-1].twitches.append(event)
                self._dose = None

    def _dose_of(self, series: Series) -> Dose:
        peaks, added = series.counted()
        return dose(peaks, taps=added, noise_rms_uv=series.noise_rms_uv)

    def _rejected_by_series(self) -> list[list[Rejected]]:
        starts = np.array([s.start_s for s in self.series])
        found: list[list[Rejected]] = [[] for _ in self.series]
        for event in self.events:
            if isinstance(event, Rejected):
                found[int(np.searchsorted(starts, event.onset_s, "right")) - 1].append(event)
        return found

    def _analysis(self, series: Series, end_s: float, rejected: Sequence[Rejected]) -> Analysis:
        duration, noise = end_s - series.start_s, series.noise_rms_uv
        span = (series.start_s, end_s)
        before, after = self._rest.before_and_after(series.twitches, rejected, sorted(self.hum_hz), span)
        return Analysis(
            self.sampling_rate,
            self.channel,
            duration,
            tuple(series.twitches),
            tuple(rejected),
            noise,
            before,
            after,
            self.hum_hz,
            self._doubt(noise) or electrode_state(noise, self.hum_hz, rejected, duration),
            self._dose_of(series),
        )
