"""The messages of a live feed (`tautband.twitch-feed/1`): each client takes what is new to it when it can.

Nothing is queued for a client. One that is slow finds later only what still counts: the last seconds of the trace,
the present series and the present state.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.events import Twitch
from tautband.twitch.live.analysis import LiveAnalysis
from tautband.twitch.live.outline import KEPT_S
from tautband.twitch.live.run import Run

SCHEMA: Final = "tautband.twitch-feed/1"
LIMITS: Final = (
    "For research and education; no medical device. "
    "Electrodes off the taut band miss twitches: count by hand, too."
)
AT_ONCE: Final = ("connection", "undecided", "electrode", "error")
"""Parts of the state whose changes do not wait."""
STATE_EVERY_S: Final = 0.25
SHOWN_TWITCHES: Final = 200

Message = dict[str, Any]


@dataclass
class Feed:
    """What one client has been told.

    Attributes
    ----------
    run
        What is followed; its lock must be held while asking.
    """

    run: Run
    bin: int = 0
    event: int = 0
    series: tuple[int, int, int] | None = None
    state: Message | None = None
    state_s: float = float("-inf")

    def hello(self) -> Message:
        """The first message: what is followed."""
        analysis = self.run.analysis
        return {
            "type": "hello",
            "schema": SCHEMA,
            "source": self.run.source.name,
            "channel": analysis.channel,
            "sampling_rate_hz": analysis.sampling_rate,
            "bin_s": analysis.outline.bin_s,
            "limits": LIMITS,
        }

    def news(self, now_s: float) -> list[Message]:
        """Messages with what is new.

        Parameters
        ----------
        now_s
            Time of any clock that does not go back, in seconds.
        """
        analysis = self.run.analysis
        found = [*self._trace(analysis), *self._events(analysis), *self._series(analysis)]
        state = self._state(analysis)
        before = self.state
        changed = before is None or any(state[k] != before[k] for k in AT_ONCE)
        changed = changed or any(m["type"] in ("event", "series") for m in found)
        if changed or (state != before and now_s - self.state_s >= STATE_EVERY_S):
            self.state, self.state_s = state, now_s
            found.append(state)
        return found

    def _trace(self, analysis: LiveAnalysis) -> list[Message]:
        first, low, high = analysis.outline.between(self.bin, analysis.outline.end)
        self.bin = first + len(low)
        if not len(low):
            return []
        return [{"type": "trace", "first": first, "low": _numbers(low), "high": _numbers(high)}]

    def _events(self, analysis: LiveAnalysis) -> list[Message]:
        new = analysis.events[self.event :]
        self.event = len(analysis.events)
        return [
            {
                "type": "event",
                "what": "twitch" if isinstance(e, Twitch) else "rejected",
                "onset_s": round(e.onset_s, 4),
                "offset_s": round(e.offset_s, 4),
                "why": "" if isinstance(e, Twitch) else e.why,
            }
            for e in new
            if e.offset_s >= analysis.end_s - KEPT_S
        ]

    def _series(self, analysis: LiveAnalysis) -> list[Message]:
        series = analysis.series[-1]
        now = len(analysis.series), len(series.twitches), len(series.taps_s)
        if now == self.series:
            return []
        self.series = now
        peaks, _ = series.counted()
        first = next((p for p in peaks if np.isfinite(p)), 1.0)
        return [
            {
                "type": "series",
                "site": len(analysis.series),
                "start_s": round(series.start_s, 4),
                "taps": len(series.taps_s),
                "last_tap_s": round(series.taps_s[-1], 3) if series.taps_s else None,
                "earlier": max(len(peaks) - SHOWN_TWITCHES, 0),
                "twitches": [
                    {
                        "peak_rms_uv": round(p, 3) if np.isfinite(p) else None,
                        "relative_to_first": round(p / first, 4) if np.isfinite(p) else None,
                    }
                    for p in peaks[-SHOWN_TWITCHES:]
                ],
            }
        ]

    def _state(self, analysis: LiveAnalysis) -> Message:
        noise, dose = analysis.noise_rms_uv, asdict(analysis.dose)
        del dose["noise_rms_uv"]
        dose["probability"] = round(dose["probability"], 4)
        dose["interval"] = list(dose["interval"]) if dose["interval"] else None
        return {
            "type": "state",
            "time_s": round(analysis.end_s, 3),
            "connection": self.run.source.connection,
            "error": str(self.run.error or self.run.trouble) or None,
            "noise_rms_uv": round(noise, 3) if np.isfinite(noise) else None,
            "electrode": analysis.electrode,
            "undecided": analysis.undecided,
            "dose": dose,
        }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [round(v, 2) if np.isfinite(v) else None for v in values.tolist()]
