"""``fpbench extract`` writes what it found, and names what it did not."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.fingerprints.files import read_vectors

MODEL = """
import numpy as np
from fpbench import Entry, FingerprintSpec, hookimpl


class Mine:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=128)

    def embed(self, segments, /):
        vectors = np.full((len(segments), 128), 128**-0.5, np.float32)
        vectors[~segments.any(axis=1)] = np.nan
        return vectors


@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="mine", summary="mine", create=lambda settings: Mine())]
"""


@pytest.fixture
def audio(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    noise = rng.uniform(-0.5, 0.5, 20_000).astype(np.float32)
    soundfile.write("a.wav", noise, 8_000)
    soundfile.write("b.ogg", noise[:12_000], 8_000)
    soundfile.write("short.wav", noise[:100], 8_000)
    soundfile.write("silent.flac", 0 * noise[:12_000], 8_000)
    Path("broken.mp3").write_bytes(b"no audio at all")
    return tmp_path


def extract(*arguments: str, fingerprinter: str = "spectral-sketch") -> Result:
    command = ["extract", "--fingerprinter", fingerprinter, *arguments]
    result = CliRunner().invoke(main, command)
    assert "Traceback" not in result.output
    return result


@pytest.mark.slow
def test_writes_all_files_in_the_order_given(audio: Path) -> None:
    files = ["b.ogg", "short.wav", "a.wav", "broken.mp3", "silent.flac"]
    result = extract(*files, "-o", "out.npz")
    assert (result.exit_code, result.stdout) == (0, "")
    with np.load(audio / "out.npz") as out:
        assert out["vectors"].shape == (8, 128)
        assert [out[name].dtype for name in ("vectors", "start_s", "track")] == [
            *(np.float32, np.float64, np.int32)
        ]
        assert out["track"].tolist() == [0, 0, 2, 2, 2, 2, 4, 4]
        assert out["start_s"].tolist() == [0, 0.5, 0, 0.5, 1, 1.5, 0, 0.5]
        assert out["tracks"].tolist() == files
        assert not out["vectors"][-2:].any()
        assert out["silent"].tolist() == 6 * [False] + 2 * [True]
        assert not out["not_finite"].any()
    assert len(read_vectors(audio / "out.npz").vectors) == 6


@pytest.mark.slow
def test_names_and_counts_what_is_missing(audio: Path) -> None:
    result = extract("a.wav", "short.wav", "broken.mp3", "silent.flac", "-o", "out.npz")
    assert "no fingerprints from short.wav: too short: 0.0125 s, 1 s needed\n" in result.stderr
    assert "no fingerprints from broken.mp3: " in result.stderr
    assert "2 of 4 files have no fingerprints\n" in result.stderr
    assert "silent.flac: 2 segments silent, at 0, 0.5 s\n" in result.stderr
    assert "2 of 6 segments are silent\n" in result.stderr


@pytest.mark.slow
def test_counts_what_is_not_finite(audio: Path) -> None:
    (audio / "mine.py").write_text(MODEL)
    soundfile.write("long.wav", np.zeros(80_000, np.float32), 8_000)
    result = extract("long.wav", "a.wav", "-o", "out.npz", fingerprinter="plugin:mine")
    assert result.exit_code == 0
    assert "long.wav: 19 segments not finite, at 0, 0.5, 1, 1.5, 2, ... s\n" in result.stderr
    assert "19 of 23 segments are not finite\n" in result.stderr
    assert np.isfinite(read_vectors(audio / "out.npz").vectors).all()


def test_nothing_at_all_is_an_error(audio: Path) -> None:
    result = extract("short.wav", "-o", "out.npz")
    assert result.exit_code == 2
    assert "none of 1 files gave fingerprints" in result.stderr
    assert not (audio / "out.npz").exists()


def test_a_folder_that_is_not_there_is_made(audio: Path) -> None:
    assert extract("a.wav", "-o", "new/out.npz").exit_code == 0
    assert (audio / "new" / "out.npz").exists()


def test_a_folder_that_cannot_be_made_is_named_before_any_work(audio: Path) -> None:
    result = extract("broken.mp3", "-o", "a.wav/out.npz")
    assert result.exit_code == 2
    assert "cannot make folder a.wav" in result.stderr
    assert "no fingerprints from" not in result.stderr


def test_the_output_must_be_npz(audio: Path) -> None:
    result = extract("broken.mp3", "-o", "out.npy")
    assert result.exit_code == 2
    assert "'out.npy' cannot hold fingerprints" in result.stderr
    assert "no fingerprints from" not in result.stderr


@pytest.mark.slow
def test_equal_input_gives_equal_bytes(audio: Path) -> None:
    for name in ("x.npz", "y.npz"):
        extract("a.wav", "b.ogg", "-o", name)
    assert (audio / "x.npz").read_bytes() == (audio / "y.npz").read_bytes()


@pytest.mark.slow
def test_channels_that_cancel_are_named_and_one_can_be_chosen(
    audio: Path, rng: np.random.Generator, caplog: pytest.LogCaptureFixture
) -> None:
    left = rng.uniform(-0.5, 0.5, 20_000).astype(np.float32)
    soundfile.write("anti.wav", np.stack([left, -left], axis=1), 8_000)
    result = extract("anti.wav", "a.wav", "-o", "out.npz")
    assert result.exit_code == 0
    assert "no fingerprints from anti.wav: its channels cancel" in result.stderr
    assert "set channel to left, right or loudest" in result.stderr
    result = extract("anti.wav", "--channel", "loudest", "-o", "out.npz")
    assert (result.exit_code, "cancel" in result.stderr) == (0, False)
    soundfile.write("nearly.wav", np.stack([left, -0.95 * left], axis=1), 8_000)
    extract("nearly.wav", "-o", "out.npz")
    assert "the channels of nearly.wav nearly cancel: their mean is 32 dB below" in caplog.text
