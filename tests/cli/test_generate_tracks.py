"""`fpbench generate --tracks` writes whole tracks, and where they end."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.fingerprints.files import read_vectors
from fpbench_plugins.gaussian.generator import GaussianGenerator
from fpbench_plugins.resample.runs import ResampledRuns

DIM, LENGTHS = 4, np.array([3_000, 40, 700])


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    """Tracks whose rows say which row of which track they are."""
    rows = np.zeros((LENGTHS.sum(), DIM), dtype=np.float32)
    rows[:, 0] = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    rows[:, 1] = np.concatenate([np.arange(length) for length in LENGTHS])
    path = tmp_path / "tracks.safetensors"
    ResampledRuns(rows, LENGTHS).save(path)
    path.with_suffix(".json").write_text('{"generator": "resample-runs"}')
    return path


def generate(generator: Path, output: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["generate", str(generator), "-o", str(output), *options])


def test_tracks_are_whole_and_their_ends_are_known(generator: Path, tmp_path: Path) -> None:
    result = generate(generator, tmp_path / "t.npz", "--tracks", "-n", "12k", "--seed", "1")
    assert result.exit_code == 0, result.output
    file = read_vectors(tmp_path / "t.npz")
    assert file.tracks is not None
    assert f"{file.tracks.max() + 1} tracks with {len(file.vectors)} rows" in result.stdout
    assert 12_000 <= len(file.vectors) < 12_000 + LENGTHS.max() + LENGTHS.max()
    for track in range(file.tracks.max() + 1):
        rows = file.vectors[file.tracks == track]
        kind = int(rows[0, 0])
        np.testing.assert_array_equal(rows[:, 0], kind)
        np.testing.assert_array_equal(rows[:, 1], np.arange(LENGTHS[kind]))


def test_shards_together_are_the_whole(generator: Path, tmp_path: Path) -> None:
    parts = [tmp_path / f"{part}.npz" for part in ("whole", "1", "2")]
    shards: list[list[str]] = [[], ["--shard", "1/2"], ["--shard", "2/2"]]
    for part, shard in zip(parts, shards, strict=True):
        generate(generator, part, "--tracks", "-n", "15k", *shard)
    whole, *halves = (read_vectors(part).vectors for part in parts)
    np.testing.assert_array_equal(np.concatenate(halves), whole)


def test_a_file_without_tracks_is_refused(generator: Path, tmp_path: Path) -> None:
    result = generate(generator, tmp_path / "t.npy", "--tracks", "-n", "10")
    assert result.exit_code == 2
    assert "cannot say where tracks end" in result.stderr


def test_a_generator_of_single_fingerprints_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gaussian.safetensors"
    identity = np.eye(DIM, dtype=np.float32)
    GaussianGenerator(np.zeros(DIM, dtype=np.float32), identity, project=True).save(path)
    path.with_suffix(".json").write_text('{"generator": "gaussian"}')
    result = generate(path, tmp_path / "t.npz", "--tracks", "-n", "10")
    assert result.exit_code == 2
    assert "draws single fingerprints, not tracks" in result.stderr
