"""Streams of the Lab Streaming Layer, by pylsl: to read, and to play a recording as one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import pylsl

from tautband.errors import nearest
from tautband.twitch.errors import TwitchError
from tautband.twitch.files import factor
from tautband.twitch.files.source import UNITS
from tautband.twitch.live.player import Player
from tautband.twitch.live.source import ConnectionLost, DeviceSource, Floats

FIND_S: Final = 5.0
LOOK_S: Final = 1.0
WAIT_S: Final = 0.02
MOST_SAMPLES: Final = 1 << 14
THIS_MACHINE: Final = """
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
[ports]
IPv6 = disable
"""
QUIET: Final = """
[log]
level = -3
"""


@cache
def configure(network: bool) -> None:
    """Say once, before the first stream, how far to look: this machine, or the network around it."""
    pylsl.set_config_content(QUIET if network else THIS_MACHINE + QUIET)


class LslSource(DeviceSource):
    """One channel of a stream; when the stream is lost, one of the same name is waited for.

    Parameters
    ----------
    name
        Name of the stream.
    channel
        Label of the channel, or its number from 1; by default the first whose label says EMG, else the first.
    unit
        Unit of the samples, where the stream does not say it.
    network
        Whether to look beyond this machine.
    """

    def __init__(
        self, name: str, channel: str | None = None, unit: str | None = None, *, network: bool = False
    ) -> None:
        configure(network)
        try:
            info, self._inlet = _connect(name, FIND_S)
        except ConnectionLost:
            others = sorted({s.name() for s in pylsl.resolve_streams(LOOK_S)})
            raise TwitchError(
                f"lsl: there is no stream {name!r}"
                + (nearest(name, others) if others else "; none at all is found")
                + ("" if network else " (--network looks beyond this machine)")
            ) from None
        self._stream = name
        labels = info.get_channel_labels() or [None] * info.channel_count()
        names = [label or f"channel {i}" for i, label in enumerate(labels, 1)]
        self._index = _pick(name, names, channel)
        units = info.get_channel_units() or [None] * info.channel_count()
        said = units[self._index] or ""
        scale = factor(unit or said)
        if scale is None:
            what = f"the unit {said!r} is not a voltage" if said else "the stream does not say the unit"
            raise TwitchError(
                f"{name}: channel {names[self._index]!r}: {what}; give it with --unit {'|'.join(UNITS)}"
            )
        self._scale = scale
        rate = float(info.nominal_srate())
        if not math.isfinite(rate) or rate <= 0:
            raise TwitchError(f"{name}: the stream has no regular rate; a stream of samples is needed")
        self._shape = (info.channel_count(), rate)
        super().__init__(f"LSL {name}", names[self._index], unit or said, rate)

    def _open(self) -> None:
        info, self._inlet = _connect(self._stream, LOOK_S)
        if (info.channel_count(), float(info.nominal_srate())) != self._shape:
            raise TwitchError(
                f"{self._stream}: the stream came back with {info.channel_count()} channels at "
                f"{info.nominal_srate():g} Hz, before there were {self._shape[0]} at {self._shape[1]:g} Hz"
            )

    def _read(self) -> tuple[Floats, Floats]:
        try:
            samples, stamps = self._inlet.pull_chunk(
                timeout=WAIT_S, max_samples=MOST_SAMPLES, min_samples=1, as_numpy=True
            )
        except pylsl.util.LostError:
            raise ConnectionLost from None
        if samples is None or not len(stamps):
            return np.zeros(0), np.zeros(0)
        return np.asarray(samples[:, self._index], float) * self._scale, np.asarray(stamps, float)

    def _shut(self) -> None:
        self._inlet.close_stream()


def _connect(name: str, wait_s: float) -> tuple[Any, Any]:
    found = pylsl.resolve_byprop("name", name, 1, wait_s)
    numeric = [s for s in found if s.channel_format() != pylsl.cf_string]
    if found and not numeric:
        raise TwitchError(f"lsl: the stream {name!r} holds text; a stream of samples is needed")
    if not numeric:
        raise ConnectionLost
    newest = max(numeric, key=lambda s: s.created_at())
    # connections are made anew by name: liblsl itself only finds streams again that have a source id
    inlet = pylsl.StreamInlet(newest, max_buflen=60, recover=False)
    try:
        info = inlet.info(FIND_S)
        inlet.open_stream(FIND_S)
    except (TimeoutError, pylsl.util.LostError):
        raise ConnectionLost from None
    return info, inlet


def _pick(stream: str, names: list[str], channel: str | None) -> int:
    if channel is None:
        return next((i for i, n in enumerate(names) if "emg" in n.lower()), 0)
    if channel in names:
        return names.index(channel)
    if channel.isdigit() and 1 <= int(channel) <= len(names):
        return int(channel) - 1
    raise TwitchError(f"channel: {channel!r} is not in {stream}{nearest(channel, names)}")


def play_as_stream(
    player: Player, name: str, *, network: bool = False, told: Callable[[bool], None] = lambda heard: None
) -> None:
    """Play a recording as a stream until it ends or the player is closed.

    Parameters
    ----------
    player
        The recording, at the speed it was recorded with.
    name
        Of the stream.
    network
        Whether other machines may find it.
    told
        Called when somebody begins to listen, and when nobody does any more.
    """
    configure(network)
    info = pylsl.StreamInfo(
        name, "EMG", 1, player.sampling_rate, pylsl.cf_float32, f"tautband play {name} {player.name}"
    )
    info.set_channel_labels([player.channel])
    info.set_channel_units(["microvolts"])
    outlet = pylsl.StreamOutlet(info)
    begun, heard = pylsl.local_clock(), False
    for block in player:
        last = block.start_s + (len(block.samples) - 1) / player.sampling_rate
        outlet.push_chunk(np.asarray(block.samples, np.float32)[:, None], begun + last)
        if outlet.have_consumers() != heard:
            heard = not heard
            told(heard)
