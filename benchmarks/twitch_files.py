"""Recordings of many gigabytes: how long their analysis takes and how much memory.

    python benchmarks/twitch_files.py [GIGABYTES [FORMAT ...]]

Each file is made in the temporary folder by repeating a minute of 256 channels, analysed by the command in a process of
its own, and removed. It takes as much disk as one file, and for 10 GB each about an hour. Linux only.
"""

from __future__ import annotations

import contextlib
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import default_rng
from report import write_results

from tautband.twitch.simulate import Settings, simulate

CHANNELS, RATE_HZ, SECONDS = 256, 2000.0, 60.0
COMMAND = Path(sys.executable).with_name("tautband")
SMALL = Path(__file__).resolve().parents[1] / "examples/twitch_series.edf"


def minute() -> np.ndarray:
    """One channel with twitches, the others with noise; microvolts, shape (samples, channels)."""
    made = simulate(Settings(duration_s=SECONDS, sampling_rate=RATE_HZ, snr_db=(20.0, 20.0)), default_rng(1))
    block = 5 * default_rng(2).standard_normal((len(made.signal), CHANNELS))
    block[:, 0] = made.signal
    return np.asarray(np.clip(block, -3000, 3000))


def repeated(path: Path, head: bytes, body: bytes, size: float) -> int:
    """Write a head and as many bodies as the size takes; how many."""
    times = max(1, int((size - len(head)) / len(body)))
    with path.open("wb") as file:
        file.write(head)
        for _ in range(times):
            file.write(body)
    return times


def edf(path: Path, size: float) -> int:
    kind, signal = (edfio.Bdf, edfio.BdfSignal) if path.suffix == ".bdf" else (edfio.Edf, edfio.EdfSignal)
    signals = [
        signal(column, RATE_HZ, label=f"EMG {i + 1}", physical_dimension="uV", physical_range=(-3200, 3200))
        for i, column in enumerate(minute().T)
    ]
    kind(signals).write(path)
    whole = path.read_bytes()
    start = 256 * (CHANNELS + 1)
    times = max(1, int((size - start) / (len(whole) - start)))
    records = str(times * int(whole[236:244])).ljust(8).encode()
    return repeated(path, whole[:236] + records + whole[244:start], whole[start:], size)


def csv(path: Path, size: float) -> int:
    table = pd.DataFrame(minute().round(2), columns=[f"emg{i + 1}_uv" for i in range(CHANNELS)])
    head, body = table.to_csv(index=False).split("\n", 1)
    return repeated(path, head.encode() + b"\n", body.encode(), size)


def parquet(path: Path, size: float) -> int:
    columns = {f"emg{i + 1}_uv": column for i, column in enumerate(minute().astype(np.float32).T)}
    table = pa.table(columns)
    times = 0
    with pq.ParquetWriter(path, table.schema, compression="NONE", use_dictionary=False) as writer:
        while times == 0 or path.stat().st_size < size:
            writer.write_table(table)
            times += 1
    return times


def xdf(path: Path, size: float) -> int:
    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content

    labels = "".join(f"<channel><label>EMG {i + 1}</label><unit>uV</unit></channel>" for i in range(CHANNELS))
    about = (
        f"<info><name>amp</name><channel_count>{CHANNELS}</channel_count><nominal_srate>{RATE_HZ:g}</nominal_srate>"
        f"<channel_format>float32</channel_format><desc><channels>{labels}</channels></desc></info>"
    )
    head = b"XDF:" + chunk(1, b"<info/>") + chunk(2, struct.pack("<I", 1) + about.encode())
    body = b""
    for second in np.split(minute().astype("<f4"), int(SECONDS)):
        rows = np.zeros(len(second), [("flag", "u1"), ("values", "<f4", (CHANNELS,))])
        rows["values"] = second
        body += chunk(3, struct.pack("<IBI", 1, 4, len(second)) + rows.tobytes())
    return repeated(path, head, body, size)


FORMATS: dict[str, Callable[[Path, float], int]] = {
    "bdf": edf,
    "edf": edf,
    "csv": csv,
    "parquet": parquet,
    "xdf": xdf,
}


def measured(path: Path, *more: str) -> tuple[float, float, int]:
    """Seconds, largest resident memory in MB, and exit code of an analysis of the first channel."""
    started, largest = time.perf_counter(), 0.0
    words = [COMMAND, "twitch", "analyse", path, "--channel", "1", "--format", "json", *more]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    while process.poll() is None:  # what the system counts for a child starts with the memory of its parent
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                largest = float(found[1]) / 1024
        time.sleep(0.05)
    return time.perf_counter() - started, largest, process.returncode


def main() -> None:
    size = 1e9 * float(sys.argv[1] if len(sys.argv) > 1 else 10)
    rows = [
        "# Large recordings",
        f"{CHANNELS} channels at {RATE_HZ:g} samples/s, the first one analysed; a shared machine, so read ratios.",
        "",
        "| file | GB | hours | minutes to analyse | largest memory MB | exit code |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    seconds, memory, code = measured(SMALL)
    rows.append(
        f"| shipped EDF | {SMALL.stat().st_size / 1e9:.5f} | 0.01 | {seconds / 60:.1f} | {memory:.0f} | {code} |"
    )
    for suffix in sys.argv[2:] or FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"recording.{suffix}"
            hours = FORMATS[suffix](path, size) * SECONDS / 3600
            rate = [] if suffix in ("bdf", "edf", "xdf") else ["--rate", f"{RATE_HZ:g}"]
            seconds, memory, code = measured(path, *rate)
            gigabytes = path.stat().st_size / 1e9
            line = f"| {suffix.upper()} | {gigabytes:.2f} | {hours:.1f} | {seconds / 60:.1f} | {memory:.0f} | {code} |"
            print(line, flush=True)
            rows.append(line)
    write_results("twitch_files", rows)


if __name__ == "__main__":
    main()
