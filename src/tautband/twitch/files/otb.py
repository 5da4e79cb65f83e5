"""OTB+ of OT Bioelettronica: an archive of 16-bit samples and a description in XML."""

from __future__ import annotations

import csv
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import BLOCK_SAMPLES, Floats, RecordingFile, first_line

LARGEST_XML = 1 << 20
MOST_MEMBERS = 1000
MOST_CHANNELS = 4096


def open_otb(path: Path) -> RecordingFile:
    """Open an OTB+ archive without unpacking it; nothing is written and no path in it is followed."""
    try:
        with tarfile.open(path, "r:*") as archive:
            members = [m for m in islice(archive, MOST_MEMBERS) if m.isfile()]
            signals = [m for m in members if m.name.endswith(".sig")]
            if len(signals) != 1:
                raise TwitchError(f"{path.name}: {len(signals)} signal files in the archive; one is needed")
            stem = Path(signals[0].name).stem
            abouts = [m for m in members if m.name.endswith(".xml") and Path(m.name).stem == stem]
            if not abouts or abouts[0].size > LARGEST_XML:
                raise TwitchError(f"{path.name}: the description {stem}.xml is missing or too large")
            file = archive.extractfile(abouts[0])
            text = file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise TwitchError(f"{path.name}: it is no readable OTB+ archive: {first_line(error)}") from None
    rate, total, columns = _describe(path.name, text)
    notes = []
    if signals[0].size % (2 * total):
        notes.append("The signal ends in the middle of a sample; the rest is left out.")

    def stream(channel: int) -> Iterator[Floats]:
        index, _, scale = columns[channel]
        with tarfile.open(path, "r:*") as archive:
            source = archive.extractfile(signals[0].name)
            assert source is not None
            while True:
                try:
                    raw = source.read(2 * total * BLOCK_SAMPLES)
                except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError):
                    notes.append("The archive ends before its signal does.")
                    return
                raw = raw[: len(raw) // (2 * total) * 2 * total]
                if not raw:
                    return
                yield np.frombuffer(raw, "<i2").reshape(-1, total)[:, index] * scale

    return RecordingFile(
        path.name,
        (rate,) * len(columns),
        tuple(name for _, name, _ in columns),
        tuple("uV" if scale != 1.0 else "" for _, _, scale in columns),
        stream,
        notes,
    )


def _describe(name: str, text: bytes) -> tuple[float, int, list[tuple[int, str, float]]]:
    if b"<!" in text.replace(b"<!--", b""):
        raise TwitchError(f"{name}: its description declares XML entities, which are not read")
    try:
        device = ElementTree.fromstring(text)
        rate, total = float(device.attrib["SampleFrequency"]), int(device.attrib["DeviceTotalChannels"])
        bits = int(device.attrib["ad_bits"])
        if not 1 <= total <= MOST_CHANNELS or bits != 16 or not rate > 0:
            raise ValueError(f"{total} channels of {bits} bits at {rate:g} Hz")
        columns = []
        for adapter in device.iter("Adapter"):
            start = int(adapter.attrib["ChannelStartIndex"])
            scale = _microvolts_per_step(device.attrib.get("Name", ""), adapter.attrib.get("ID", ""), bits)
            for channel in adapter.iter("Channel"):
                index = start + int(channel.attrib["Index"])
                if not 0 <= index < total:
                    raise ValueError(f"channel {index} of {total}")
                label = f"{channel.attrib.get('ID') or adapter.attrib.get('ID')} {index + 1}"
                gain = float(channel.attrib.get("Gain", 1)) or 1.0
                columns.append((index, label, 1.0 if scale is None else scale / gain))
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise TwitchError(f"{name}: its description cannot be used: {first_line(error)}") from None
    return rate, total, columns


def _microvolts_per_step(device: str, adapter: str, bits: int) -> float | None:
    text = files("tautband.twitch").joinpath("data", "otb_devices.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["device"] in ("*", device) and row["adapter"] in ("*", adapter):
            steps = float(2**bits)
            return float(row["range_v"]) / steps * 1e6 / float(row["gain"])
    return None
