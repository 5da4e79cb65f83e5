"""A live analysis says what the analysis of a recording says, keeps count over a lost connection, and counts taps."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.twitch import Twitch, TwitchError, analyse, detect
from tautband.twitch.files import Mark, open_recording, write_annotations
from tautband.twitch.live import LiveAnalysis, Player
from tautband.twitch.live.outline import KEPT_S, Outline
from tautband.twitch.live.record import Recorder
from tautband.twitch.live.run import Run
from tautband.twitch.live.source import ConnectionLost, DeviceSource, Floats
from tautband.twitch.live.terminal import frame
from tautband.twitch.simulate import Settings, Simulated, simulate

ROOT = Path(__file__).resolve().parents[3]
SERIES = ROOT / "examples/twitch_series.edf"
RATE = 1000.0


@cache
def made() -> Simulated:
    plan = Settings(duration_s=20.0, sampling_rate=RATE, snr_db=(24.0, 24.0), twitches_per_min=30.0)
    return simulate(plan, np.random.default_rng(4))


def pushed(signal: np.ndarray, sizes: list[int]) -> LiveAnalysis:
    session, at, turn = LiveAnalysis(RATE, "EMG"), 0, 0
    while at < len(signal):
        size = sizes[turn % len(sizes)]
        session.push(signal[at : at + size])
        at, turn = at + size, turn + 1
    session.finish()
    return session


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=5).filter(lambda s: sum(s) > 12 * len(s)))
def test_a_session_sums_up_as_the_analysis_of_the_recording_does(sizes: list[int]) -> None:
    expected = analyse([made().signal], RATE, channel="EMG")
    (found,) = pushed(made().signal, sizes).analyses()
    assert found.twitches == expected.twitches
    assert found.rejected == expected.rejected
    assert (found.dose.state, found.dose.why) == (expected.dose.state, expected.dose.why)
    assert (found.electrode, found.duration_s) == (expected.electrode, expected.duration_s)
    assert found.noise_rms_uv == pytest.approx(expected.noise_rms_uv)
    assert found.rest_before_uv == pytest.approx(expected.rest_before_uv, rel=0.1)


def test_a_new_site_begins_a_series_and_its_dose_anew() -> None:
    half = len(made().signal) // 2
    session = LiveAnalysis(RATE, "EMG")
    session.push(made().signal[:half])
    seen = session.dose.seen
    assert seen >= 2
    session.new_series()
    assert session.dose.state == "none seen"
    session.push(made().signal[half:])
    session.finish()
    first, second = session.analyses()
    assert len(first.twitches) == seen
    assert second.twitches[0].relative_to_first == 1.0
    assert second.twitches[0].onset_s > session.series[1].start_s


def test_a_tap_counts_and_one_beside_a_seen_twitch_is_that_twitch() -> None:
    session = pushed(made().signal, [100])
    seen = session.dose.seen
    session.tap(session.series[0].twitches[0].onset_s + 0.4)
    assert (session.dose.seen, session.dose.tapped) == (seen, 0)
    session.tap(session.end_s + 5.0)
    assert (session.dose.seen, session.dose.tapped) == (seen, 1)


def test_none_seen_is_never_none_occurred() -> None:
    session = LiveAnalysis(RATE, "EMG")
    session.push(np.random.default_rng(0).normal(0, 5, 4000))
    assert session.dose.state == "none seen"
    assert "none seen does not mean that none occurred" in session.dose.why
    for width, height in ((100, 30), (80, 24), (40, 10)):
        shown = frame(session, "x", "up", width, height).plain
        assert "NONE SEEN" in shown
        assert "none seen does not mean" in " ".join(shown.split())


def test_a_unit_that_cannot_be_is_doubted_but_the_recording_goes_on() -> None:
    session = pushed(made().signal * 1000, [200])
    assert "is the unit right?" in session.electrode
    assert len(session.events) > 0
    believed = LiveAnalysis(RATE, "EMG", known_unit=True)
    believed.push(made().signal * 1000)
    assert "unit" not in believed.electrode


def test_the_state_of_the_electrode_is_that_of_now() -> None:
    session = LiveAnalysis(RATE, "EMG")
    noise = np.random.default_rng(0).normal(0, 5, 30_000)
    session.push(noise[:5000])
    session.push(np.full(4000, np.nan))
    session.push(noise[5000:6000])
    assert "missing" in session.electrode
    session.push(noise[6000:])
    assert session.electrode == "good contact"


@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_the_outline_holds_the_lowest_and_highest_of_each_bin(sizes: list[int]) -> None:
    signal = np.random.default_rng(1).normal(0, 1, sum(sizes))
    signal[::7] = np.nan
    outline = Outline(RATE)
    for part in np.split(signal, np.cumsum(sizes)[:-1]):
        outline.push(part)
    first, low, high = outline.between(0, outline.end)
    assert len(low) == min(outline.end, round(KEPT_S / outline.bin_s))
    bins = signal[: outline.end * 5].reshape(-1, 5)[first:]
    assert low.tolist() == np.nanmin(bins, axis=1).tolist()
    assert high.tolist() == np.nanmax(bins, axis=1).tolist()


# the player ----------------------------------------------------------------------------------------------------------


def test_the_player_gives_every_sample_in_order_at_its_time() -> None:
    recording = open_recording(SERIES)
    player = Player(recording, 0, speed=1000)
    blocks = list(player)
    starts = np.cumsum([0, *(len(b.samples) for b in blocks)])
    assert [b.start_s for b in blocks] == [n / player.sampling_rate for n in starts[:-1]]
    whole = np.concatenate([*recording.microvolts(0)])
    assert np.array_equal(np.concatenate([b.samples for b in blocks]), whole)
    assert (player.channel, player.unit) == ("EMG trapezius", "uV")


def test_a_closed_player_ends_at_once_and_one_that_loops_begins_again() -> None:
    player = Player(open_recording(SERIES), 0, speed=1000, loop=True)
    given = 0
    for block in player:
        given += len(block.samples)
        if given > 70_000:  # the recording has 60 000
            player.close()
    assert 70_000 < given < 120_000


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(TwitchError, match="speed"):
        Player(open_recording(SERIES), 0, speed=speed)


# a connection that is lost -------------------------------------------------------------------------------------------


class Flaky(DeviceSource):
    """A device whose connection breaks in the middle; what it would have sent meanwhile is lost."""

    def __init__(self, signal: np.ndarray, lost: tuple[int, int], attempts: int) -> None:
        super().__init__("flaky", "EMG", "uV", RATE)
        self._signal, self._lost, self._attempts = signal, lost, attempts
        self._at, self.opened, self.shut = 0, 0, 0

    def _read(self) -> tuple[Floats, Floats]:
        if self._at >= len(self._signal):
            self.close()
        if self._at == self._lost[0]:
            raise ConnectionLost
        last = min(self._at + 50, len(self._signal))
        if self._at < self._lost[0]:
            last = min(last, self._lost[0])
        part = np.arange(self._at, last)
        self._at = last
        return self._signal[part], part / RATE

    def _open(self) -> None:
        self.opened += 1
        if self.opened < self._attempts:
            raise ConnectionLost
        self._at = self._lost[1]

    def _shut(self) -> None:
        self.shut += 1


def test_a_lost_connection_loses_no_count_and_keeps_the_first_as_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tautband.twitch.live.source.RETRY_S", 0.001)
    monkeypatch.setattr("tautband.twitch.live.timeline.SLACK_S", 60.0)  # the gap is 2 s, the wait was not
    signal = made().signal
    whole, _ = detect(signal, RATE)
    between = whole["offset_s"][1], whole["onset_s"][2]
    lost = round((between[0] + 0.3) * RATE), round((between[1] - 0.3) * RATE)
    source = Flaky(signal, lost, attempts=3)
    run = Run(source)
    run.start()
    assert run.done.wait(60)
    assert run.error is None
    assert (source.opened, source.shut) == (3, 2)
    session = run.analysis
    assert session.samples == len(signal)
    found = session.series[0].twitches
    assert len(found) == len(whole)
    assert [t.onset_s for t in found] == pytest.approx(list(whole["onset_s"]), abs=0.02)
    assert found[-1].relative_to_first == pytest.approx(whole["relative_to_first"].iloc[-1], rel=0.05)


def test_a_source_that_breaks_ends_the_run_and_what_was_seen_stays(tmp_path: Path) -> None:
    class Broken(Flaky):
        def _open(self) -> None:
            raise TwitchError("x: the stream came back with 2 channels")

    record = tmp_path / "r.csv"
    run = Run(Broken(made().signal, (6000, 6500), 1), recorder=Recorder(record, "EMG", RATE))
    run.start()
    assert run.done.wait(60)
    run.keep(str(tmp_path / "r.tsv"))
    assert "came back" in str(run.error)
    kept = np.concatenate([*open_recording(record).microvolts(0)])
    assert kept == pytest.approx(made().signal[:6000], rel=1e-6)
    assert "twitch" in (tmp_path / "r.tsv").read_text(encoding="utf-8")


def test_a_full_disk_ends_the_recording_and_not_the_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "r.csv", "EMG", 1000.0)
    written = []

    def full(samples: Floats) -> None:
        written.append(samples)
        if len(written) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder, "write", full)
    run = Run(Player(open_recording(SERIES), 0, speed=100), recorder=recorder)
    run.start()
    assert run.done.wait(60)
    assert len(written) == 3
    assert run.analysis.dose.seen == 8
    assert "No space left" in frame(run.analysis, "x", "up", 100, 30, run.trouble).plain
    with pytest.raises(TwitchError, match=r"r.csv cannot be written any more: No space .* at 4.0 s"):
        run.keep()


def test_a_tap_while_no_samples_come_lies_behind_the_last_one() -> None:
    class Silent(Flaky):
        def _read(self) -> tuple[Floats, Floats]:
            if self._at < 3000:
                return super()._read()
            self._closed.wait(0.01)
            return np.zeros(0), np.zeros(0)

    run = Run(Silent(np.random.default_rng(0).normal(0, 5, 4000), (4000, 4000), 1))
    run.start()
    until = time.monotonic() + 30
    while run.analysis.samples < 3000 and time.monotonic() < until:
        time.sleep(0.01)
    before = time.monotonic()
    time.sleep(0.2)
    at = run.tap()
    run.stop()
    assert run.analysis.end_s == 3.0
    assert 3.19 <= at <= 3.0 + time.monotonic() - before + 1.0
    assert run.analysis.dose.tapped == 1


# what is kept --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [250.0, 333.0, 2000.0, 30_000.0])
def test_a_recording_as_table_reads_back_with_its_rate_unit_and_gaps(rate: float, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.csv", "EMG, left", rate)
    signal = np.random.default_rng(0).normal(0, 50, 5000)
    signal[100:200] = np.nan
    for part in np.array_split(signal, 7):
        recorder.write(part)
    recorder.close()
    file = open_recording(tmp_path / "r.csv")
    assert file.rate(0) == pytest.approx(rate, rel=1e-4)
    assert np.concatenate([*file.microvolts(0)]) == pytest.approx(signal, rel=1e-6, nan_ok=True)


def test_a_recording_as_edf_holds_samples_events_and_marks(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r.edf", "EMG", RATE)
    signal = made().signal[:11_700].copy()
    signal[500:900] = np.nan
    recorder.write(signal)
    assert (tmp_path / "r.partial.csv").exists()
    session = pushed(signal, [500])
    recorder.close(session.events, [Mark(3.0, "tap")])
    assert not (tmp_path / "r.partial.csv").exists()
    file = open_recording(tmp_path / "r.edf")
    back = np.concatenate([*file.microvolts(0)])
    assert back[1000:11_700] == pytest.approx(signal[1000:], abs=0.1)
    assert np.ptp(back[500:900]) == 0.0
    texts = [a.text for a in edfio.read_edf(tmp_path / "r.edf").annotations]
    assert "tap" in texts
    assert sum(t.startswith("twitch") for t in texts) == len(session.series[0].twitches)


@pytest.mark.parametrize("name", ["r.csv", "r.edf"])
def test_a_recording_never_overwrites_another(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("dear", encoding="utf-8")
    with pytest.raises(TwitchError, match="exists already"):
        Recorder(tmp_path / name, "EMG", RATE)
    assert (tmp_path / name).read_text(encoding="utf-8") == "dear"


def test_taps_and_sites_stand_among_the_annotations(tmp_path: Path) -> None:
    twitch = Twitch(2.0, 2.1, 50.0, 20.0, 1.0, 5, 20.0, 0.9)
    marks = [Mark(3.0, "new series"), Mark(1.0, "tap")]
    write_annotations(tmp_path / "e.tsv", [twitch], marks)
    rows = [r.split("\t") for r in (tmp_path / "e.tsv").read_text(encoding="utf-8").splitlines()]
    assert [r[2] for r in rows[1:]] == ["tap", "twitch", "new series"]
    assert {len(r) for r in rows} == {7}


# the view ------------------------------------------------------------------------------------------------------------


def view_of(name: str) -> LiveAnalysis:
    if name == "empty":
        return LiveAnalysis(RATE, "EMG")
    if name == "missing":
        session = LiveAnalysis(RATE, "EMG")
        session.push(np.full(3000, np.nan))
        return session
    session = pushed(made().signal, [100])
    if name == "many":
        one = session.series[0].twitches[0]
        session.series[0].twitches.extend(replace(one, onset_s=20.0 + i) for i in range(300))
        session.tap(400.0)
    return session


@pytest.mark.parametrize("name", ["empty", "missing", "seen", "many"])
@pytest.mark.parametrize("connection", ["up", "lost", "ended"])
@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (5, 2), (20, 5), (40, 12), (80, 24), (81, 25), (200, 60)]
)
def test_a_view_fits_every_terminal_and_always_shows_the_dose(
    name: str, connection: str, width: int, height: int
) -> None:
    session = view_of(name)
    picture = frame(session, "amplifier", connection, width, height)
    lines = picture.split("\n", allow_blank=True)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)
    if width >= 20:
        assert session.dose.state.upper() in picture.plain
    if connection == "lost" and width >= 60 and height >= 5:
        assert "CONNECTION LOST" in picture.plain


def test_a_view_shows_bars_that_fall_noise_and_contact() -> None:
    session = pushed(made().signal, [100])
    shown = frame(session, "amplifier", "up", 100, 30).plain
    for twitch in session.series[0].twitches:
        assert f"{twitch.relative_to_first:.2f}" in shown
    assert f"noise {session.noise_rms_uv:.1f} µV RMS  good contact" in shown
    assert "twitch 1" in shown or "rejected" in shown


def test_a_view_is_never_all_sure_that_sizes_have_levelled_off() -> None:
    session = view_of("many")
    assert session.dose.probability > 0.999
    assert "levelled off with probability 99%" in frame(session, "amplifier", "up", 100, 30).plain
