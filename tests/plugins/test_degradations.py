"""Each degradation does what it says, in time, and to silence and single samples too."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, correlate, sosfilt

from fpbench import Dataset, Degradation, FpbenchError, Samples, Settings, Stream, Track, rng_at
from fpbench.plugin.degradations import DescribedDegradation
from fpbench_plugins import degradations
from fpbench_plugins.building_blocks.impulse_responses import remove_delay
from fpbench_plugins.degradations.noise import loop_recording, mix_at_snr
from fpbench_plugins.degradations.reverb import convolve
from fpbench_plugins.degradations.stretch import change_tempo

RATE = 16_000


@pytest.fixture
def music(rng: np.random.Generator) -> Samples:
    """Two seconds that a codec keeps: noise below 3 kHz."""
    white = rng.standard_normal(2 * RATE) * 0.1
    return sosfilt(butter(4, 3_000, fs=RATE, output="sos"), white).astype(np.float32)


@pytest.fixture
def dataset(tmp_path: Path, rng: np.random.Generator) -> Dataset:
    """Two noises, one shorter than any query, and an impulse response longer than one."""

    def write_track(name: str, samples: np.ndarray) -> Track:
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples, RATE, subtype="FLOAT")
        return Track(name=name, path=path)

    tail = rng.standard_normal(3 * RATE) * np.exp(-np.arange(3 * RATE) / 2_000)
    response = np.concatenate([np.zeros(400), [8.0], 0.5 * tail])
    return Dataset(
        name="test",
        noise=[
            write_track("short", rng.standard_normal(1_000)),
            write_track("long", rng.uniform(-1, 1, 5 * RATE)),
        ],
        impulse_responses=[write_track("hall", response)],
    )


def make(name: str, dataset: Dataset | None = None, **options: str) -> Degradation:
    entries = {entry.name: entry for entry in degradations.fpbench_degradations()}
    return entries[name].create(Settings(dataset=dataset, options=options))


def lag(late: Samples, early: Samples) -> int:
    """By how many samples ``late`` comes later."""
    return int(np.argmax(correlate(late, early, method="fft"))) - (len(early) - 1)


def power_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


# ---------------------------------------------------------------- noise


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 7.5])
def test_noise_has_the_ratio_asked_for_in_the_query(
    music: Samples, dataset: Dataset, rng: np.random.Generator, snr_db: float
) -> None:
    loud_before = music * np.where(np.arange(len(music)) < RATE, 10, 1).astype(np.float32)
    noise = make("noise", dataset, min_snr_db=str(snr_db), max_snr_db=str(snr_db))
    mix = noise.apply(loud_before, RATE, RATE, rng)
    clean, added = loud_before[RATE:], (mix - loud_before)[RATE:]
    assert power_db(clean) - power_db(added) == pytest.approx(snr_db, abs=0.01)


def test_noise_and_reverb_tell_what_they_draw(music: Samples, dataset: Dataset) -> None:
    noise, room = make("noise", dataset), make("reverb", dataset)
    assert isinstance(noise, DescribedDegradation)
    assert isinstance(room, DescribedDegradation)
    told = noise.describe(rng_at(0, Stream.QUERY_DEGRADATION, 5, 0))["snr_db"]
    noisy = noise.apply(music, 0, RATE, rng_at(0, Stream.QUERY_DEGRADATION, 5, 0))
    assert power_db(music) - power_db(noisy - music) == pytest.approx(told, abs=0.01)
    names = {path.name for path in room.recordings}
    assert room.describe(rng_at(0, Stream.QUERY_DEGRADATION, 5, 1))["room"] in names
    simulated = make("reverb")
    assert isinstance(simulated, DescribedDegradation)
    drawn = simulated.describe(rng_at(0, Stream.QUERY_DEGRADATION, 5, 1))["room"]
    assert str(drawn).startswith("simulated ")


def test_noise_draws_ratios_over_the_whole_range(music: Samples, dataset: Dataset) -> None:
    noise = make("noise", dataset)
    ratios = []
    for seed in range(40):
        mix = noise.apply(music, 0, RATE, np.random.default_rng(seed))
        ratios.append(power_db(music) - power_db(mix - music))
    assert 0 <= min(ratios) < 1
    assert 9 < max(ratios) <= 10


def test_short_noise_starts_again() -> None:
    noise = np.array([1, 2, 3], dtype=np.float32)
    np.testing.assert_array_equal(loop_recording(noise, 0.4, 7), [2, 3, 1, 2, 3, 1, 2])


def test_noise_skips_pauses_but_not_for_ever(
    music: Samples, tmp_path: Path, rng: np.random.Generator
) -> None:
    pauses = np.zeros(10 * RATE)
    pauses[-RATE:] = 0.1 * (-1.0) ** np.arange(RATE)
    soundfile.write(tmp_path / "a.wav", pauses, RATE)
    assert make("noise", folder=str(tmp_path)).apply(music, 0, RATE, rng).std() > music.std()
    (tmp_path / "silent").mkdir()
    soundfile.write(tmp_path / "silent" / "b.wav", np.zeros(RATE), RATE)
    message = r"none of 1 noise recordings can be used; the first is silent/b\.wav: silent"
    with pytest.raises(FpbenchError, match=message):
        make("noise", folder=str(tmp_path / "silent"))


def test_noise_that_is_silent_nearly_everywhere_is_heard_all_the_same(
    music: Samples, tmp_path: Path
) -> None:
    click = np.zeros(60 * RATE)
    click[33 * RATE] = 0.5
    soundfile.write(tmp_path / "click.wav", click, RATE)
    noise = make("noise", folder=str(tmp_path), min_snr_db="0", max_snr_db="0")
    for seed in range(5):
        mix = noise.apply(music[: RATE // 2], RATE // 4, RATE, np.random.default_rng(seed))
        added = mix - music[: RATE // 2]
        assert RATE // 4 < np.argmax(np.abs(added)) < RATE // 2


def test_a_quiet_impulse_response_is_one(tmp_path: Path, rng: np.random.Generator) -> None:
    response = np.array([1e-6, 0, 5e-7])
    soundfile.write(tmp_path / "a.wav", response, RATE, subtype="FLOAT")
    click = np.zeros(100, np.float32)
    click[0] = 1
    wet = make("reverb", folder=str(tmp_path)).apply(click, 0, RATE, rng)
    np.testing.assert_allclose(wet[:4], np.array([2, 0, 1, 0]) / np.sqrt(5), atol=1e-5)


def test_no_gain_makes_silence_noise() -> None:
    with pytest.raises(ValueError, match="silent"):
        mix_at_snr(np.ones(2, np.float32), np.array([1, 0], np.float32), 1, 0.0)


def test_noise_needs_recordings(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="the dataset has none"):
        make("noise")
    with pytest.raises(FpbenchError, match="no audio files in"):
        make("noise", dataset, folder=str(tmp_path / "none"))


# ---------------------------------------------------------------- reverb


def test_the_direct_sound_stays_where_it_is(
    music: Samples, dataset: Dataset, rng: np.random.Generator
) -> None:
    wet = make("reverb", dataset).apply(music, 0, RATE, rng)
    assert wet.shape == music.shape
    assert lag(wet, music) == 0


def test_the_room_remembers_what_came_before(
    music: Samples, dataset: Dataset, rng: np.random.Generator
) -> None:
    silent_after = music.copy()
    silent_after[RATE:] = 0
    wet = make("reverb", dataset).apply(silent_after, RATE, RATE, rng)
    assert power_db(wet[RATE : RATE + 800]) > power_db(wet[:RATE]) - 30


def test_convolution_is_exact() -> None:
    clean = np.array([1, 0, 2, 0], dtype=np.float32)
    response = remove_delay(np.array([0, 0, 0.8, 0, -0.6, 0.0], dtype=np.float32))
    np.testing.assert_allclose(convolve(clean, response), [0.8, 0, 1.0, 0], atol=1e-6)


def test_an_early_arrival_counts_as_direct_sound_before_a_louder_echo() -> None:
    response = np.array([0.1, 0, 0.6, 0, 1], dtype=np.float32)
    np.testing.assert_array_equal(remove_delay(response), response[2:])


def test_names_a_silent_impulse_response(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "dead.wav", np.zeros(100), RATE)
    with pytest.raises(FpbenchError, match=r"none of 1 impulse responses .*dead\.wav: silent"):
        make("reverb", folder=str(tmp_path))


def test_rooms_are_simulated_where_none_was_recorded(rng: np.random.Generator) -> None:
    room = make("reverb", rooms="1", max_rt60_s="0.3")
    click = np.zeros(RATE, dtype=np.float32)
    click[1_000] = 1
    wet = np.abs(room.apply(click, 0, RATE, rng))
    np.testing.assert_array_equal(wet, np.abs(room.apply(click, 0, RATE, rng)))
    assert np.argmax(wet >= wet.max() / 2 * 0.999) == 1_000
    assert 0.01 * wet.max() < wet[2_000:3_000].max() < 0.9 * wet.max()
    with pytest.raises(FpbenchError, match="no impulse responses and rooms=0"):
        make("reverb", rooms="0")


# ---------------------------------------------------------------- the others


@pytest.mark.parametrize("name", ["mp3", "ogg", "opus"])
def test_codecs_keep_time_and_sound(music: Samples, rng: np.random.Generator, name: str) -> None:
    decoded = make("codec", codec=name, compression="0.2").apply(music, 0, RATE, rng)
    assert decoded.shape == music.shape
    assert lag(decoded, music) == 0
    middle = slice(2_000, -2_000)
    assert power_db(music[middle]) - power_db((decoded - music)[middle]) > 10
    assert not np.array_equal(decoded, music)


def test_codecs_take_loud_audio(music: Samples, rng: np.random.Generator) -> None:
    loud = music * np.float32(20)
    decoded = make("codec", compression="0").apply(loud, 0, RATE, rng)
    assert power_db(decoded) == pytest.approx(power_db(loud), abs=0.5)


@pytest.mark.parametrize(("frequency_hz", "kept"), [(100, False), (1_000, True), (6_000, False)])
def test_a_filter_passes_its_band(rng: np.random.Generator, frequency_hz: int, kept: bool) -> None:
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(RATE) / RATE).astype(np.float32)
    heard = make("filter").apply(tone, 0, RATE, rng)
    loss_db = power_db(tone) - power_db(heard[RATE // 2 :])
    assert loss_db < 0.1 if kept else loss_db > 15


def test_a_filter_without_edges_passes_all(music: Samples, rng: np.random.Generator) -> None:
    open_filter = make("filter", low_hz="none", high_hz="none")
    np.testing.assert_array_equal(open_filter.apply(music, 0, RATE, rng), music)


def test_a_filter_edge_lies_below_half_the_rate(music: Samples, rng: np.random.Generator) -> None:
    with pytest.raises(FpbenchError, match="edge at 9000 Hz in audio of 16000 Hz"):
        make("filter", high_hz="9000").apply(music, 0, RATE, rng)


@pytest.mark.parametrize("tempo", [0.8, 0.95, 1.0, 1.2])
def test_a_stretch_keeps_pitch_and_divides_length(tempo: float) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    stretched = change_tempo(tone, tempo, 1_024)
    assert len(stretched) == round(2 * RATE / tempo)
    spectrum = np.abs(np.fft.rfft(stretched * np.hanning(len(stretched)), 1 << 17))
    assert np.argmax(spectrum) * RATE / (1 << 17) == pytest.approx(440, abs=0.5)
    assert stretched[2_000:-2_000].std() == pytest.approx(tone.std(), rel=0.03)


@pytest.mark.parametrize("tempo", [0.8, 1.0, 1.2])
def test_a_stretch_divides_every_time_by_the_tempo(tempo: float) -> None:
    clicks = np.zeros(2 * RATE, dtype=np.float32)
    times = np.array([8_000, 16_000, 24_000])
    clicks[times] = 1
    stretched = change_tempo(clicks, tempo, 1_024)
    for time in times:
        around = np.arange(-512, 512) + round(time / tempo)
        energy = stretched[around] ** 2
        assert abs(np.average(around, weights=energy) - time / tempo) < 0.01 * RATE


def test_an_unstretched_stretch_changes_nothing(music: Samples) -> None:
    np.testing.assert_allclose(change_tempo(music, 1.0, 1_024), music, atol=1e-5)


def test_gain_and_overload_are_as_asked(rng: np.random.Generator) -> None:
    samples = np.array([0.9, 0.1, -0.4, 0.2], dtype=np.float32)
    quiet = make("gain", min_gain_db="-20", max_gain_db="-20").apply(samples, 1, RATE, rng)
    np.testing.assert_allclose(quiet, samples / 10, rtol=1e-6)
    # The query's peak is 0.4; 6.02 dB too loud leaves half of it.
    overload = make("clip", min_overload_db="6.0206", max_overload_db="6.0206")
    clipped = overload.apply(samples, 1, RATE, rng)
    np.testing.assert_allclose(clipped, [0.2, 0.1, -0.2, 0.2], atol=1e-6)


# ---------------------------------------------------------------- all


ALL = sorted(entry.name for entry in degradations.fpbench_degradations())


@pytest.mark.parametrize("length", [1, 3, 20_000])
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("silent", [True, False])
def test_takes_silence_and_any_length(
    dataset: Dataset, rng: np.random.Generator, name: str, length: int, silent: bool
) -> None:
    samples = np.zeros(length, np.float32) if silent else rng.random(length).astype(np.float32)
    before = samples.copy()
    degradation = make(name, dataset)
    assert isinstance(degradation, Degradation)
    heard = degradation.apply(samples, 0, RATE, rng)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert len(heard) == length or (name == "stretch" and len(heard) >= 1)
    np.testing.assert_array_equal(samples, before)
    assert not np.shares_memory(heard, samples)


@pytest.mark.parametrize("name", ALL)
def test_equal_draws_give_equal_bytes(dataset: Dataset, music: Samples, name: str) -> None:
    degradation = make(name, dataset)
    first = degradation.apply(music, 100, RATE, np.random.default_rng(5))
    degradation.apply(music[:5_000], 0, RATE, np.random.default_rng(6))
    again = degradation.apply(music, 100, RATE, np.random.default_rng(5))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("name", "option", "value", "message"),
    [
        pytest.param("noise", "min_snr_db", "20", "min_snr_db=20.0 and max_snr_db=10", id="noise"),
        pytest.param("noise", "min_snr_db", "nan", "must be finite and in this order", id="nan"),
        pytest.param("reverb", "memory_s", "0", "must be above 0 and at most 30", id="reverb"),
        pytest.param("codec", "codec", "aac", "setting 'codec' cannot be 'aac'", id="codec"),
        pytest.param("codec", "compression", "2", "not between 0 and 1", id="compression"),
        pytest.param(
            "filter", "low_hz", "5000", "must be at least 0 and in this order", id="filter"
        ),
        pytest.param("stretch", "min_tempo", "0.1", "is not within 0.25 to 4", id="stretch"),
        pytest.param("clip", "min_overload_db", "-1", "is negative", id="clip"),
        pytest.param("gain", "gain", "1", "no setting is called 'gain'", id="gain"),
    ],
)
def test_refuses_settings_that_make_no_sense(
    dataset: Dataset, name: str, option: str, value: str, message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        make(name, dataset, **{option: value})
