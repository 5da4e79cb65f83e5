"""A figure of a recording and its twitches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

INK, TWITCH, REJECTED = "#334155", "#0f766e", "#b45309"
MOST_POINTS = 8000


def twitch_plot(twitches: pd.DataFrame, info: dict[str, Any], signal: ArrayLike) -> Figure:
    """Draw the trace with its twitches and rejections, and the peaks as they fall.

    Parameters
    ----------
    twitches, info
        As `detect` gives them.
    signal
        The recording in microvolts, shape (n,).

    Returns
    -------
    matplotlib.figure.Figure
        To show or to save.
    """
    outline = Outline()
    outline.push(np.asarray(signal, float))
    return outline_plot(twitches, info, outline)


class Outline:
    """Lowest and highest sample of as many stretches as a figure can show, whatever the length of the recording."""

    def __init__(self) -> None:
        self._width = 1
        self._low = self._high = self._held = np.zeros(0)
        self.samples = 0

    def push(self, samples: Floats) -> None:
        """Take the next samples; when there are too many stretches, two become one."""
        self.samples += len(samples)
        held = np.concatenate([self._held, np.nan_to_num(samples, posinf=0.0, neginf=0.0)])
        while len(held) >= self._width:
            count = min(len(held) // self._width, 2 * MOST_POINTS - len(self._low))
            stretches = held[: count * self._width].reshape(-1, self._width)
            held = held[count * self._width :]
            self._low = np.concatenate([self._low, stretches.min(axis=1)])
            self._high = np.concatenate([self._high, stretches.max(axis=1)])
            if len(self._low) == 2 * MOST_POINTS:
                self._low = self._low.reshape(-1, 2).min(axis=1)
                self._high = self._high.reshape(-1, 2).max(axis=1)
                self._width *= 2
        self._held = held

    def stretches(self, rate: float) -> tuple[Floats, Floats, Floats]:
        """Seconds, lowest and highest of each stretch."""
        return np.arange(len(self._low)) * self._width / rate, self._low, self._high + 1e-9


def outline_plot(twitches: pd.DataFrame, info: dict[str, Any], outline: Outline) -> Figure:
    """Draw what `twitch_plot` draws, of a recording that need not fit into memory."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 2))
    seconds, low, high = outline.stretches(info["sampling_rate"])
    top.fill_between(seconds, low, high, color=INK, linewidth=0.6)
    for twitch in twitches.itertuples():
        top.axvspan(twitch.onset_s, twitch.offset_s, color=TWITCH, alpha=0.35, linewidth=0)
    for other in info["rejected"].itertuples():
        top.axvspan(other.onset_s, other.offset_s, color=REJECTED, alpha=0.2, linewidth=0)
    names = sorted(set(info["rejected"]["why"]))
    top.set_title(
        f"{len(twitches)} twitches" + (f"; rejected: {', '.join(names)}" if names else ""),
        loc="left",
        fontsize=10,
    )
    top.set(
        xlabel="time (s)", ylabel="EMG (µV)", xlim=(0, max(outline.samples / info["sampling_rate"], 1e-3))
    )
    if len(low):
        reach = max(1.3 * float(np.quantile(np.maximum(high, -low), 0.9995)), 1e-3)
        top.set_ylim(-reach, reach)
    order = np.arange(1, len(twitches) + 1)
    bottom.bar(order, twitches["relative_to_first"], color=TWITCH, width=0.6)
    bottom.set(xlabel="twitch", ylabel="peak RMS, of the first", xticks=order, ylim=(0, None))
    dose = info["dose"]
    if dose.plateau_after is not None:
        bottom.axvline(dose.plateau_after, color=REJECTED, linestyle="--", linewidth=1)
        if dose.interval is not None:
            bottom.axvspan(
                dose.interval[0] - 0.4, dose.interval[1] + 0.4, color=REJECTED, alpha=0.12, linewidth=0
            )
    bottom.set_title(
        f"{dose.state}: noise {info['noise_rms_uv']:.1f} µV, {info['electrode']}", loc="left", fontsize=10
    )
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
