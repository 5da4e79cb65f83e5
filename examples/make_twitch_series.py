"""Makes examples/twitch_series.edf: half a minute of simulated surface EMG with a series of twitches."""

from pathlib import Path

import edfio
import numpy as np

from tautband.twitch.simulate import Settings, simulate

SEED = 12

settings = Settings(
    duration_s=30.0,
    sampling_rate=1000.0,
    snr_db=(22.0, 22.0),
    twitches_per_min=14.0,
    decay=True,
    scatter=0.08,
    disturbances=("needle movement", "ECG"),
    strength=(15.0, 30.0),
    per_min=(6.0, 8.0),
    needle_before_twitch=0.5,
)
made = simulate(settings, np.random.default_rng(SEED))
channel = edfio.EdfSignal(made.signal, 1000.0, label="EMG trapezius", physical_dimension="uV")
edfio.Edf([channel]).write(Path(__file__).with_name("twitch_series.edf"))
for twitch in made.twitches:
    print(
        f"{twitch.onset_s:.3f} s, {1000 * (twitch.offset_s - twitch.onset_s):.0f} ms, {twitch.peak_rms_uv:.0f} µV"
    )
