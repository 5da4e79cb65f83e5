"""Twitch detection against every burst detector of NeuroKit2 and BioSPPy, and against the statistical limits.

    python benchmarks/twitch.py [--per-set N] [--budget SECONDS] [--ours-only]

Everybody gets the same recordings in one run. Peers get them band-passed without delay, missing samples bridged, scaled
to the noise of the quietest second, their findings merged over 60 ms; once with the defaults of their authors (where
there are any) and once with the best parameters of a grid on the training half. tautband gets the raw samples in blocks
of 50 ms.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import neurokit2  # noqa: F401  (its modules are reached through sys.modules: a function hides one of them)
import numpy as np
from biosppy.signals import emg as biosppy
from numpy.random import default_rng
from numpy.typing import NDArray
from report import machine, write_results
from scipy.signal import butter, sosfiltfilt
from twitch_foreign import foreign
from twitch_held_out import Varied, varied
from twitch_sets import LEVELS_DB, Score, Spans, score, sets

from tautband.twitch import Candidate, Twitch, TwitchMonitor
from tautband.twitch.measure import edges, energy_until, whiten
from tautband.twitch.simulate import DISTURBANCES, Simulated, sensor_noise

Floats = NDArray[np.float64]
NEUROKIT = sys.modules["neurokit2.emg.emg_activation"]
NONE: Spans = np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a peer gets."""

    signal: Floats
    rest: Floats
    rate: float


def prepare(made: Simulated) -> Prepared:
    """Band-pass without delay, bridge, and take the quietest second as rest."""
    signal = np.nan_to_num(made.signal - np.nanmedian(made.signal))
    top = min(450.0, 0.45 * made.sampling_rate)
    signal = sosfiltfilt(butter(4, [20, top], "bandpass", fs=made.sampling_rate, output="sos"), signal)
    width = round(made.sampling_rate)
    power = np.convolve(signal**2, np.full(width, 1 / width), "valid")[:: width // 4]
    first = int(np.argmin(np.where(power > 1e-3 * np.median(power), power, np.inf))) * (width // 4)
    rest = signal[first : first + width]
    return Prepared(signal, rest, made.sampling_rate)


def spans_of(active: Floats, rate: float) -> Spans:
    """Runs of activity in seconds, merged over 60 ms, those under 5 ms left out."""
    edges_at = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(active) > 0, [0]]).astype(int)))
    return merged(edges_at.reshape(-1, 2) / rate)


def merged(spans: Spans) -> Spans:
    """Join what is less than 60 ms apart."""
    found: list[list[float]] = []
    for on, off in spans:
        if found and on - found[-1][1] < 0.06:
            found[-1][1] = max(found[-1][1], off)
        else:
            found.append([float(on), float(off)])
    return np.array([s for s in found if s[1] - s[0] >= 0.005]).reshape(-1, 2)


def marks(result: Any, rate: float) -> Spans:
    """Onsets and offsets that BioSPPy gives in one array, paired."""
    at = np.asarray(result["onsets"], float)
    at = at[: len(at) // 2 * 2].reshape(-1, 2) / rate
    return merged(at[at[:, 1] > at[:, 0]])


def amplitude(p: Prepared, window_s: float) -> Floats:
    width = max(1, round(window_s * p.rate))
    return np.sqrt(np.convolve(p.signal**2, np.full(width, 1 / width), "same")) / p.rest.std()


Peer = Callable[..., Spans]


def nk_threshold(p: Prepared, threshold: float | str = "default", window_s: float = 0.05) -> Spans:
    return spans_of(NEUROKIT._emg_activation_threshold(amplitude(p, window_s), threshold=threshold), p.rate)


def nk_mixture(p: Prepared, threshold: float | str = "default", window_s: float = 0.05) -> Spans:
    return spans_of(NEUROKIT._emg_activation_mixture(amplitude(p, window_s), threshold=threshold), p.rate)


def nk_biosppy(p: Prepared, threshold: float | str = "default", size: float = 0.05) -> Spans:
    return spans_of(
        NEUROKIT._emg_activation_biosppy(
            p.signal / p.rest.std(), sampling_rate=p.rate, size=size, threshold=threshold
        ),
        p.rate,
    )


def nk_silva(p: Prepared, threshold: float | str = "default", size_s: float = 0.0) -> Spans:
    sizes = {"size": round(size_s * p.rate), "threshold_size": round(1.1 * size_s * p.rate)} if size_s else {}
    return spans_of(
        NEUROKIT._emg_activation_silva(p.signal / p.rest.std(), threshold=threshold, **sizes), p.rate
    )


def nk_pelt(p: Prepared, penalty: float | None = None) -> Spans:
    """In pieces of 3 s, since its time grows with the square of the length."""
    piece, active = round(3 * p.rate), []
    extra = {} if penalty is None else {"penalty": penalty}
    for first in range(0, len(p.signal), piece):
        part = p.signal[first : first + piece] / p.rest.std()
        active.append(NEUROKIT._emg_activation_pelt(part, duration_min=round(0.05 * p.rate), **extra))
    return spans_of(np.concatenate(active), p.rate)


def bp_find_onsets(p: Prepared, size: float = 0.05, threshold: float | None = None) -> Spans:
    scale = None if threshold is None else threshold * p.rest.std()
    return marks(biosppy.find_onsets(p.signal, p.rate, size=size, threshold=scale), p.rate)


def bp_hodges_bui(p: Prepared, size_s: float, threshold: float) -> Spans:
    size = max(2, round(size_s * p.rate))
    return marks(
        biosppy.hodges_bui_onset_detector(p.signal, p.rest, p.rate, size=size, threshold=threshold), p.rate
    )


def bp_bonato(p: Prepared, threshold: float, active_s: float) -> Spans:
    duration = max(2, round(active_s * p.rate / 2))
    return marks(
        biosppy.bonato_onset_detector(
            p.signal,
            p.rest,
            p.rate,
            threshold=threshold,
            active_state_duration=duration,
            samples_above_fail=2,
            fail_size=6,
        ),
        p.rate,
    )


def bp_lidierth(p: Prepared, size_s: float, threshold: float) -> Spans:
    size = max(2, round(size_s * p.rate))
    return marks(
        biosppy.lidierth_onset_detector(
            p.signal,
            p.rest,
            p.rate,
            size=size,
            threshold=threshold,
            active_state_duration=size,
            fail_size=size // 2,
        ),
        p.rate,
    )


def bp_abbink(p: Prepared, size_s: float, threshold: float) -> Spans:
    size = max(2, round(size_s * p.rate))
    return marks(
        biosppy.abbink_onset_detector(
            p.signal,
            p.rest,
            p.rate,
            size=size,
            alarm_size=size,
            threshold=threshold,
            transition_threshold=size // 2,
        ),
        p.rate,
    )


def bp_solnik(p: Prepared, threshold: float, active_s: float) -> Spans:
    scaled, rest = p.signal / p.rest.std(), p.rest / p.rest.std()
    duration = max(2, round(active_s * p.rate))
    return marks(
        biosppy.solnik_onset_detector(
            scaled, rest, p.rate, threshold=threshold, active_state_duration=duration
        ),
        p.rate,
    )


def bp_silva(p: Prepared, size_s: float, threshold: float) -> Spans:
    size = max(2, round(size_s * p.rate))
    return marks(
        biosppy.silva_onset_detector(
            p.signal / p.rest.std(), p.rate, size=size, threshold_size=size + 2, threshold=threshold
        ),
        p.rate,
    )


def bp_londral(p: Prepared, size_s: float, threshold: float) -> Spans:
    scaled, rest = p.signal / p.rest.std(), p.rest / p.rest.std()
    size = max(4, round(size_s * p.rate))
    return marks(
        biosppy.londral_onset_detector(
            scaled, rest, p.rate, size=size, threshold=threshold, active_state_duration=size // 2
        ),
        p.rate,
    )


def grid(**choices: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination."""
    found: list[dict[str, Any]] = [{}]
    for name, values in choices.items():
        found = [{**f, name: v} for f in found for v in values]
    return found


PEERS: Mapping[str, tuple[Peer, bool, list[dict[str, Any]]]] = {
    "NeuroKit2 threshold": (nk_threshold, True, grid(threshold=[1.5, 1.8, 2.2, 3.0], window_s=[0.03, 0.06])),
    "NeuroKit2 mixture": (nk_mixture, True, grid(threshold=[0.5, 0.8, 0.95, 0.99], window_s=[0.03, 0.06])),
    "NeuroKit2 biosppy": (nk_biosppy, True, grid(threshold=[1.2, 1.6, 2.0, 2.6], size=[0.03, 0.06])),
    "NeuroKit2 silva": (nk_silva, True, grid(threshold=[0.05, 0.2, 0.5], size_s=[0.02, 0.05])),
    "BioSPPy find_onsets": (bp_find_onsets, True, grid(threshold=[1.2, 1.6, 2.0, 2.6], size=[0.03, 0.06])),
    "BioSPPy hodges_bui": (bp_hodges_bui, False, grid(threshold=[3.0, 6.0, 10.0], size_s=[0.03, 0.06])),
    "BioSPPy silva": (bp_silva, False, grid(threshold=[0.1, 0.4, 1.0], size_s=[0.02, 0.05])),
    "BioSPPy solnik": (bp_solnik, False, grid(threshold=[4.0, 8.0, 15.0], active_s=[0.01])),
    "BioSPPy bonato": (bp_bonato, False, grid(threshold=[8.0, 14.0, 20.0], active_s=[0.02])),
    "BioSPPy lidierth": (bp_lidierth, False, grid(threshold=[3.0, 6.0], size_s=[0.03])),
    "BioSPPy abbink": (bp_abbink, False, grid(threshold=[6.0], size_s=[0.03])),
    "BioSPPy londral": (bp_londral, False, grid(threshold=[4.0], size_s=[0.03])),
    "NeuroKit2 pelt": (nk_pelt, True, []),
}
"""Detector, whether its authors give defaults, and its grid; slow ones have small grids and pelt, the slowest, none."""


@dataclass
class Clock:
    """Time that a detector may use in all, on the processor."""

    budget: float
    used: float = 0.0

    def run(self, peer: Peer, prepared: Prepared, **settings: Any) -> tuple[Spans, float] | None:
        """Its spans and time; none at all when the budget is used up."""
        if self.used > self.budget:
            return None
        start = time.process_time()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                spans = peer(prepared, **settings)
            except (
                ValueError,
                IndexError,
                TypeError,
                ZeroDivisionError,
            ):  # as some do when they find nothing
                spans = NONE
        spent = time.process_time() - start
        self.used += spent
        return spans, spent


@dataclass(frozen=True)
class Ours:
    """What tautband did with a recording."""

    spans: Spans
    seconds: float


def ours(made: Simulated) -> Ours:
    """Run the monitor in blocks of 50 ms; latencies are measured again in blocks of 2 ms on clean recordings."""
    signal, size = made.signal, round(0.05 * made.sampling_rate)
    monitor = TwitchMonitor(made.sampling_rate)
    found: list[Any] = []
    start = time.process_time()
    for first in range(0, len(signal), size):
        found += monitor.push(signal[first : first + size])
    found += monitor.finish()
    seconds = time.process_time() - start
    spans = np.array([(e.onset_s, e.offset_s) for e in found if isinstance(e, Twitch)]).reshape(-1, 2)
    return Ours(spans, seconds)


def latencies(made: Simulated) -> tuple[list[float], list[float]]:
    """Milliseconds from the true onset to the candidate, and from the true offset to the confirmed twitch."""
    size = max(1, round(0.002 * made.sampling_rate))
    monitor = TwitchMonitor(made.sampling_rate)
    candidate, confirmed = [], []
    for first in range(0, len(made.signal), size):
        now = min(first + size, len(made.signal)) / made.sampling_rate
        for event in monitor.push(made.signal[first : first + size]):
            near = [t for t in made.twitches if abs(t.onset_s - event.onset_s) < 0.06 and now > 1.1]
            if near and isinstance(event, Candidate):
                candidate.append(1000 * (now - near[0].onset_s))
            elif near and isinstance(event, Twitch):
                confirmed.append(1000 * (now - near[0].offset_s))
    return candidate, confirmed


def bounds(recordings: Sequence[Simulated]) -> tuple[float, float]:
    """F1 of an oracle that knows place, length and spectra (0.1 false alarms a minute), and the onset error of an
    off-line likelihood ratio over an unknown rectangle within 0.15 s of the truth."""
    first = recordings[0]
    rate = first.sampling_rate
    frame = 64
    bins = np.fft.rfftfreq(frame, 1 / rate)[1:29]
    noise = sensor_noise(round(240 * rate), replace(first.settings), default_rng(5))
    window = np.hanning(frame) / np.sqrt(np.sum(np.hanning(frame) ** 2))

    def spectrum(wave: Floats) -> Floats:
        frames = wave[: len(wave) // frame * frame].reshape(-1, frame) * window
        return np.mean(np.abs(np.fft.rfft(frames)[:, 1:29]) ** 2, axis=0)

    noise_power = spectrum(noise)
    weight = spectrum(np.concatenate([r.clean for r in recordings])) / noise_power**2

    def eckart(wave: Floats) -> Floats:
        axis = np.fft.rfftfreq(len(wave), 1 / rate)
        gain = np.sqrt(np.interp(axis, bins, weight, left=0.0, right=0.0))
        return np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)) ** 2

    quiet = np.cumsum(eckart(noise))
    hits = total = 0
    errors = []
    for made in recordings:
        loud = np.concatenate([[0.0], np.cumsum(eckart(made.signal))])
        for twitch in made.twitches:
            on, off = round(twitch.onset_s * rate), round(twitch.offset_s * rate)
            sums = quiet[off - on :: (off - on)] - quiet[: -(off - on) : (off - on)]
            bar = np.quantile(sums, 1 - 0.1 / 60 * (off - on) / rate)
            hits += loud[off] - loud[on] > bar
            total += 1
            begin = max(on - round(0.3 * rate), 0)
            around = made.signal[begin : off + round(0.3 * rate)]
            (piece,) = whiten(around, rate, bins, noise_power, (20.0,))
            reach = round(0.15 * rate)
            found, _, _ = edges(
                energy_until(piece), on - begin, off - begin, reach, max(1, round(0.004 * rate))
            )
            errors.append(abs(found + begin - on) / rate)
    false = 0.1 * sum(r.settings.duration_s for r in recordings) / 60
    f1 = 2 * hits / (2 * hits + (total - hits) + false)
    return float(f1), 1000 * float(np.median(errors))


def tuned(name: str, training: Sequence[tuple[Simulated, Prepared]], budget: float) -> dict[str, Any] | None:
    """The grid's best parameters on the training half."""
    peer, _, choices = PEERS[name]
    clock, best, at = Clock(budget), -1.0, None
    for settings in choices:
        total = Score()
        for made, prepared in training:
            if result := clock.run(peer, prepared, **settings):
                total += score(made, result[0])
        if total.f1 > best and total.hits + total.misses:
            best, at = total.f1, settings
    return at


def tuned_on(recordings: Sequence[Simulated], budget: float) -> tuple[float, str]:
    """The best F1 of any peer with any parameters of its grid on these very recordings, and whose it is."""
    prepared = [(made, prepare(made)) for made in recordings]
    found = []
    for name, (peer, _, choices) in PEERS.items():
        clock = Clock(budget)
        for settings in choices:
            results = [(made, clock.run(peer, p, **settings)) for made, p in prepared]
            if all(result for _, result in results):
                found.append((total([score(made, result[0]) for made, result in results if result]).f1, name))
    return max(found)


def groups_of(name: str) -> str:
    """The table's row of a set."""
    second = FOREIGN if name.startswith(FOREIGN) else ""
    name = name.removeprefix(FOREIGN)
    if name in DISTURBANCES or name == "slow tone":
        return f"{second}artefacts"
    return second + ("artefacts only" if name.startswith("only") else name)


Found = dict[str, list[Score]]
"""Scores of the recordings of every set."""

FOREIGN = "foreign "
"""What the names of the second simulator's sets begin with."""

GOALS: Mapping[str, float] = {
    "clean 3 dB": 0.85,
    "clean 6 dB": 0.95,
    "clean 10 dB": 0.99,
    "clean 14 dB": 0.99,
    "clean 20 dB": 0.99,
    "artefacts": 0.93,
    "mixed": 0.90,
    "mild mixed": 0.90,
    "varied": 0.80,
}


@dataclass(frozen=True, eq=False)
class Measured:
    """What tautband did with everything."""

    found: Found
    candidate_ms: Sequence[float]
    confirmed_ms: Sequence[float]
    times_real: float
    times_real_clean: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-set", type=int, default=20, help="recordings of 30 s per set")
    parser.add_argument(
        "--budget", type=float, default=60.0, help="processor seconds a peer may use per stage"
    )
    parser.add_argument("--ours-only", action="store_true", help="leave the peers out; writes nothing")
    options = parser.parse_args()
    test = sets("test", options.per_set) | foreign(options.per_set // 2)
    held_out = list(varied())
    say("recordings made")
    own = measured(test, held_out)
    say("tautband measured")
    limit = {f"clean {level:g} dB": bounds(test[f"clean {level:g} dB"]) for level in LEVELS_DB}
    say("limits measured")
    if options.ours_only:
        print("\n".join(own_lines(own, limit)))
        return
    peers, chosen, speed = measured_peers(test, held_out, options.budget)
    very = {name: tuned_on(test[name], options.budget) for name in ("mixed", "mild mixed")}
    intro = (
        f"{options.per_set} recordings of 30 s per set ({2 * options.per_set} mixed and as many mildly mixed, "
        f"{options.per_set // 2} of each artefact alone), {len(held_out)} varied ones that "
        "nothing was tuned on; half as many per set from the second simulator (foreign), from which nobody learnt "
        "anything; simulated, so the truth is known. F1 by onset within 50 ms; twitches below 3 dB are not "
        "counted. In brackets the central 95 % of 1,000 draws of the recordings with replacement."
    )
    write_results(
        "twitch",
        [
            "# Twitch detection",
            machine("-").replace(", atlas -", ""),
            intro,
            *own_lines(own, limit),
            *peer_lines(own, peers, chosen, speed),
            "Tuned on the very recordings they are measured on, general detectors reach at best "
            + " and ".join(f"{f1:.2f} on the {name} set ({peer})" for name, (f1, peer) in very.items())
            + ".",
        ],
    )


def measured(test: Mapping[str, Sequence[Simulated]], held_out: Sequence[Varied]) -> Measured:
    """Run tautband on every recording; at 2 kHz twice, and the quicker run counts."""
    found: Found = {}
    spent = {"clean": [0.0, 0.0], "all": [0.0, 0.0]}
    for name, recordings in test.items():
        for made in recordings:
            result = ours(made)
            found.setdefault(name, []).append(score(made, result.spans))
            if made.sampling_rate == 2000.0 and not name.startswith(FOREIGN):
                seconds = min(result.seconds, ours(made).seconds)
                for kind in ("clean", "all") if name.startswith("clean") else ("all",):
                    spent[kind][0] += made.settings.duration_s
                    spent[kind][1] += seconds
    for v in held_out:
        s = score(v.recording, ours(v.recording).spans)
        for name in ("varied", "varied, short") if v.recording.settings.duration_s < 100 else ("varied",):
            found.setdefault(name, []).append(s)
    candidate, confirmed = [], []
    for made in test["clean 14 dB"][:5] + test["clean 10 dB"][:5]:
        a, b = latencies(made)
        candidate += a
        confirmed += b
    times = {kind: length / max(seconds, 1e-9) for kind, (length, seconds) in spent.items()}
    return Measured(found, candidate, confirmed, times["all"], times["clean"])


def measured_peers(
    test: Mapping[str, Sequence[Simulated]], held_out: Sequence[Varied], budget: float
) -> tuple[dict[str, Found], dict[str, str], dict[str, float]]:
    """Every peer's scores, tuned settings and speed."""
    half = sets("train", 2)
    training = [
        (r, prepare(r))
        for name in ("clean 6 dB", "clean 14 dB", "ECG", "needle movement", "voluntary contraction", "mixed")
        for r in half[name][:2]
    ]
    # in turn from every set, so that a detector too slow for all of them is measured on some of each
    queue = [
        (group, recordings[turn], prepare(recordings[turn]))
        for turn in range(max(len(r) for r in test.values()))
        for group, recordings in test.items()
        if turn < len(recordings)
    ]
    short = [v.recording for v in held_out if v.recording.settings.duration_s < 100]
    few = max(1, len(queue) // len(short))
    for place, made in enumerate(short):
        queue.insert(place * (few + 1), ("varied, short", made, prepare(made)))
    peers: dict[str, Found] = {}
    speed: dict[str, float] = {}
    chosen: dict[str, str] = {}
    for name, (peer, has_defaults, _) in PEERS.items():
        ways: list[tuple[str, dict[str, Any]]] = [("defaults", {})] if has_defaults else []
        if best := tuned(name, training, budget):
            ways.append(("tuned", best))
            chosen[name] = ", ".join(f"{k} {v}" for k, v in best.items())
        for way, settings in ways:
            clock, length = Clock(budget), 0.0
            found: Found = {}
            for group, made, prepared in queue:
                if result := clock.run(peer, prepared, **settings):
                    found.setdefault(group, []).append(score(made, result[0]))
                    length += made.settings.duration_s
            label = f"{name}, {way}"
            if clock.used > budget:
                label += f" (on {sum(len(s) for s in found.values())} of {len(queue)}: too slow)"
            peers[label], speed[label] = found, length / max(clock.used, 1e-9)
            say(f"{label} measured, {speed[label]:.0f} times real time")
    return peers, chosen, speed


def own_lines(own: Measured, limit: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    """Tables of what tautband does, against the limits and the goals."""
    yield "## tautband against its limits and its goals"
    yield (
        "| set | twitches | F1 by onset | F1 by overlap | onset error ms | likelihood ratio ms | oracle F1 | false/min "
        "| goal |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---|"
    sums = grouped(own.found)
    ratios = []
    for group, scores in sums.items():
        s = total(scores)
        if group == "varied, short":
            continue
        f1, error = limit.get(group, (float("nan"), float("nan")))
        if group in limit:
            ratios.append(s.median_error_ms / error)
        if group == "artefacts only":
            goal = verdict("under 0.2 false/min", s.false_per_min < 0.2)
        else:
            goal = verdict(f"{GOALS[group]:.2f}", s.f1 >= GOALS[group] - 0.0005) if group in GOALS else ""
        yield (
            f"| {group} | {s.hits + s.misses or ''} | {number(s.f1, s)}{interval(scores)} | {number(s.f1_overlap, s)} "
            f"| {plain(s.median_error_ms)} | {plain(error)} | {plain(f1, 2)} | {s.false_per_min:.2f} | {goal} |"
        )
    yield "## By artefact"
    yield "| artefact | F1 with twitches | hits | misses | false | false/min on artefact alone |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in DISTURBANCES:
        s, alone = total(own.found[name]), total(own.found[f"only {name}"])
        yield f"| {name} | {s.f1:.2f} | {s.hits} | {s.misses} | {s.false} | {alone.false_per_min:.2f} |"
    yield "## Latency and speed"
    yield "| measure | median | 90th percentile | goal |"
    yield "|---|---:|---:|---|"
    late = np.quantile(own.candidate_ms, [0.5, 0.9])
    yield (
        f"| true onset to candidate, ms | {late[0]:.0f} | {late[1]:.0f} | {verdict('30', late[1] <= 30)} |"
    )
    late = np.quantile(own.confirmed_ms, [0.5, 0.9])
    yield (
        f"| true offset to confirmed twitch, ms | {late[0]:.0f} | {late[1]:.0f} | {verdict('150', late[1] <= 150)} |"
    )
    yield (
        f"| onset error over that of the likelihood ratio, at the worst level | {max(ratios):.1f} |  "
        f"| {verdict('2', max(ratios) <= 2)} |"
    )
    yield (
        f"| times real time, clean recordings | {own.times_real_clean:.0f} |  "
        f"| {verdict('500', own.times_real_clean >= 500)} |"
    )
    yield (
        f"| times real time, all recordings at 2 kHz | {own.times_real:.0f} |  "
        f"| {verdict('500', own.times_real >= 500)} |"
    )
    yield ""
    yield (
        "Latencies on clean recordings at 10 and 14 dB in blocks of 2 ms, speed of one channel at 2 kHz in blocks of "
        "50 ms on one core (processor time, the quicker of two runs, on a machine shared with other work)."
    )


def peer_lines(
    own: Measured, peers: Mapping[str, Found], chosen: Mapping[str, str], speed: Mapping[str, float]
) -> Iterator[str]:
    """Tables of every detector on the same recordings, and who is ahead where."""
    own_sums = {g: total(s) for g, s in grouped(own.found).items()}
    everybody = {"**tautband**": (own.found, own.times_real)} | {k: (v, speed[k]) for k, v in peers.items()}
    ahead = []
    for title, second in (
        ("Every detector on the same recordings", ""),
        ("The same on recordings of the second simulator", FOREIGN),
    ):
        only = f"{second}artefacts only"
        names = [g for g in own_sums if g.startswith(FOREIGN) == bool(second) and g not in (only, "varied")]
        yield f"## {title}"
        heads = " | ".join(g.removeprefix(second) for g in names)
        yield f"| detector | {heads} | artefacts only: false/min | times real time |"
        yield "|---|" + "---:|" * (len(names) + 2)
        for label, (found, times) in everybody.items():
            sums = {g: total(s) for g, s in grouped(found).items()}
            cells = " | ".join(number(sums[g].f1, sums[g]) if g in sums else "" for g in names)
            false = f"{sums[only].false_per_min:.1f}" if only in sums else ""
            yield f"| {label} | {cells} | {false} | {times:.0f} |"
            mixed = f"{second}mixed"
            if len(found.get(mixed, ())) == len(own.found[mixed]):
                ahead += [f"{label} on {g}" for g in names if sums[g].f1 > own_sums[g].f1]
    yield ""
    yield "Ahead of tautband among those that got everything: " + ("; ".join(ahead) or "none") + "."
    yield ""
    yield "Tuned on the training half: " + "; ".join(f"{k}: {v}" for k, v in chosen.items()) + "."


def grouped(found: Found) -> Found:
    """Sets joined as the table shows them."""
    joined: Found = {}
    for name, scores in found.items():
        joined.setdefault(groups_of(name), []).extend(scores)
    return joined


def total(scores: Sequence[Score]) -> Score:
    return sum(scores, Score())


def interval(scores: Sequence[Score]) -> str:
    """The central 95 % of F1 over draws of the recordings with replacement."""
    counts = np.array([(s.hits, s.misses, s.false) for s in scores])
    if not counts[:, :2].sum():
        return ""
    drawn = counts[default_rng(0).integers(len(counts), size=(1000, len(counts)))].sum(axis=1)
    f1 = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
    low, high = np.quantile(f1, [0.025, 0.975])
    return f" ({low:.2f}–{high:.2f})"


def verdict(goal: str, met: bool) -> str:
    return f"{goal}: {'met' if met else 'missed'}"


def number(value: float, s: Score) -> str:
    return f"{value:.2f}" if s.hits + s.misses else ""


def plain(value: float, digits: int = 1) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
