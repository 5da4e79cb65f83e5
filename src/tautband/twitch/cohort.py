"""Many series of twitches: whether size falls with the order, where it stops falling, and the muscle at rest.

The published analysis (doi:10.1093/pm/pnz182, read as abstract): a repeated-measures analysis of variance of peak RMS
over the order of the twitch, pairwise differences, and resting RMS before and after. Beside it stand the same on
logarithms, where a difference is a ratio, and a mixed model, which needs no complete series.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from tautband.twitch.errors import TwitchError

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
LEAST_SUBJECTS: Final = 3
OPTIMIZERS: Final = ("bfgs", "powell", "cg")
"""In turn until one converges; lbfgs is left out, for it stops at variances of zero with an infinite likelihood."""
MEASURES: Final = ("window_rms_uv", "peak_rms_uv")
"""RMS over the 0.5 s that hold a twitch, as published, and its largest over 50 ms."""


@dataclass(frozen=True)
class Anova:
    """A repeated-measures analysis of variance over the order of the twitch.

    Attributes
    ----------
    f, df_order, df_error
        The statistic and its degrees of freedom.
    p
        If all differences between orders had one variance.
    epsilon
        Greenhouse and Geisser's measure of how far that holds: 1 if it does, 1 over `df_order` at worst.
    p_corrected
        With both degrees of freedom multiplied by `epsilon`: the one to be read.
    partial_eta_squared
        Effect size: the share of what order and error explain that falls to order.
    """

    f: float
    df_order: int
    df_error: int
    p: float
    epsilon: float
    p_corrected: float
    partial_eta_squared: float


@dataclass(frozen=True)
class Pair:
    """Two orders compared by a paired t test.

    Attributes
    ----------
    first, second
        Their orders, the earlier first.
    difference, interval
        Mean of the earlier less the later, and its 95 % confidence interval, in the unit of the scale.
    t, p
        The statistic, and its probability uncorrected.
    p_holm, p_bonferroni
        Corrected for the number of pairs.
    effect
        The mean difference over the standard deviation of the differences.
    """

    first: int
    second: int
    difference: float
    interval: tuple[float, float]
    t: float
    p: float
    p_holm: float
    p_bonferroni: float
    effect: float


@dataclass(frozen=True)
class Scale:
    """The balanced analysis on one scale.

    Attributes
    ----------
    name
        `microvolts`, as published, or `logarithm`, where a difference is the logarithm of a ratio.
    means, intervals
        Of each order, with 95 % confidence intervals; on the logarithm brought back to microvolts.
    anova, pairs
        The tests.
    level_from
        The first twitch from which on no two differ with `p_holm` below 0.05: 1 if no fall is shown at all, the last
        one if sizes still fall at the end.
    """

    name: str
    means: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    anova: Anova
    pairs: tuple[Pair, ...]
    level_from: int


@dataclass(frozen=True)
class Rest:
    """The muscle at rest before the first twitch and after the last.

    Attributes
    ----------
    subjects
        How many have both.
    before_uv, before_interval, after_uv, after_interval
        Means with 95 % confidence intervals.
    difference_uv, interval
        After less before.
    t, p
        Of a paired t test. A large p does not show that they are equal; the interval shows what is left open.
    """

    subjects: int
    before_uv: float
    before_interval: tuple[float, float]
    after_uv: float
    after_interval: tuple[float, float]
    difference_uv: float
    interval: tuple[float, float]
    t: float
    p: float


@dataclass(frozen=True)
class Mixed:
    """A mixed model of the logarithm of the size: orders are fixed, subjects (and series within them) random.

    Attributes
    ----------
    subjects, series, twitches
        What went in, incomplete series too.
    ratios, intervals
        Size of each order relative to the first, with 95 % confidence intervals.
    likelihood_ratio, df, p
        Test of all orders together.
    subject_sd, scatter
        Standard deviation between subjects and of single twitches, of the natural logarithm.
    """

    subjects: int
    series: int
    twitches: int
    ratios: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    likelihood_ratio: float
    df: int
    p: float
    subject_sd: float
    scatter: float


@dataclass(frozen=True)
class Cohort:
    """What many series of twitches say together.

    Attributes
    ----------
    measure
        The column that was analysed.
    subjects, series, twitches
        What was given.
    orders
        How many twitches of a series the balanced analysis takes.
    included
        Subjects in it.
    left_out
        Subjects that are not, each with the reason.
    scales
        The analysis in microvolts and on logarithms; empty where `not_done` says why.
    rest, mixed
        None where they could not be computed.
    not_done
        What could not be computed, and why.
    """

    measure: str
    subjects: int
    series: int
    twitches: int
    orders: int
    included: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    scales: tuple[Scale, ...]
    rest: Rest | None
    mixed: Mixed | None
    not_done: tuple[str, ...]


def cohort(
    twitches: pd.DataFrame,
    series: pd.DataFrame,
    *,
    orders: int | None = None,
    measure: str = MEASURES[0],
) -> Cohort:
    """Analyse the series of many subjects together.

    Parameters
    ----------
    twitches
        A row per twitch: `subject`, `series` (names one series within everything), `order` from 1, and the measure in
        microvolts.
    series
        A row per series: `subject`, `series`, `rest_before_uv`, `rest_after_uv`.
    orders
        How many twitches of each series the balanced analysis takes; shorter series are left out of it and named. By
        default the number that leaves the error most degrees of freedom.
    measure
        `window_rms_uv` (over 0.5 s, as published) or `peak_rms_uv` (over 50 ms).

    Returns
    -------
    Cohort
        Several series of one subject are averaged first, so that a subject counts once.

    Raises
    ------
    TwitchError
        If there is no series, or fewer than two orders are asked for.
    """
    if not len(series):
        raise TwitchError("cohort: there is no series to analyse")
    if orders is not None and orders < 2:
        raise TwitchError(f"orders: {orders}; at least 2 are needed for a comparison")
    sizes = twitches[np.isfinite(twitches[measure]) & (twitches[measure] > 0)]
    lengths = _complete_lengths(sizes, series)
    owners = dict(zip(series["series"], series["subject"].astype(str), strict=True))
    taken = orders or _most_telling(lengths, owners)
    kept = {name for name, length in lengths.items() if length >= taken}
    everyone = sorted(set(owners.values()))
    included = sorted({owners[name] for name in kept})
    left_out = tuple((s, _why_left_out(s, owners, lengths, taken)) for s in everyone if s not in included)
    not_done: list[str] = []
    scales: tuple[Scale, ...] = ()
    if taken < 2 or len(included) < LEAST_SUBJECTS:
        not_done.append(
            f"analysis of variance: {len(included)} subjects with {max(taken, 2)} or more twitches; "
            f"at least {LEAST_SUBJECTS} are needed"
        )
    else:
        balanced = sizes[sizes["series"].isin(kept) & (sizes["order"] <= taken)]
        if balanced.groupby("order")[measure].nunique().min() < 2:
            raise TwitchError(f"cohort: {measure} is the same for every subject; these are no measured sizes")
        scales = tuple(_scale(name, balanced, measure) for name in ("microvolts", "logarithm"))
    rest = _rest(series, not_done)
    mixed = _mixed(sizes.assign(size=sizes[measure]), not_done)
    return Cohort(
        measure,
        len(everyone),
        len(series),
        len(twitches),
        taken,
        tuple(included),
        left_out,
        scales,
        rest,
        mixed,
        tuple(not_done),
    )


def _complete_lengths(sizes: pd.DataFrame, series: pd.DataFrame) -> dict[str, int]:
    """How many twitches each series has before the first that is missing or has no size."""
    lengths = dict.fromkeys(series["series"], 0)
    for name, found in sizes.groupby("series")["order"]:
        there = set(found)
        lengths[name] = next(k for k in range(1, len(there) + 2) if k not in there) - 1
    return lengths


def _most_telling(lengths: dict[str, int], owners: dict[str, str]) -> int:
    """How many orders leave the error most degrees of freedom, a subject's longest series counting."""
    longest: dict[str, int] = {}
    for name, owner in owners.items():
        longest[owner] = max(longest.get(owner, 0), lengths[name])

    def freedom(k: int) -> tuple[int, int]:
        return (k - 1) * (sum(n >= k for n in longest.values()) - 1), k

    return max(range(2, max(longest.values()) + 1), key=freedom, default=0)


def _why_left_out(subject: str, owners: dict[str, str], lengths: dict[str, int], taken: int) -> str:
    longest = max(lengths[name] for name, owner in owners.items() if owner == subject)
    return f"{longest} of {taken} twitches" if longest else "no twitch seen"


# -- balanced -------------------------------------------------------------------------------------------------------


def _scale(name: str, balanced: pd.DataFrame, measure: str) -> Scale:
    value = np.log(balanced[measure]) if name == "logarithm" else balanced[measure]
    table = balanced.assign(value=value).pivot_table("value", "subject", "order", aggfunc="mean")
    sizes = table.to_numpy(float)
    centre = [_mean_interval(column) for column in sizes.T]
    back = np.exp if name == "logarithm" else np.asarray
    pairs = _pairs(sizes)
    return Scale(
        name,
        tuple(float(back(mean)) for mean, _ in centre),
        tuple((float(back(low)), float(back(high))) for _, (low, high) in centre),
        _anova(table),
        pairs,
        _level_from(pairs),
    )


def _anova(table: pd.DataFrame) -> Anova:
    from statsmodels.stats.anova import AnovaRM

    tidy = table.reset_index().melt("subject", var_name="order", value_name="value")
    row = AnovaRM(tidy, "value", "subject", within=["order"]).fit().anova_table.iloc[0]
    f, df_order, df_error = float(row["F Value"]), int(row["Num DF"]), int(row["Den DF"])
    epsilon = greenhouse_geisser(table.to_numpy(float))
    return Anova(
        f,
        df_order,
        df_error,
        float(row["Pr > F"]),
        epsilon,
        float(stats.f.sf(f, epsilon * df_order, epsilon * df_error)),
        f * df_order / (f * df_order + df_error),
    )


def greenhouse_geisser(sizes: Floats) -> float:
    """Estimate how far the differences between repeated measures have one variance.

    Parameters
    ----------
    sizes
        Shape (subjects, measures).

    Returns
    -------
    float
        Greenhouse and Geisser's epsilon (1959, doi:10.1007/BF02289823), between 1 over (measures - 1) and 1.
    """
    spread = np.atleast_2d(np.cov(sizes, rowvar=False))
    centred = spread - spread.mean(axis=0) - spread.mean(axis=1)[:, None] + spread.mean()
    square = float(np.sum(centred**2))
    return float(np.trace(centred) ** 2 / ((len(centred) - 1) * square)) if square > 0 else 1.0


def _pairs(sizes: Floats) -> tuple[Pair, ...]:
    from statsmodels.stats.multitest import multipletests

    places = list(combinations(range(sizes.shape[1]), 2))
    tests = [stats.ttest_rel(sizes[:, a], sizes[:, b]) for a, b in places]
    raw = [float(t.pvalue) for t in tests]
    holm, bonferroni = (multipletests(raw, method=m)[1] for m in ("holm", "bonferroni"))
    found = []
    for n, (a, b) in enumerate(places):
        difference, interval = _mean_interval(sizes[:, a] - sizes[:, b])
        effect = difference / float(np.std(sizes[:, a] - sizes[:, b], ddof=1))
        found.append(
            Pair(
                a + 1,
                b + 1,
                difference,
                interval,
                float(tests[n].statistic),
                raw[n],
                float(holm[n]),
                float(bonferroni[n]),
                effect,
            )
        )
    return tuple(found)


def _level_from(pairs: Sequence[Pair]) -> int:
    return max((p.first + 1 for p in pairs if p.p_holm < ALPHA), default=1)


def _mean_interval(values: Floats) -> tuple[float, tuple[float, float]]:
    mean = float(np.mean(values))
    reach = float(
        stats.t.ppf(1 - ALPHA / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    )
    return mean, (mean - reach, mean + reach)


# -- rest -----------------------------------------------------------------------------------------------------------


def _rest(series: pd.DataFrame, not_done: list[str]) -> Rest | None:
    columns = ["rest_before_uv", "rest_after_uv"]
    known = series[np.isfinite(series[columns].astype(float)).all(axis=1)]
    means = known.groupby("subject")[columns].mean()
    if len(means) < LEAST_SUBJECTS:
        not_done.append(f"rest: {len(means)} subjects with both; at least {LEAST_SUBJECTS} are needed")
        return None
    before, after = (means[c].to_numpy(float) for c in columns)
    test = stats.ttest_rel(after, before)
    mean_before, interval_before = _mean_interval(before)
    mean_after, interval_after = _mean_interval(after)
    difference, interval = _mean_interval(after - before)
    return Rest(
        len(means),
        mean_before,
        interval_before,
        mean_after,
        interval_after,
        difference,
        interval,
        float(test.statistic),
        float(test.pvalue),
    )


# -- mixed model ----------------------------------------------------------------------------------------------------


def _mixed(sizes: pd.DataFrame, not_done: list[str]) -> Mixed | None:
    subjects_of = sizes.groupby("order")["subject"].nunique()
    orders = [k for k in sorted(subjects_of.index) if subjects_of[k] >= LEAST_SUBJECTS]
    if len(orders) < 2 or orders[0] != 1:
        not_done.append(f"mixed model: fewer than {LEAST_SUBJECTS} subjects with a second twitch")
        return None
    table = sizes[sizes["order"].isin(orders)]
    table = table.assign(log_size=np.log(table["size"]), order=table["order"].astype(int))
    several = table.groupby("subject")["series"].nunique().max() > 1
    try:
        full = _fit(table, "log_size ~ C(order)", several, reml=True)
        larger = _fit(table, "log_size ~ C(order)", several, reml=False)
        smaller = _fit(table, "log_size ~ 1", several, reml=False)
    except (np.linalg.LinAlgError, ValueError) as error:
        not_done.append(f"mixed model: it has no solution ({error})")
        return None
    terms = [f"C(order)[T.{k}]" for k in orders[1:]]
    bounds = full.conf_int(ALPHA)
    statistic = max(2 * float(larger.llf - smaller.llf), 0.0)
    return Mixed(
        int(table["subject"].nunique()),
        int(table["series"].nunique()),
        len(table),
        (1.0, *(math.exp(full.fe_params[t]) for t in terms)),
        ((1.0, 1.0), *((math.exp(bounds.loc[t, 0]), math.exp(bounds.loc[t, 1])) for t in terms)),
        statistic,
        len(terms),
        float(stats.chi2.sf(statistic, len(terms))),
        math.sqrt(float(full.cov_re.iloc[0, 0])),
        math.sqrt(float(full.scale)),
    )


def _fit(table: pd.DataFrame, formula: str, several: bool, *, reml: bool) -> Any:
    from statsmodels.formula.api import mixedlm

    within = {"vc_formula": {"series": "0 + C(series)"}, "re_formula": "1"} if several else {}
    model = mixedlm(formula, table, groups=table["subject"], **within)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance at zero is a result; convergence is looked at here
        for optimizer in OPTIMIZERS:
            fitted = model.fit(reml=reml, method=[optimizer])
            if fitted.converged and math.isfinite(fitted.llf):
                return fitted
    raise ValueError("no optimizer converged")


def write_cohort(found: Cohort) -> dict[str, Any]:
    """Write the analysis of a cohort as the `analysis` of a `tautband.cohort/1`.

    Parameters
    ----------
    found
        The analysis.

    Returns
    -------
    dict
        Ready for JSON.
    """
    written: dict[str, Any] = asdict(found)
    written["left_out"] = [{"subject": subject, "why": why} for subject, why in found.left_out]
    return written
