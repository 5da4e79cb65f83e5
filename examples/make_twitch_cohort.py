"""Makes examples/twitch_cohort/: short simulated recordings of ten people and a manifest that names them."""

import csv
from pathlib import Path

import edfio
import numpy as np

from tautband.twitch.simulate import Settings, expected_ratios, simulate

SEED, PEOPLE, TWITCHES, RATE_HZ = 5, 10, 6, 500.0

folder = Path(__file__).with_name("twitch_cohort")
folder.mkdir(exist_ok=True)
chance = np.random.default_rng(SEED)
with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
    manifest = csv.writer(file, lineterminator="\n")
    manifest.writerow(["subject", "site", "file", "channel", "unit", "rate"])
    for number in range(1, PEOPLE + 1):
        # one person twitches only four times; all fall to about half of the first
        count = 4 if number == 7 else TWITCHES
        ratios = expected_ratios(count, float(chance.uniform(0.4, 0.6)), 1.0)
        settings = Settings(
            duration_s=15.0,
            sampling_rate=RATE_HZ,
            noise_rms_uv=float(chance.uniform(3.0, 6.0)),
            snr_db=(24.0, 28.0),
            scatter=0.1,
            kinds={"burst": 1.0},
            series=tuple(ratios.tolist()),
        )
        made = simulate(settings, chance)
        name = f"sub-{number:02d}_site-gastrocnemius.edf"
        channel = edfio.EdfSignal(made.signal, RATE_HZ, label="EMG", physical_dimension="uV")
        edfio.Edf([channel]).write(folder / name)
        manifest.writerow([f"{number:02d}", "gastrocnemius", name, "EMG", "uV", ""])
