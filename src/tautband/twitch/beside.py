"""What a recording holds beside the twitches of its channel: end-plate activity and an accelerometer, read and told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.accelerometer import Agreement, Mechanical, felt_alone, mechanical
from tautband.twitch.analysis import Analysis
from tautband.twitch.endplate import EndPlate, Span, end_plate, spans_of_rest
from tautband.twitch.errors import TwitchError
from tautband.twitch.files import RecordingFile

Floats = NDArray[np.float64]


def end_plates(
    file: RecordingFile,
    index: int,
    unit: str | None,
    found: Analysis,
    before: Span | None,
    after: Span | None,
) -> tuple[EndPlate | None, EndPlate | None]:
    """Measure end-plate activity before and after needling, in the spans given or around the twitches."""
    if before is None or after is None:
        rest = spans_of_rest(found.twitches, found.duration_s)
        before, after = before or rest[0], after or rest[1]
    one, other = end_plate(
        file.microvolts(index, unit),
        file.rate(index),
        [before, after],
        rejected=found.rejected,
        hum_hz=found.hum_hz,
    )
    return one, other


def feel(file: RecordingFile, axes: Sequence[int], unit: str | None) -> Mechanical:
    """Analyse the axes of an accelerometer together."""
    rates = {file.rate(axis) for axis in axes}
    if len(rates) > 1:
        raise TwitchError(f"{file.name}: the axes of the accelerometer have different rates")
    blocks = _side_by_side([file.acceleration(axis, unit) for axis in axes])
    return mechanical(blocks, rates.pop(), channels=[file.channels[axis] for axis in axes])


def _side_by_side(streams: Sequence[Iterable[Floats]]) -> Iterator[Floats]:
    """Samples of several channels as rows, whatever the size of each one's blocks; the shortest ends it."""
    iterators = [iter(s) for s in streams]
    held = [np.zeros(0) for _ in streams]
    while True:
        for n, iterator in enumerate(iterators):
            while not len(held[n]):
                block = next(iterator, None)
                if block is None:
                    return
                held[n] = np.asarray(block, float)
        length = min(len(h) for h in held)
        yield np.column_stack([h[:length] for h in held])
        held = [h[length:] for h in held]


def tell_end_plate(activity: EndPlate | None) -> str:
    """Say in a line what was measured of end-plate activity."""
    if activity is None:
        return "less than a second could be measured"
    spikes = (
        "none"
        if activity.spike_uv is None
        else f"{activity.spikes_per_s:.1f}/s of {activity.spike_uv:.0f} µV"
    )
    noise = f"{activity.noise_rms_uv:.1f} µV RMS, {activity.noise_potentials_per_s:.0f} potentials/s"
    return f"noise {noise}; spikes {spikes} (above {activity.least_spike_uv:.0f} µV), in {activity.seconds:.1f} s"


def tell_felt(felt: Mechanical, found: Analysis | None, agreed: Sequence[Agreement]) -> list[str]:
    """Say in lines what the accelerometer felt, alone or beside the EMG."""
    counts = {why: sum(r.why == why for r in felt.rejected) for why in ("movement", "bump", "NaN run")}
    rejected = ", ".join(f"{n} × {why}" for why, n in counts.items() if n)
    lines = [
        f"Accelerometer ({', '.join(felt.channels)}): {len(felt.twitches)} answers"
        + (f"; rejected: {rejected}" if rejected else "")
    ]
    if found is None:
        return lines + [
            f"  {m.onset_s:.2f} s, {1000 * (m.offset_s - m.onset_s):.0f} ms, {m.peak_m_s2:.2f} m/s², "
            f"{m.relative_to_first:.2f} of the first"
            for m in felt.twitches
        ]
    told = [
        f"{k}: {a.delay_ms:.0f} ms later, sure {a.confidence:.0%}" if a.seen else f"{k}: {a.why}"
        for k, a in enumerate(agreed, 1)
    ]
    if told:
        lines.append(f"  felt with the twitches: {'; '.join(told)}")
    alone = felt_alone(found.twitches, felt)
    if alone:
        when = ", ".join(f"{m.onset_s:.2f}" for m in alone)
        lines.append(f"  felt without a twitch in the EMG, which may have missed it: at {when} s")
    return lines
