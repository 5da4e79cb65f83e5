"""How well rate and amplitude of end-plate spikes and noise are measured, by size, rate and sampling rate.

    python benchmarks/twitch_endplate.py

Relative errors over stretches of 20 s with known truth. Spikes are given in multiples of the RMS of the noise.
"""

from __future__ import annotations

import numpy as np
from numpy.random import default_rng
from report import write_results

from tautband.twitch.endplate import SETTLE_S, end_plate
from tautband.twitch.simulate_endplate import simulate_end_plate

SECONDS, STRETCHES, NOISE_UV = 20.0, 6, 5.0


def main() -> None:
    rows = [
        "# End-plate noise and spikes",
        f"{STRETCHES} stretches of {SECONDS:g} s each; mean relative error, in brackets the largest.",
        "",
        "| samples/s | spike over noise | spikes/s | rate | amplitude | noise |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for sampling_rate in (2000.0, 5000.0, 10_000.0):
        for size in (8, 12, 20, 40):
            for per_s in (5.0, 20.0, 50.0):
                errors = []
                for seed in range(STRETCHES):
                    made = simulate_end_plate(
                        SECONDS,
                        sampling_rate,
                        default_rng([seed, size]),
                        noise_rms_uv=NOISE_UV,
                        spikes_per_s=per_s,
                        spike_uv=size * NOISE_UV,
                    )
                    (found,) = end_plate([made.signal], sampling_rate, [(0.0, SECONDS)])
                    assert found is not None
                    truth = np.sum(made.spikes_s > SETTLE_S) / (SECONDS - SETTLE_S)
                    errors.append(
                        (
                            found.spikes_per_s / truth - 1,
                            (found.spike_uv or 0.0) / made.spike_uv - 1,
                            found.noise_rms_uv / NOISE_UV - 1,
                        )
                    )
                table = np.array(errors)
                largest = np.abs(table).max(axis=0)
                cells = " | ".join(
                    f"{mean:+.0%} ({most:.0%})"
                    for mean, most in zip(table.mean(axis=0), largest, strict=True)
                )
                rows.append(f"| {sampling_rate:g} | {size} | {per_s:g} | {cells} |")
    write_results("twitch_endplate", rows)


if __name__ == "__main__":
    main()
