"""What the judge was blind to until it learnt it: startles, needle insertion, single units and end plates.

    python benchmarks/twitch_beyond.py

On recordings of the second simulator (`twitch_foreign.py`), modelled without knowledge of the sketches from which the
judge learns, but to a brief that gave kinds, lengths and rates. Nothing was learnt or tuned on them.
"""

from __future__ import annotations

from report import machine, write_results
from twitch import bp_find_onsets, interval, ours, prepare, total
from twitch_foreign import beyond
from twitch_sets import score

RECORDINGS = 40


def main() -> None:
    lines = [
        "# Twitches beside startles, needle insertion, single units and end plates",
        machine("-").replace(", atlas -", ""),
        f"{RECORDINGS} recordings of 30 s each, with twitches of 6 to 20 dB and as many without; F1 by onset within 50 "
        "ms, in brackets the central 95 % over draws of the recordings.",
        "",
        "| disturbance | F1 | hits | misses | false | false/min without a twitch | find_onsets: F1 | false/min |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, (with_twitches, without) in beyond(RECORDINGS).items():
        here = [score(made, ours(made).spans) for made in with_twitches]
        alone = total([score(made, ours(made).spans) for made in without])
        theirs = total([score(made, bp_find_onsets(prepare(made))) for made in with_twitches])
        their_alone = total([score(made, bp_find_onsets(prepare(made))) for made in without])
        s = total(here)
        lines.append(
            f"| {name} | {s.f1:.2f}{interval(here)} | {s.hits} | {s.misses} | {s.false} | {alone.false_per_min:.2f} "
            f"| {theirs.f1:.2f} | {their_alone.false_per_min:.1f} |"
        )
    lines += ["", "`find_onsets` is that of BioSPPy with its defaults."]
    write_results("twitch_beyond", lines)


if __name__ == "__main__":
    main()
