"""Files are read a part at a time: what they give does not depend on their size, nor does the memory they take."""

import io
import struct
import tarfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pytest
import pyxdf

from tautband.twitch import TwitchError
from tautband.twitch.files import open_recording
from tautband.twitch.files.xdf import BOUNDARY

RATE = 500.0


def chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content


def header(number: int, channels: int = 2, rate: float = RATE, kind: str = "float32") -> bytes:
    labels = "".join(f"<channel><label>EMG{i}</label><unit>uV</unit></channel>" for i in range(channels))
    text = (
        f"<info><name>amp</name><type>EMG</type><channel_count>{channels}</channel_count>"
        f"<nominal_srate>{rate:g}</nominal_srate><channel_format>{kind}</channel_format><created_at>0</created_at>"
        f"<desc><channels>{labels}</channels></desc></info>"
    )
    return chunk(2, struct.pack("<I", number) + text.encode())


def samples(number: int, values: np.ndarray, stamps: Sequence[float | None]) -> bytes:
    rows = b"".join(
        (b"\x00" if stamp is None else b"\x08" + struct.pack("<d", stamp)) + row.astype("<f4").tobytes()
        for row, stamp in zip(values, stamps, strict=True)
    )
    return chunk(3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(values)) + rows)


def xdf(path: Path, *parts: bytes) -> Path:
    path.write_bytes(
        b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>") + b"".join(parts)
    )
    return path


def everything(path: Path, channel: int = 0) -> np.ndarray:
    return np.concatenate(list(open_recording(path).stream(channel)))


def series(blocks: int = 8, of: int = 250) -> list[np.ndarray]:
    chance = np.random.default_rng(3)
    return [chance.normal(size=(of, 2)).astype(np.float32) for _ in range(blocks)]


@pytest.mark.parametrize("stamped", ["every sample", "the first of a chunk", "every other sample"])
def test_an_xdf_file_reads_as_pyxdf_reads_it(stamped: str, tmp_path: Path) -> None:
    blocks, parts, at = series(), [header(1)], 0
    for block in blocks:
        times = [(at + i) / RATE for i in range(len(block))]
        keep = {"every sample": 1, "the first of a chunk": len(block), "every other sample": 2}[stamped]
        parts.append(samples(1, block, [t if i % keep == 0 else None for i, t in enumerate(times)]))
        at += len(block)
    path = xdf(tmp_path / "r.xdf", *parts)
    (reference,), _ = pyxdf.load_xdf(str(path), verbose=False)
    assert np.array_equal(everything(path, 1), np.asarray(reference["time_series"], float)[:, 1])


def test_streams_that_take_turns_are_kept_apart(tmp_path: Path) -> None:
    one, other, parts = series(), series(of=100), [header(1), header(7, rate=200.0)]
    for n in range(8):
        parts.append(samples(1, one[n], [n / 2 + i / RATE for i in range(250)]))
        parts.append(samples(7, other[n], [n / 2 + i / 200 for i in range(100)]))
    file = open_recording(xdf(tmp_path / "r.xdf", *parts))
    assert file.sampling_rates == (500.0, 500.0, 200.0, 200.0)
    assert np.array_equal(np.concatenate(list(file.stream(2))), np.concatenate(other)[:, 0])


def test_streams_keep_when_they_began_on_one_clock(tmp_path: Path) -> None:
    def offset(number: int, seconds: float) -> bytes:
        return chunk(4, struct.pack("<Idd", number, 1.0, seconds))

    block = series(1)[0]
    parts = [
        samples(1, block, [100 + i / RATE for i in range(250)]),
        samples(7, block, [40 + i / RATE for i in range(250)]),
    ]
    file = open_recording(
        xdf(tmp_path / "r.xdf", header(1), header(7), *parts, offset(1, 0.5), offset(7, 62.0))
    )
    assert file.start([0]) == pytest.approx(100.5)
    assert file.start([2, 3]) == pytest.approx(102.0)
    with pytest.raises(TwitchError, match="do not begin together"):
        file.start([0, 2])


def test_lost_samples_are_missing_where_they_were_lost(tmp_path: Path) -> None:
    block = series(2)
    parts = [
        samples(1, b, [start + i / RATE for i in range(250)])
        for b, start in zip(block, (0.0, 3.0), strict=True)
    ]
    read = everything(xdf(tmp_path / "r.xdf", header(1), *parts))
    assert len(read) == 3.5 * RATE
    assert np.isnan(read[250:1500]).all()
    assert np.array_equal(read[1500:], block[1][:, 0])


def test_after_a_damaged_part_reading_goes_on_at_the_next_boundary(tmp_path: Path) -> None:
    block = series(3)
    part = [samples(1, b, [n / 2 + i / RATE for i in range(250)]) for n, b in enumerate(block)]
    broken = b"\x04\xff\xff\xff\x7f" + part[1][5:]
    file = open_recording(xdf(tmp_path / "r.xdf", header(1), part[0], broken, chunk(5, BOUNDARY), part[2]))
    read = np.concatenate(list(file.stream(0)))
    assert np.array_equal(read, np.concatenate([block[0], block[2]])[:, 0])
    assert "damaged" in file.notes[0]


def test_a_stream_whose_time_stamps_deny_its_rate_is_refused_unless_the_rate_is_given(tmp_path: Path) -> None:
    blocks = series(16)
    parts = [samples(1, b, [(n * 250 + i) / 1000 for i in range(250)]) for n, b in enumerate(blocks)]
    parts += [samples(1, b, [4 + (n * 250 + i) / 1000 for i in range(250)]) for n, b in enumerate(blocks)]
    path = xdf(tmp_path / "r.xdf", header(1), *parts)
    with pytest.raises(TwitchError, match=r"says 500 Hz, but its time stamps say 1000 Hz; .*--rate"):
        open_recording(path)
    assert open_recording(path, 1000.0).rate(0) == 1000.0


def test_a_gap_in_the_seconds_of_a_table_becomes_missing_samples(tmp_path: Path) -> None:
    times = np.arange(8000) / RATE
    times[5000:] += 2.0
    frame = pd.DataFrame({"time_s": times, "emg_uv": np.arange(8000.0)})
    for path, write in ((tmp_path / "r.csv", frame.to_csv), (tmp_path / "r.parquet", frame.to_parquet)):
        write(path, index=False)
        read = everything(path)
        assert len(read) == 8000 + 2 * RATE
        assert np.isnan(read[5000:6000]).all()


def test_the_parts_of_a_discontinuous_recording_lie_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "r.edf"
    signal = edfio.EdfSignal(np.arange(2000.0), RATE, label="EMG", physical_dimension="uV")
    edfio.Edf([signal], annotations=[edfio.EdfAnnotation(0.5, None, "start")], data_record_duration=1).write(
        path
    )
    content = path.read_bytes().replace(b"EDF+C", b"EDF+D", 1)
    for second in (2, 3):
        content = content.replace(b"+%d\x14\x14" % second, b"+%d\x14\x14" % (second + 3), 1)
    path.write_bytes(content)
    file = open_recording(path)
    read = np.concatenate(list(file.stream(file.pick())))
    assert len(read) == 7 * RATE
    assert np.isnan(read[1000:2500]).all()
    assert read[2500:] == pytest.approx(np.arange(1000.0, 2000.0), abs=0.1)
    assert "discontinuous" in file.notes[0]


def test_seconds_that_leave_out_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    times = np.arange(8000) / RATE
    times[5000:] += 300 * np.arange(3000)
    pd.DataFrame({"time_s": times, "emg_uv": 0.0}).to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(TwitchError, match="they are no clock"):
        everything(tmp_path / "r.csv")


def test_seconds_that_go_backwards_are_refused(tmp_path: Path) -> None:
    times = np.arange(8000) / RATE
    times[5000:] -= 2.0
    pd.DataFrame({"time_s": times, "emg_uv": 0.0}).to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(TwitchError, match="goes backwards"):
        everything(tmp_path / "r.csv")


def test_milliseconds_named_seconds_are_told(tmp_path: Path) -> None:
    pd.DataFrame({"time": np.arange(8000.0), "emg_uv": 0.0}).to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(TwitchError, match="time_ms"):
        open_recording(tmp_path / "r.csv")


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b"time_s,emg_uv\n0.0," + b"1" * (3 << 20))
    with pytest.raises(TwitchError, match="a line is longer"):
        open_recording(path)


def test_a_table_of_too_many_columns_is_refused_before_a_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("a," * 9999 + "a\n" + ("1," * 9999 + "1\n") * 200, encoding="ascii")
    with pytest.raises(TwitchError, match="10000 columns; at most 4096"):
        open_recording(path, 1000.0)


def test_a_table_that_unfolds_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pd.DataFrame({"emg_uv": np.zeros(6_000_000, np.float32)}).to_parquet(path, compression="zstd")
    with pytest.raises(TwitchError, match="it is no recording"):
        open_recording(path, 1000.0)


def test_a_wfdb_header_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "r.hea").write_text("r 1 1000 4\n../secret.dat 16 200/mV 16 0 0 0 0 EMG\n", encoding="ascii")
    with pytest.raises(TwitchError, match="no readable WFDB record"):
        open_recording(tmp_path / "r.hea")


CHANNELS, SAMPLES = 16, 400_000


def large_bdf(path: Path) -> None:
    signal = np.random.default_rng(0).normal(size=SAMPLES)
    edfio.Bdf(
        [edfio.BdfSignal(signal, 1000.0, label=f"EMG{i}", physical_dimension="uV") for i in range(CHANNELS)]
    ).write(path)


def large_edf(path: Path) -> None:
    signal = np.random.default_rng(0).normal(size=SAMPLES)
    edfio.Edf(
        [edfio.EdfSignal(signal, 1000.0, label=f"EMG{i}", physical_dimension="uV") for i in range(CHANNELS)]
    ).write(path)


def large_csv(path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(20_000, CHANNELS)).round(3)
    text = pd.DataFrame(table, columns=[f"emg{i}_uv" for i in range(CHANNELS)]).to_csv(index=False)
    head, body = text.split("\n", 1)
    path.write_text(head + "\n" + body * 10, encoding="ascii")


def large_parquet(path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(SAMPLES, CHANNELS))
    pd.DataFrame(table, columns=[f"emg{i}_uv" for i in range(CHANNELS)]).to_parquet(
        path, row_group_size=SAMPLES
    )


def large_xdf(path: Path) -> None:
    part = samples(1, np.zeros((1000, CHANNELS)), [None] * 1000)
    xdf(path, header(1, CHANNELS, 1000.0), *[part] * (SAMPLES // 1000))


def large_otb(path: Path) -> None:
    xml = (
        f'<Device Name="QUATTRO" ad_bits="16" DeviceTotalChannels="{CHANNELS}" SampleFrequency="1000"><Channels>'
        '<Adapter ID="AD" Gain="1" ChannelStartIndex="0"><Channel ID="EMG" Index="0" Gain="1"/></Adapter>'
        "</Channels></Device>"
    )
    with tarfile.open(path, "w") as archive:
        for name, content in (("a.sig", bytes(2 * CHANNELS * SAMPLES)), ("a.xml", xml.encode())):
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))


def large_hea(path: Path) -> None:
    lines = "".join(f"r.dat 16 200/uV 16 0 0 0 0 EMG{i}\n" for i in range(CHANNELS))
    path.write_text(f"r {CHANNELS} 1000 {SAMPLES}\n{lines}", encoding="ascii")
    path.with_suffix(".dat").write_bytes(bytes(2 * CHANNELS * SAMPLES))


@pytest.mark.parametrize(
    "write", [large_bdf, large_edf, large_csv, large_parquet, large_xdf, large_otb, large_hea]
)
def test_memory_does_not_hold_the_file(write: object, tmp_path: Path) -> None:
    suffix = write.__name__.split("_")[1]  # type: ignore[attr-defined]
    path = tmp_path / f"r.{suffix.replace('otb', 'otb+')}"
    write(path)  # type: ignore[operator]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) > 12e6
    tracemalloc.start()
    total = sum(len(block) for block in open_recording(path, 1000.0).microvolts(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == (200_000 if path.suffix == ".csv" else SAMPLES)
    assert peak < 10e6
