"""A figure of a cohort: how size falls with the order of the twitch, and the muscle at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tautband.twitch.cohort import Cohort
from tautband.twitch.plot import INK, REJECTED, TWITCH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def cohort_plot(found: Cohort, twitches: pd.DataFrame, series: pd.DataFrame) -> Figure:
    """Draw every series, the means with their intervals, and rest before and after.

    Parameters
    ----------
    found
        The analysis.
    twitches, series
        The tables it was made from.

    Returns
    -------
    matplotlib.figure.Figure
        To show or to save.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    sizes, ratios, rest = figure.subplots(1, 3, width_ratios=(5, 5, 3))
    _sizes(sizes, found, twitches)
    _ratios(ratios, found, twitches)
    _rest(rest, found, series)
    for axes in (sizes, ratios, rest):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _sizes(axes: Axes, found: Cohort, twitches: pd.DataFrame) -> None:
    for _, one in twitches.groupby("series"):
        axes.plot(one["order"], one[found.measure], color=INK, alpha=0.2, linewidth=0.8)
    if found.scales:
        scale = found.scales[0]
        order = np.arange(1, found.orders + 1)
        low, high = np.array(scale.intervals).T
        means = np.array(scale.means)
        axes.errorbar(order, means, (means - low, high - means), color=TWITCH, marker="o", capsize=3)
        anova = scale.anova
        axes.set_title(
            f"F({anova.epsilon * anova.df_order:.1f}, {anova.epsilon * anova.df_error:.1f}) = {anova.f:.1f}, "
            f"{_p(anova.p_corrected)}, n = {len(found.included)}",
            loc="left",
            fontsize=10,
        )
    axes.set(xlabel="twitch", ylabel=f"{_name(found.measure)} (µV)", ylim=(0, None))


def _ratios(axes: Axes, found: Cohort, twitches: pd.DataFrame) -> None:
    first = twitches[twitches["order"] == 1].set_index("series")[found.measure]
    for name, one in twitches.groupby("series"):
        if first.get(name, 0.0) > 0:
            axes.plot(one["order"], one[found.measure] / first[name], color=INK, alpha=0.2, linewidth=0.8)
    if found.mixed is not None:
        order = np.arange(1, len(found.mixed.ratios) + 1)
        low, high = np.array(found.mixed.intervals).T
        ratios = np.array(found.mixed.ratios)
        axes.errorbar(order, ratios, (ratios - low, high - ratios), color=TWITCH, marker="o", capsize=3)
        axes.set_title(f"mixed model, {found.mixed.series} series", loc="left", fontsize=10)
    if found.scales and found.scales[0].level_from > 1:
        axes.axvline(found.scales[0].level_from, color=REJECTED, linestyle="--", linewidth=1)
    axes.set(xlabel="twitch", ylabel="of the first", ylim=(0, None))


def _rest(axes: Axes, found: Cohort, series: pd.DataFrame) -> None:
    for before, after in zip(series["rest_before_uv"], series["rest_after_uv"], strict=True):
        axes.plot([0, 1], [before, after], color=INK, alpha=0.2, linewidth=0.8)
    if found.rest is not None:
        means = np.array([found.rest.before_uv, found.rest.after_uv])
        low, high = np.array([found.rest.before_interval, found.rest.after_interval]).T
        axes.errorbar([0, 1], means, (means - low, high - means), color=TWITCH, marker="o", capsize=3)
        axes.set_title(f"rest, {_p(found.rest.p)}", loc="left", fontsize=10)
    axes.set(ylabel="RMS at rest (µV)", xlim=(-0.3, 1.3), ylim=(0, None))
    axes.set_xticks([0, 1], ["before", "after"])


def _name(measure: str) -> str:
    return "RMS over 0.5 s" if measure == "window_rms_uv" else "peak RMS over 50 ms"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
