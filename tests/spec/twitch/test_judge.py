"""The judge looks at most readings with a few trees only, and says what all of them would say."""

import numpy as np
from numpy.random import default_rng

from tautband.twitch.channel import Channel, Judged
from tautband.twitch.judge import FIRST_TREES, HOPELESS, Verdict, shipped_judge
from tautband.twitch.simulate import mixed_settings, simulate


def readings() -> np.ndarray:
    """Every reading of some recordings with many disturbances, shape (readings, features)."""
    found: list[np.ndarray] = []

    def keep(candidate: Judged) -> list[Verdict]:
        found.extend(reading.features for reading in candidate.readings)
        return []

    for seed in range(4):
        chance = default_rng([5, seed])
        made = simulate(mixed_settings(chance, sampling_rate=2000.0), chance)
        channel = Channel(made.sampling_rate, keep)
        channel.push(made.signal)
        channel.finish()
    return np.array(found)


def test_what_the_first_trees_give_up_would_not_have_passed() -> None:
    judge, seen = shipped_judge(), readings()
    full = judge.twitch.scores(seen)[:, 0]
    early = judge.twitch.base[0] + judge.twitch.added(seen, slice(FIRST_TREES))[:, 0]
    given_up = early <= HOPELESS
    assert given_up.mean() > 0.5
    assert 1 / (1 + np.exp(-full[given_up].max())) < judge.threshold
    probability = np.array([judge.verdicts(row[None])[0].probability for row in seen])
    np.testing.assert_allclose(probability[~given_up], 1 / (1 + np.exp(-full[~given_up])), rtol=1e-12)
