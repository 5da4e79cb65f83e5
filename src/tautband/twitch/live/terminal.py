"""The live view in a terminal: one frame drawn from what an analysis knows."""

from __future__ import annotations

import textwrap
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from tautband.twitch.events import Twitch, sureness
from tautband.twitch.live.analysis import LiveAnalysis
from tautband.twitch.live.run import described

Floats = NDArray[np.float64]

SHOWN_S: Final = 8.0
DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of the dots of a braille sign, row by row."""
BLANK: Final = 0x2800
EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
BAR_ROWS: Final = 5
BAR_CELLS: Final = 5
TWITCH, TAPPED, REJECTED, LOST, QUIET = "bold green", "bold cyan", "yellow", "bold red", "dim"
STATES: Final = {"enough": "bold green", "one more": "bold cyan", "none seen": "bold", "unknown": "bold"}
KEYS: Final = "space count a twitch   n new site   q quit"
LIMITS: Final = "For research and education; no medical device."


def frame(
    analysis: LiveAnalysis, source: str, connection: str, width: int, height: int, trouble: str = ""
) -> Text:
    """Draw the view.

    Parameters
    ----------
    analysis
        What is known.
    source, connection
        Name of the source and how the connection to it is.
    width, height
        Of the terminal, in cells; what does not fit is left out, the dose last.
    trouble
        Something that a person must know, such as that samples are no longer kept.
    """
    width, height = max(width, 1), max(height, 1)
    dose = [_dose(analysis, width)]
    why = [Text(line) for line in textwrap.wrap(analysis.dose.why, width)] if width >= 40 else []
    head, state = [_head(analysis, source, connection, width)], [_state(analysis, connection)]
    if trouble:
        state.append(Text(trouble, LOST))
    keys = [Text(f"{KEYS}   {LIMITS}" if width >= 100 else KEYS, QUIET)]
    left = height - 1
    # what matters most takes its lines first; the trace has what is left
    parts: dict[str, list[Text]] = {
        "state": state,
        "head": head,
        "why": why,
        "keys": keys,
        "bars": _bars(analysis, width),
        "events": _events(analysis, 3),
    }
    for name, least in (("state", 0), ("head", 0), ("why", 2), ("keys", 3), ("bars", 8), ("events", 14)):
        size = min(len(parts[name]), max(left - least, 0))
        if name in ("why", "bars") and size < len(parts[name]):
            size = 0  # a part of these says nothing
        parts[name] = parts[name][:size]
        left -= size
    lines = [
        *parts["head"],
        *(_trace(analysis, width, left) if left >= 3 else []),
        *parts["bars"],
        *parts["events"],
        *parts["state"],
        *dose,
        *parts["why"],
        *parts["keys"],
    ]
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines[:height])


def _head(analysis: LiveAnalysis, source: str, connection: str, width: int) -> Text:
    minutes, seconds = divmod(int(analysis.end_s), 60)
    line = Text.assemble(
        (f"{minutes}:{seconds:02d} ", "bold"),
        f"{source}  {analysis.channel}  {analysis.sampling_rate:g} Hz",
    )
    if len(analysis.series) > 1:
        line.append(f"  site {len(analysis.series)}")
    if connection == "lost":
        said = " CONNECTION LOST: twitches are not seen meanwhile, tap them "
        line.truncate(max(width - cell_len(said), 0), overflow="ellipsis")
        line.append(said, "bold white on red")
    elif connection == "ended":
        line.append("  ended", QUIET)
    return line


def _state(analysis: LiveAnalysis, connection: str) -> Text:
    noise = analysis.noise_rms_uv
    level = f"noise {noise:.1f} µV RMS" if np.isfinite(noise) else "noise —"
    electrode = "no samples now" if connection == "lost" else analysis.electrode
    fine = electrode in ("good contact", "learning the noise")
    line = Text.assemble(level, "  ", (electrode, "" if fine else "bold yellow"))
    if analysis.undecided:
        line.append("  ● something begins", TAPPED)
    return line


def _dose(analysis: LiveAnalysis, width: int) -> Text:
    dose = analysis.dose
    seen = f"{dose.seen} seen" + (f" + {dose.tapped} tapped" if dose.tapped else "")
    state, advice = dose.state, dose.advice
    line = Text.assemble((f" {state.upper()} ", f"reverse {STATES[state]}"), "  ", (seen, "bold"))
    if width >= 40 and state in ("enough", "one more"):
        line.append(f"  {advice}: levelled off with probability {sureness(dose.probability)}")
    return line


def _events(analysis: LiveAnalysis, count: int) -> list[Text]:
    """The last events and taps, a line each."""
    series = analysis.series[-1]
    numbers = {id(t): n for n, t in enumerate(series.twitches, 1)}
    lines = []
    for event in analysis.events[-count:]:
        style = TWITCH if isinstance(event, Twitch) else REJECTED
        lines.append((event.onset_s, Text(described(event, numbers.get(id(event), 0)), style)))
    lines += [(at, Text(f"{at:9.3f} s  tapped", TAPPED)) for at in series.taps_s[-count:]]
    shown = [line for _, line in sorted(lines, key=lambda e: e[0])[-count:]]
    return [Text("")] * (count - len(shown)) + shown


def _bars(analysis: LiveAnalysis, width: int) -> list[Text]:
    """The peaks as they fall, relative to the first; a twitch that was only tapped has no height."""
    peaks, _ = analysis.series[-1].counted()
    size = np.array(peaks, float)
    known = size[np.isfinite(size)]
    ratio = size / known[0] if len(known) else size
    room = max(width // BAR_CELLS, 1)
    first = max(len(ratio) - room, 0)
    top = max(1.0, float(np.nanmax(ratio))) if len(known) else 1.0
    rows = [Text("") for _ in range(BAR_ROWS + 1)]
    for value in ratio[first:]:
        eighths = 0 if np.isnan(value) else max(1, round(8 * BAR_ROWS * value / top))
        for row in range(BAR_ROWS):
            filled = int(np.clip(eighths - 8 * (BAR_ROWS - 1 - row), 0, 8))
            rows[row].append(EIGHTHS[filled] * (BAR_CELLS - 1) + " ", "green")
        rows[BAR_ROWS].append(f"{'tap' if np.isnan(value) else f'{value:.2f}':<{BAR_CELLS}}")
    if not len(ratio):
        rows[BAR_ROWS] = Text("no twitch seen yet", QUIET)
    return rows


def _trace(analysis: LiveAnalysis, width: int, height: int) -> list[Text]:
    """The last seconds in braille dots, two columns and four rows to a cell, and a line with the scale."""
    columns, rows = 2 * width, 4 * (height - 1)
    outline = analysis.outline
    bins = max(1, round(SHOWN_S / outline.bin_s / columns))
    end = outline.end // bins * bins
    first, low, high = outline.between(end - bins * columns, end)
    skip = -first % bins
    low, high = low[skip:], high[skip:]
    count = len(low) // bins
    low = np.fmin.reduce(low[len(low) - count * bins :].reshape(count, bins), axis=1)
    high = np.fmax.reduce(high[len(high) - count * bins :].reshape(count, bins), axis=1)
    there = np.isfinite(low)
    middle = float(np.median((low[there] + high[there]) / 2)) if np.any(there) else 0.0
    low, high = low - middle, high - middle
    reach = _reach(low[there], high[there], analysis.noise_rms_uv)
    grid = np.zeros((rows, columns), bool)
    place = np.arange(rows)[:, None]
    with np.errstate(invalid="ignore"):
        top = np.clip((0.5 - 0.5 * high / reach) * (rows - 1), 0, rows - 1)
        bottom = np.clip((0.5 - 0.5 * low / reach) * (rows - 1), 0, rows - 1)
        grid[:, columns - count :] = (place >= np.floor(top)) & (place <= np.ceil(bottom))
    signs = np.zeros((height - 1, width), int)
    for (i, j), bit in np.ndenumerate(DOTS):
        signs += bit * grid[i::4, j::2]
    column_s = bins * outline.bin_s
    styles = _styles(analysis, width, end * outline.bin_s, 2 * column_s)
    arrived = np.zeros(columns, bool)
    arrived[columns - count :] = True
    lost = arrived.reshape(-1, 2).all(axis=1) & ~grid.any(axis=0).reshape(-1, 2).any(axis=1)
    for cell in np.flatnonzero(lost):
        styles[cell] = LOST
        signs[(height - 1) // 2, cell] = ord("×") - BLANK
    lines = [_line(row, styles) for row in signs]
    seconds = f"{columns * column_s:.0f} s"
    scale = Text(f"±{reach:g} µV", QUIET)
    scale.append(" " * max(width - cell_len(scale.plain) - len(seconds), 1) + seconds, QUIET)
    return [*lines, scale]


def _reach(low: Floats, high: Floats, noise: float) -> float:
    """Half of the height of the trace: a round number that most of it fits into."""
    if not len(low):
        return 100.0
    most = 1.3 * float(np.quantile(np.maximum(np.abs(low), np.abs(high)), 0.97))
    most = max(most, 6 * noise if np.isfinite(noise) else 0.0, 1e-3)
    power = 10.0 ** np.floor(np.log10(most))
    return float(power * next(step for step in (1, 2, 5, 10) if step * power >= most * (1 - 1e-9)))


def _styles(analysis: LiveAnalysis, width: int, end_s: float, cell_s: float) -> list[str]:
    styles = [""] * width
    begin_s = end_s - width * cell_s
    for event in reversed(analysis.events):
        if event.offset_s < begin_s:
            break
        first = int(max((event.onset_s - begin_s) / cell_s, 0))
        last = int(min((event.offset_s - begin_s) / cell_s, width - 1))
        for cell in range(first, last + 1):
            styles[cell] = TWITCH if isinstance(event, Twitch) else styles[cell] or REJECTED
    return styles


def _line(signs: NDArray[np.int_], styles: list[str]) -> Text:
    line = Text()
    at = 0
    while at < len(signs):
        until = at + 1
        while until < len(signs) and styles[until] == styles[at]:
            until += 1
        line.append("".join(chr(BLANK + s) for s in signs[at:until]), styles[at])
        at = until
    return line
