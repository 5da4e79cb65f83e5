"""Series of many subjects together: the published analysis, who is left out, and what cannot be told."""

import math

import jsonschema
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tautband.twitch import TwitchError, cohort, cohort_plot, write_cohort
from tautband.twitch.cohort import greenhouse_geisser
from tautband.twitch.simulate import expected_ratios


def drawn(
    seed: int = 0,
    subjects: int = 12,
    lengths: tuple[int, ...] = (6,),
    plateau: float = 0.5,
    per_subject: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    chance = np.random.default_rng(seed)
    rows, series = [], []
    for n in range(subjects):
        for v in range(per_subject):
            name, length = f"s{n}/{v}", lengths[n % len(lengths)]
            sizes = np.exp(4 + 0.4 * chance.standard_normal()) * expected_ratios(length, plateau, 1.0)
            sizes *= np.exp(0.1 * chance.standard_normal(length))
            rows += [
                {"subject": f"s{n}", "series": name, "order": k, "window_rms_uv": x, "peak_rms_uv": 2 * x}
                for k, x in enumerate(sizes, 1)
            ]
            rest = 5 + chance.standard_normal(2)
            series.append(
                {"subject": f"s{n}", "series": name, "rest_before_uv": rest[0], "rest_after_uv": rest[1]}
            )
    return pd.DataFrame(rows), pd.DataFrame(series)


def sizes_of(twitches: pd.DataFrame) -> np.ndarray:
    return np.asarray(twitches.pivot_table("window_rms_uv", "subject", "order"))


def test_a_fall_is_found_with_where_it_levels_off() -> None:
    found = cohort(*drawn())
    for scale in found.scales:
        assert scale.anova.p_corrected < 1e-6
        assert 3 <= scale.level_from <= 4
        assert scale.means[0] > scale.means[2]
    assert found.mixed is not None
    for ratio, (low, high), truth in zip(
        found.mixed.ratios, found.mixed.intervals, expected_ratios(6, 0.5, 1.0), strict=True
    ):
        assert ratio == pytest.approx(truth, rel=0.1)
        assert low <= ratio <= high


def test_no_fall_is_not_found() -> None:
    found = cohort(*drawn(plateau=1.0))
    assert all(s.anova.p_corrected > 0.05 and s.level_from == 1 for s in found.scales)
    assert found.mixed is not None
    assert found.mixed.p > 0.05


def test_variance_and_correction_are_those_of_pingouin() -> None:
    pingouin = pytest.importorskip(
        "pingouin", reason="benchmarks not installed: scripts/test installs no peers"
    )
    twitches, series = drawn(3)
    found = cohort(twitches, series).scales[0]
    table = pingouin.rm_anova(
        twitches, dv="window_rms_uv", within="order", subject="subject", correction=True, effsize="np2"
    ).iloc[0]
    assert found.anova.f == pytest.approx(table["F"])
    assert found.anova.p == pytest.approx(table["p_unc"])
    assert found.anova.epsilon == pytest.approx(table["eps"])
    assert found.anova.p_corrected == pytest.approx(table["p_GG_corr"])
    assert found.anova.partial_eta_squared == pytest.approx(table["np2"])
    pairs = pingouin.pairwise_tests(
        twitches, dv="window_rms_uv", within="order", subject="subject", padjust="holm"
    )
    for pair, (_, row) in zip(found.pairs, pairs.iterrows(), strict=True):
        assert pair.t == pytest.approx(row["T"])
        assert pair.p == pytest.approx(row["p_unc"])
        assert pair.p_holm == pytest.approx(row["p_corr"])


def test_pairs_and_rest_are_paired_t_tests() -> None:
    twitches, series = drawn(4)
    found, sizes = cohort(twitches, series), sizes_of(twitches)
    for pair in found.scales[0].pairs:
        test = stats.ttest_rel(sizes[:, pair.first - 1], sizes[:, pair.second - 1])
        bounds = test.confidence_interval()
        assert (pair.t, pair.p) == pytest.approx((test.statistic, test.pvalue))
        assert pair.interval == pytest.approx((bounds.low, bounds.high))
        assert pair.p_bonferroni == pytest.approx(min(1.0, 15 * test.pvalue))
    test = stats.ttest_rel(series["rest_after_uv"], series["rest_before_uv"])
    assert found.rest is not None
    assert (found.rest.t, found.rest.p) == pytest.approx((test.statistic, test.pvalue))


def test_for_two_orders_the_variance_analysis_is_the_paired_t_test() -> None:
    twitches, series = drawn(5)
    scale = cohort(twitches, series, orders=2).scales[0]
    assert scale.anova.f == pytest.approx(scale.pairs[0].t ** 2)
    assert scale.anova.epsilon == pytest.approx(1.0)


def test_epsilon_is_one_for_equal_and_least_for_one_common_difference() -> None:
    equal = np.linalg.cholesky(np.full((4, 4), 0.5) + 0.5 * np.eye(4)) @ np.random.default_rng(0).normal(
        size=(4, 40_000)
    )
    assert greenhouse_geisser(equal.T) == pytest.approx(1.0, abs=0.01)
    one = np.outer(np.random.default_rng(1).normal(size=30), [1.0, 0.0, 0.0, 0.0])
    assert greenhouse_geisser(one) == pytest.approx(1 / 3)


def test_the_unit_changes_no_test() -> None:
    twitches, series = drawn(6)
    louder = twitches.assign(window_rms_uv=1000 * twitches["window_rms_uv"])
    one, other = cohort(twitches, series), cohort(louder, series)
    assert other.scales[0].anova.f == pytest.approx(one.scales[0].anova.f)
    assert one.mixed is not None
    assert other.mixed is not None
    assert other.mixed.ratios == pytest.approx(one.mixed.ratios, rel=1e-4)


def test_short_series_are_left_out_by_name_and_kept_in_the_mixed_model() -> None:
    found = cohort(*drawn(7, lengths=(6, 6, 6, 4)))
    assert found.orders == 6
    assert found.left_out == tuple((f"s{n}", "4 of 6 twitches") for n in (11, 3, 7))
    assert found.mixed is not None
    assert (found.mixed.subjects, found.mixed.twitches) == (12, 9 * 6 + 3 * 4)
    assert len(cohort(*drawn(7, lengths=(6, 6, 6, 4)), orders=4).included) == 12


def test_one_long_series_does_not_push_the_others_out() -> None:
    twitches, series = drawn(7, lengths=(4,))
    more, one = drawn(8, subjects=1, lengths=(60,))
    found = cohort(
        pd.concat([twitches, more.assign(subject="long", series="long")]),
        pd.concat([series, one.assign(subject="long", series="long")]),
    )
    assert found.orders == 4
    assert len(found.included) == 13


def test_a_subject_without_a_twitch_is_named() -> None:
    twitches, series = drawn(8)
    lonely = pd.DataFrame([{"subject": "z", "series": "z/0", "rest_before_uv": 5.0, "rest_after_uv": 5.0}])
    found = cohort(twitches, pd.concat([series, lonely]))
    assert found.left_out == (("z", "no twitch seen"),)


def test_several_series_of_a_subject_count_once() -> None:
    twitches, series = drawn(9, subjects=8, per_subject=2)
    found = cohort(twitches, series)
    assert found.scales[0].anova.df_error == 7 * 5
    assert found.rest is not None
    assert found.rest.subjects == 8
    assert found.mixed is not None
    assert found.mixed.series == 16


def test_too_few_subjects_are_told() -> None:
    found = cohort(*drawn(10, subjects=2))
    assert found.scales == ()
    assert [line.split(":")[0] for line in found.not_done] == ["analysis of variance", "rest", "mixed model"]


def test_nothing_at_all_and_a_single_order_are_refused() -> None:
    twitches, series = drawn()
    with pytest.raises(TwitchError, match="no series"):
        cohort(twitches[:0], series[:0])
    with pytest.raises(TwitchError, match="at least 2"):
        cohort(twitches, series, orders=1)


def test_sizes_that_do_not_differ_are_refused() -> None:
    twitches, series = drawn()
    with pytest.raises(TwitchError, match="no measured sizes"):
        cohort(twitches.assign(window_rms_uv=1.0), series)


def test_it_is_written_without_numbers_that_json_does_not_have() -> None:
    written = write_cohort(cohort(*drawn()))
    jsonschema.validate(written["left_out"], {"type": "array"})
    assert all(math.isfinite(p["p_holm"]) for s in written["scales"] for p in s["pairs"])


def test_the_figure_shows_every_series_and_the_means() -> None:
    twitches, series = drawn()
    figure = cohort_plot(cohort(twitches, series), twitches, series)
    sizes, ratios, rest = figure.axes
    assert len(sizes.lines) >= 12
    assert len(ratios.lines) >= 12
    assert len(rest.lines) >= 12
