"""What a recording holds beside one channel: other channels, end-plate activity, an accelerometer; read and told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.accelerometer import Agreement, Mechanical, felt_alone, mechanical
from tautband.twitch.analysis import Analysis, analyse
from tautband.twitch.endplate import EndPlate, Span, end_plate, spans_of_rest
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import sureness
from tautband.twitch.files import RecordingFile
from tautband.twitch.several import Several, spans_of_all, together

Floats = NDArray[np.float64]


def one_channel(file: RecordingFile, index: int, unit: str | None, taps_s: Sequence[float] = ()) -> Analysis:
    """Analyse one channel of a file."""
    return analyse(
        file.microvolts(index, unit),
        file.rate(index),
        channel=file.channels[index],
        taps_s=taps_s,
        known_unit=unit is not None,
    )


def every_channel(file: RecordingFile, unit: str | None) -> tuple[list[Analysis], Several]:
    """Analyse every EMG channel of a file by itself, then look again at what all of them show at once."""
    indices = file.emg or (file.pick(),)
    file.start(indices)
    channels = [one_channel(file, index, unit) for index in indices]
    spans = spans_of_all(channels)
    waves = [_stretches(file.microvolts(i, unit), file.rate(i), spans) for i in indices] if spans else []
    return channels, together(channels, (lambda n, span: waves[n][span]) if spans else None)


def _stretches(blocks: Iterable[Floats], rate: float, spans: Sequence[Span]) -> dict[Span, Floats]:
    """The samples of each span, out of one pass through a channel."""
    parts: dict[Span, list[Floats]] = {span: [] for span in spans}
    at = 0
    for block in blocks:
        for start, end in spans:
            first, last = round(start * rate) - at, round(end * rate) - at
            if first < len(block) and last > 0:
                parts[start, end].append(block[max(first, 0) : last])
        at += len(block)
    return {span: np.concatenate([np.zeros(0), *found]) for span, found in parts.items()}


def tell_several(channels: Sequence[Analysis], found: Several) -> list[str]:
    """Say in lines what each channel shows and what they have in common."""
    lines = [
        f"{c.channel}: {len(c.twitches)} twitches, {len(c.rejected)} rejected; noise {c.noise_rms_uv:.1f} µV, "
        f"{c.electrode}; {c.dose.state}"
        for c in channels
    ]
    lines.append(f"Together: {len(found.twitches)} twitches, sizes by {found.reference}")
    for number, t in enumerate(found.twitches, 1):
        size = "not seen there" if t.relative_to_first is None else f"{t.relative_to_first:.2f} of the first"
        others = "; ".join(f"{name}: {what}" for name, what in t.others)
        lines.append(
            f"  {number}: {t.onset_s:.2f} s, {size}, on {', '.join(t.channels)}"
            + (f" ({others})" if others else "")
        )
    for a in found.artefacts:
        lines.append(f"  common artefact at {a.onset_s:.2f} s: alike on all channels ({a.likeness:.2f})")
    return [*lines, f"Dose: {found.dose.state}. {found.dose.why}"]


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
    file.start(axes)
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
        f"{k}: {a.delay_ms:.0f} ms later, sure {sureness(a.confidence)}" if a.seen else f"{k}: {a.why}"
        for k, a in enumerate(agreed, 1)
    ]
    if told:
        lines.append(f"  felt with the twitches: {'; '.join(told)}")
    alone = felt_alone(found.twitches, felt)
    if alone:
        when = ", ".join(f"{m.onset_s:.2f}" for m in alone)
        lines.append(f"  felt without a twitch in the EMG, which may have missed it: at {when} s")
    return lines
