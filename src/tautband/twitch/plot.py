"""A figure of a recording and its twitches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    from matplotlib.figure import Figure

    samples = np.asarray(signal, float)
    figure = Figure(figsize=(9, 5), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 2))
    seconds, low, high = _outline(samples, info["sampling_rate"])
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
    top.set(xlabel="time (s)", ylabel="EMG (µV)", xlim=(0, max(len(samples) / info["sampling_rate"], 1e-3)))
    inside = np.abs(samples[np.isfinite(samples)])
    if len(inside):
        reach = max(1.3 * float(np.quantile(inside, 0.9995)), 1e-3)
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


def _outline(samples: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest and highest sample of as many stretches as a figure can show."""
    width = max(1, len(samples) // MOST_POINTS)
    whole = np.nan_to_num(samples[: len(samples) // width * width]).reshape(-1, width)
    if not len(whole):
        return np.zeros(1), np.zeros(1), np.zeros(1)
    return np.arange(len(whole)) * width / rate, whole.min(axis=1), whole.max(axis=1) + 1e-9
