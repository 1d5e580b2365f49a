"""The demo library is the same everywhere, complete or absent, varied, and without near-copies."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jaxtyping import Complex, Float32
from scipy.signal import butter, sosfilt

from fpbench import Dataset, FpbenchError, Samples, Settings, Stream, rng_at
from fpbench.audio.damage import find_damage
from fpbench.audio.reading import durations_s
from fpbench.progress_display import hide_progress
from fpbench_plugins.demo_music import create, making
from fpbench_plugins.demo_music.composition import compose
from fpbench_plugins.demo_music.flac import encode_flac, to_16_bits
from fpbench_plugins.demo_music.library import DEFAULTS
from fpbench_plugins.demo_music.making import make_sound
from fpbench_plugins.demo_music.noises_and_rooms import NOISES, background, impulse_response
from fpbench_plugins.demo_music.recording import TRACK_S
from fpbench_plugins.demo_music.reproducible import (
    cosine,
    decay,
    exp,
    log,
    power,
    power_of,
    sine,
    tanh,
)
from fpbench_plugins.demo_music.song import SCALES, draw_song

RATE = 16_000
GOLDEN = "f8ec9916f200fb314646a76237cdf500d0e43ad3ebe4ef1896ba107b433530ce"
SMALL = {"reference": "0", "distractors": "0", "train": "0", "noises": "1", "rooms": "1"}

Signs = Float32[np.ndarray, "bands frames"]
Spectrum = Complex[np.ndarray, "bands frequencies"]


def opened(cache: Path, **options: str) -> Dataset:
    """The library, complete."""
    dataset = create(Settings(cache_dir=cache, options={**SMALL, **options}))
    dataset.complete(hide_progress)
    return dataset


@pytest.fixture(scope="module")
def tracks() -> list[Samples]:
    return [make_sound("reference", i, 0) for i in range(5)]


def signs(samples: Samples) -> Signs:
    """Whether each of 32 bands gets louder against its neighbour, 31 times a second.

    Source: Haitsma and Kalker 2002, "A highly robust audio fingerprinting system".
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, 4_096)[::512] * np.hanning(4_096)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    edges = np.geomspace(200, 4_000, 34) * 4_096 / RATE
    bands = np.add.reduceat(power, edges.astype(int), axis=1)[:, :33]
    return np.sign(np.diff(np.diff(np.log(bands + 1e-9), axis=1), axis=0)).T.astype(np.float32)


def spectrum(samples: Samples) -> Spectrum:
    """Of the signs of each band, with room for every lag."""
    of_bands = signs(samples)
    return np.fft.rfft(of_bands, 2 * of_bands.shape[1], axis=1)


def likeness(one: Spectrum, other: Spectrum) -> float:
    """The greatest agreement of signs at any lag at which two thirds overlap; chance is near 0."""
    bands, frames = one.shape[0], one.shape[1] - 1
    agreement = np.fft.irfft(np.sum(one * other.conj(), axis=0), 2 * frames)
    lags = np.fft.fftfreq(2 * frames, 1 / (2 * frames)).round().astype(int)
    overlap = frames - np.abs(lags)
    useful = overlap > frames * 2 // 3
    return float(np.max(agreement[useful] / (bands * overlap[useful])))


def degraded(samples: Samples, rng: np.random.Generator) -> Samples:
    """Shifted by a quarter of a second, through a telephone, at 5 dB SNR."""
    telephone = butter(2, (300, 3_400), "bandpass", fs=RATE, output="sos")
    late = sosfilt(telephone, np.roll(samples, 4_000))
    noise = rng.standard_normal(len(late)) * np.std(late) * 10 ** (-5 / 20)
    return (late + noise).astype(np.float32)


# ---------------------------------------------------------------- the library


@pytest.mark.slow
def test_offers_what_it_says(tmp_path: Path) -> None:
    dataset = opened(tmp_path, reference="1")
    assert [t.name for t in dataset.reference] == ["reference/0000.flac"]
    lists = (
        dataset.noise,
        dataset.impulse_responses,
        dataset.train_noise,
        dataset.train_impulse_responses,
    )
    assert [len(tracks) for tracks in lists] == [1, 1, 1, 1]
    info = soundfile.info(dataset.reference[0].path)
    assert (info.samplerate, info.channels, info.duration) == (RATE, 1, TRACK_S)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_says_what_it_would_make_and_makes_nothing(tmp_path: Path) -> None:
    dataset = create(Settings(cache_dir=tmp_path, options={**SMALL, "reference": "3"}))
    assert list(tmp_path.iterdir()) == []
    assert durations_s(dataset.reference).tolist() == [TRACK_S] * 3
    pending = dataset.pending
    assert pending is not None
    assert (pending.count, pending.what) == (7, "demo music")
    assert 2e6 < pending.size_bytes < 5e6
    assert pending.estimate_s() > 0


@pytest.mark.slow
def test_processes_make_the_same_and_say_what_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "count_processes", lambda _count: 3)
    options = {**SMALL, "noises": "2", "rooms": "2"}
    pending = create(Settings(cache_dir=tmp_path / "many", options=options)).pending
    assert pending is not None
    shares: list[float] = []
    pending.make(lambda done, words: shares.append(done))
    assert shares == [i / 8 for i in range(1, 9)]
    monkeypatch.setattr(making, "count_processes", lambda _count: 1)
    opened(tmp_path / "one", **options)
    many, one = (sorted((tmp_path / name).rglob("*.flac")) for name in ("many", "one"))
    assert [path.read_bytes() for path in many] == [path.read_bytes() for path in one]
    assert len(many) == 8
    monkeypatch.setattr(making, "count_processes", lambda _count: 2)
    folder = many[0].parents[2]
    shutil.rmtree(folder)
    folder.write_text("no folder")
    with pytest.raises(FpbenchError, match="cannot"):
        pending.make(lambda done, words: None)
    monkeypatch.setattr(making, "_SERVE", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(FpbenchError, match="has died with status -9"):
        pending.make(lambda done, words: None)


def test_reports_the_finished_share(tmp_path: Path) -> None:
    pending = create(Settings(cache_dir=tmp_path, options=SMALL)).pending
    assert pending is not None
    shares: list[float] = []
    pending.make(lambda done, words: shares.append(done))
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert create(Settings(cache_dir=tmp_path, options=SMALL)).pending is None


def test_makes_only_what_is_missing_or_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = opened(tmp_path)
    kept, removed = first.impulse_responses[0].path, first.noise[0].path
    damaged = first.train_impulse_responses[0].path
    audio, room = removed.read_bytes(), bytearray(damaged.read_bytes())
    before = kept.stat().st_mtime_ns
    removed.unlink()
    room[-20] ^= 1
    damaged.write_bytes(room)
    opened(tmp_path)
    room[-20] ^= 1
    assert kept.stat().st_mtime_ns == before
    assert removed.read_bytes() == audio
    assert damaged.read_bytes() == room
    assert f"{damaged} is damaged" in caplog.text


def test_works_without_stdin_and_from_another_folder(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from fpbench import Settings;"
        "from fpbench_plugins.demo_music import create;"
        "from fpbench.progress_display import hide_progress;"
        f"dataset = create(Settings(cache_dir=Path('cache'), options={SMALL!r}));"
        "dataset.complete(hide_progress)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(list(tmp_path.rglob("*.flac"))) == 4


def test_names_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FpbenchError, match=r"cannot make folder .*file"):
        opened(tmp_path / "file")


def test_the_standard_library_has_three_hundred_tracks_to_search() -> None:
    assert DEFAULTS.reference + DEFAULTS.distractors >= 300


def test_refuses_negative_counts(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="must be at least 0"):
        opened(tmp_path, train="-1")


# ---------------------------------------------------------------- the music


def test_equal_addresses_sound_equal(tracks: list[Samples]) -> None:
    np.testing.assert_array_equal(make_sound("reference", 3, 0), tracks[3])
    rooms = [make_sound("ir", 3, 0), make_sound("train_ir", 3, 0), make_sound("ir", 3, 1)]
    assert len({room.tobytes() for room in rooms}) == 3


def test_every_processor_makes_these_samples() -> None:
    """Bytes of 16-bit samples; tests/test_other_processors.py makes them as other processors do."""
    sounds = [
        *(make_sound("reference", i, 0) for i in range(3)),
        *(make_sound("noise", i, 0) for i in range(7)),
        *(make_sound("ir", i, 0) for i in range(3)),
    ]
    whole = b"".join(to_16_bits(sound).tobytes() for sound in sounds)
    assert hashlib.sha256(whole).hexdigest() == GOLDEN


def test_a_file_has_the_samples_and_no_version_of_the_encoder(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    samples = rng.uniform(-0.5, 0.5, RATE).astype(np.float32)
    encoded = encode_flac(samples)
    assert b"libFLAC" not in encoded
    (tmp_path / "a.flac").write_bytes(encoded)
    decoded, rate = soundfile.read(tmp_path / "a.flac", dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(decoded, to_16_bits(samples))
    assert find_damage(tmp_path / "a.flac") is None


def test_sounds_all_the_time_and_never_clips(tracks: list[Samples]) -> None:
    for track in tracks:
        assert len(track) == TRACK_S * RATE
        assert 0.3 < np.max(np.abs(track)) < 1
        seconds = np.std(track.reshape(30, -1), axis=1)
        assert np.min(seconds) > 3e-3
        assert np.median(seconds) > 0.02


@pytest.mark.slow
def test_no_track_is_nearly_another(tracks: list[Samples], rng: np.random.Generator) -> None:
    prints = [spectrum(track) for track in tracks]
    copies = [likeness(spectrum(degraded(t, rng)), p) for t, p in zip(tracks, prints, strict=True)]
    others = [likeness(p, q) for i, p in enumerate(prints) for q in prints[:i]]
    assert max(others) < 0.5 * min(copies)


@pytest.mark.slow
def test_no_track_of_forty_is_nearly_another(rng: np.random.Generator) -> None:
    # Among all 300 the most alike two agreed to 0.07, degraded copies of 50 to 0.33 and up.
    made = [make_sound(kind, i, 0) for kind in ("reference", "distractors") for i in range(20)]
    prints = [spectrum(track) for track in made]
    copies = [likeness(spectrum(degraded(made[i], rng)), prints[i]) for i in range(0, 40, 4)]
    others = [likeness(p, q) for i, p in enumerate(prints) for q in prints[:i]]
    assert max(others) < 0.5 * min(copies)


def test_no_bar_repeats_another(tracks: list[Samples]) -> None:
    # An exact loop would agree with itself everywhere, at its period.
    for track in tracks:
        whole = signs(track)
        frames = whole.shape[1]
        loops = [
            float(np.mean(whole[:, lag:] * whole[:, : frames - lag]))
            for lag in range(31, frames * 2 // 3)
        ]
        assert max(loops) < 0.4


def test_pieces_differ_in_key_tempo_and_instruments() -> None:
    songs = [draw_song(rng_at(0, Stream.DEMO_MUSIC, 0, i)) for i in range(100)]
    tempos = np.array([song.tempo_bpm for song in songs])
    assert tempos.min() < 75
    assert tempos.max() > 150
    assert {song.root % 12 for song in songs} == set(range(12))
    assert {song.scale for song in songs} == set(SCALES)
    assert {song.meter for song in songs} == {3, 4, 5, 7}
    assert len({tuple(sorted(song.styles.items())) for song in songs}) > 80


def test_pieces_differ_in_brightness(tracks: list[Samples]) -> None:
    f = np.fft.rfftfreq(len(tracks[0]), 1 / RATE)
    magnitude = [np.abs(np.fft.rfft(track)) for track in tracks]
    centroids = [float(np.average(f, weights=m)) for m in magnitude]
    assert max(centroids) > 1.5 * min(centroids)


def test_melody_keeps_to_its_scale() -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        song = draw_song(rng)
        score = compose(song, TRACK_S, rng)
        scale = {(song.root + step) % 12 for step in SCALES[song.scale]}
        pitches = {note.pitch % 12 for notes in score.parts.values() for note in notes}
        assert pitches <= scale


# ---------------------------------------------------------------- surroundings


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.slow
def test_noises_go_on_for_ten_seconds(kind: str) -> None:
    noise = background(kind, np.random.default_rng(2))
    assert noise.shape == (10 * RATE,)
    assert np.max(np.abs(noise)) == pytest.approx(0.6)
    assert np.min(np.std(noise.reshape(20, -1), axis=1)) > 1e-3


def test_rooms_begin_with_the_direct_sound_and_die_away() -> None:
    for seed in range(10):
        response = impulse_response(np.random.default_rng(seed))
        assert np.argmax(np.abs(response) >= 0.45) == 0
        tenth = len(response) // 10
        assert np.std(response[-tenth:]) < 0.1 * np.std(response[:tenth])


# ---------------------------------------------------------------- elementary functions

WIDE = np.linspace(-690, 690, 10_001)


def test_functions_are_those_of_numpy() -> None:
    turns = np.linspace(-3, 3, 10_001)
    np.testing.assert_allclose(sine(turns), np.sin(2 * np.pi * turns), atol=1e-14)
    np.testing.assert_allclose(cosine(turns), np.cos(2 * np.pi * turns), atol=1e-14)
    np.testing.assert_allclose(exp(WIDE), np.exp(WIDE), rtol=1e-13)
    np.testing.assert_allclose(log(exp(WIDE)), WIDE, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(power(exp(WIDE), 0.3), np.exp(0.3 * WIDE), rtol=1e-12)
    np.testing.assert_allclose(decay(70, 999), np.exp(-np.arange(999) / 70), rtol=1e-13)
    np.testing.assert_allclose(tanh(WIDE / 30), np.tanh(WIDE / 30), atol=1e-15)


def test_numbers_and_arrays_have_the_same_bits() -> None:
    bases, exponents = np.linspace(0.01, 9, 300), np.linspace(-5, 5, 300)
    one_by_one = [power_of(*pair) for pair in zip(bases.tolist(), exponents.tolist(), strict=True)]
    assert one_by_one == power(bases, exponents).tolist()


def test_functions_are_exact_where_it_is_heard() -> None:
    assert (sine(0.0), sine(0.5), exp(0.0), log(1.0)) == (0, 0, 1, 0)
    assert exp(-1e9) < 1e-300
    assert sine(np.arange(1e6, 1e6 + 8)).tolist() == [0.0] * 8
