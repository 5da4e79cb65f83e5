"""Boards that BrainFlow reads, its synthetic and its playback board among them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams
from brainflow.exit_codes import BrainFlowError

from tautband.errors import nearest
from tautband.twitch.errors import TwitchError
from tautband.twitch.files import factor
from tautband.twitch.files.source import UNITS, first_line
from tautband.twitch.live.source import ConnectionLost, DeviceSource, Floats

WAIT_S: Final = 0.02
SUFFIX: Final = "_BOARD"


class BrainFlowSource(DeviceSource):
    """One channel of a board; when the board falls silent, its session is made anew.

    Parameters
    ----------
    board
        Name of the board as BrainFlow has it, with or without `_BOARD`, such as `cyton` or `synthetic`.
    settings
        What BrainFlow needs to reach it, such as `serial_port`, `mac_address` or `file`.
    channel
        Number of the EMG channel, from 1; the first by default.
    unit
        Unit of the samples; BrainFlow does not say it.
    """

    def __init__(
        self,
        board: str,
        settings: Mapping[str, str] | None = None,
        channel: str | None = None,
        unit: str | None = None,
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the way in which brainflow finds its library
            BoardShim.disable_board_logger()
        number = _board(board)
        parameters = _parameters(settings or {})
        described = number
        if number == BoardIds.PLAYBACK_FILE_BOARD and parameters.master_board != BoardIds.NO_BOARD:
            described = parameters.master_board
        try:
            about: dict[str, Any] = BoardShim.get_board_descr(described)
            rows = about.get("emg_channels") or []
            rate, self._stamps = float(about["sampling_rate"]), int(about["timestamp_channel"])
        except (BrainFlowError, KeyError):
            raise TwitchError(
                f"brainflow: nothing is known of board {board!r}; the playback board needs "
                f"--board-setting file=FILE and --board-setting master_board=NUMBER"
            ) from None
        if not rows:
            raise TwitchError(f"brainflow: board {board!r} has no EMG channel")
        at = 1 if channel is None else int(channel) if channel.isdigit() else 0
        if not 1 <= at <= len(rows):
            raise TwitchError(
                f"channel: {channel!r} is not on board {board!r}; give a number of 1 to {len(rows)}"
            )
        self._row = rows[at - 1]
        scale = factor(unit or "")
        if scale is None:
            raise TwitchError(
                f"brainflow: BrainFlow does not say the unit of board {board!r}; give it with --unit {'|'.join(UNITS)}"
            )
        self._scale = scale
        self._shim = BoardShim(number, parameters)
        super().__init__(f"BrainFlow {about['name']}", f"EMG {at}", unit or "", rate)
        try:
            self._start()
        except BrainFlowError as error:
            self._shut()
            raise TwitchError(f"brainflow: board {board!r} cannot be reached: {first_line(error)}") from None

    def _start(self) -> None:
        self._shim.prepare_session()
        self._shim.start_stream()

    def _open(self) -> None:
        try:
            self._start()
        except BrainFlowError:
            self._shut()
            raise ConnectionLost from None

    def _read(self) -> tuple[Floats, Floats]:
        time.sleep(WAIT_S)
        try:
            data = self._shim.get_board_data()
        except BrainFlowError:
            raise ConnectionLost from None
        return np.asarray(data[self._row], float) * self._scale, np.asarray(data[self._stamps], float)

    def _shut(self) -> None:
        try:
            if self._shim.is_prepared():
                self._shim.release_session()
        except BrainFlowError:
            return  # there is nothing left to end


def _board(name: str) -> int:
    known: dict[str, int] = {
        b.name.removesuffix(SUFFIX).lower(): b.value for b in BoardIds if b is not BoardIds.NO_BOARD
    }
    plain = name.lower().replace("-", "_").removesuffix(SUFFIX.lower())
    if plain == "playback":
        plain = "playback_file"
    if plain not in known:
        raise TwitchError(f"brainflow: there is no board {name!r}{nearest(plain, known)}")
    return known[plain]


def _parameters(settings: Mapping[str, str]) -> BrainFlowInputParams:
    parameters = BrainFlowInputParams()
    for key, value in settings.items():
        now = getattr(parameters, key, None)
        if key not in vars(parameters):
            raise TwitchError(f"board-setting: {key!r} is unknown{nearest(key, vars(parameters))}")
        if isinstance(now, int) and not value.lstrip("-").isdigit():
            raise TwitchError(f"board-setting: {key} is {value!r}; a whole number is needed")
        setattr(parameters, key, int(value) if isinstance(now, int) else value)
    return parameters
