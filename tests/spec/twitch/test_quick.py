"""The routines without checks give what the public functions give, to the last bit, and so does what stands in."""

import numpy as np
import pytest
from scipy.signal import butter, iirnotch, lfilter, sosfilt

from tautband.twitch import quick

SIZES = (1, 2, 7, 100, 1000)


@pytest.fixture(params=[True, False], ids=["direct", "standing in"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param and not quick.DIRECT:
        pytest.fail("this SciPy keeps its routines elsewhere: look for them, or the monitor is slow")
    monkeypatch.setattr(quick, "DIRECT", request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("size", SIZES)
def test_a_recursion_is_that_of_lfilter(size: int) -> None:
    b, a = butter(4, 20.0, "highpass", fs=2000.0)
    samples, state = np.random.default_rng(size).normal(size=size), np.full(4, 0.3)
    found, expected = quick.recurse(b, a, samples, state), lfilter(b, a, samples, zi=state)
    assert all(np.array_equal(f, e) for f, e in zip(found, expected, strict=True))
    assert np.array_equal(state, np.full(4, 0.3))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("size", SIZES)
def test_a_cascade_is_that_of_sosfilt_and_leaves_its_input_alone(size: int) -> None:
    sections = np.array([np.concatenate(iirnotch(f, f / 3.0, fs=2000.0)) for f in (50.0, 100.0, 150.0)])
    samples, state = np.random.default_rng(size).normal(size=size), np.full((3, 2), 0.1)
    before = samples.copy()
    found, expected = quick.cascade(sections, samples, state), sosfilt(sections, samples, zi=state)
    assert all(np.array_equal(f, e) for f, e in zip(found, expected, strict=True))
    assert np.array_equal(samples, before)
    assert np.array_equal(state, np.full((3, 2), 0.1))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("length", [8, 13, 64, 126])
def test_the_transform_is_that_of_numpy(length: int) -> None:
    frames = np.random.default_rng(length).normal(size=(5, length))
    assert np.array_equal(quick.spectra(frames), np.fft.rfft(frames))
