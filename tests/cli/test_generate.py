"""`fpbench generate` writes the addressed sequence in every format, in shards, and resumes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.fingerprints.files import read_vectors
from fpbench.randomness import Stream, rng_at
from fpbench_plugins.gaussian.generator import GaussianGenerator

DIM = 4


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("generator") / "gaussian.safetensors"
    standard().save(path)
    path.with_suffix(".json").write_text('{"generator": "gaussian"}')
    return path


def standard() -> GaussianGenerator:
    identity = np.eye(DIM, dtype=np.float32)
    return GaussianGenerator(np.zeros(DIM, dtype=np.float32), identity, project=True)


def chunk(number: int, seed: int = 0) -> np.ndarray:
    return standard().draw(10_000, rng_at(seed, Stream.DISTRACTOR_CHUNK, 0, number))


def generate(generator: Path, output: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["generate", str(generator), "-o", str(output), *options])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".npy", ".mm", ".fbin"])
def test_row_i_is_that_of_the_addressed_sequence(
    generator: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"rows{suffix}"
    result = generate(generator, output, "-n", "25k", "--seed", "3")
    assert result.exit_code == 0, result.output
    rows = read_vectors(output).vectors
    expected = np.concatenate([chunk(c, seed=3) for c in range(3)])[:25_000]
    np.testing.assert_array_equal(rows, expected)


def test_fbin_starts_with_rows_and_dim(generator: Path, tmp_path: Path) -> None:
    generate(generator, tmp_path / "rows.fbin", "-n", "10")
    content = (tmp_path / "rows.fbin").read_bytes()
    assert np.frombuffer(content, dtype="<i4", count=2).tolist() == [10, DIM]
    assert len(content) == 8 + 10 * DIM * 4


@pytest.mark.slow
def test_mm_has_its_shape_beside_it(generator: Path, tmp_path: Path) -> None:
    generate(generator, tmp_path / "rows.mm", "-n", "10")
    assert np.load(tmp_path / "rows_shape.npy").tolist() == [10, DIM]


@pytest.mark.slow
def test_shards_together_are_the_whole(generator: Path, tmp_path: Path) -> None:
    generate(generator, tmp_path / "whole.npy", "-n", "35000")
    for k in (1, 2, 3):
        generate(generator, tmp_path / f"{k}.npy", "-n", "35000", "--shard", f"{k}/3")
    shards = [np.load(tmp_path / f"{k}.npy") for k in (1, 2, 3)]
    assert [len(shard) for shard in shards] == [10_000, 10_000, 15_000]
    np.testing.assert_array_equal(np.concatenate(shards), np.load(tmp_path / "whole.npy"))


@pytest.mark.slow
@pytest.mark.parametrize("shard", ["0/3", "4/3", "2", "a/b", "1/9", "²/³"])
def test_an_impossible_shard_is_refused(generator: Path, tmp_path: Path, shard: str) -> None:
    result = generate(generator, tmp_path / "rows.npy", "-n", "30000", "--shard", shard)
    assert result.exit_code == 2
    assert "shard" in result.stderr


def test_an_unknown_format_is_refused(generator: Path, tmp_path: Path) -> None:
    result = generate(generator, tmp_path / "rows.csv", "-n", "10")
    assert result.exit_code == 2
    assert ".fbin" in result.stderr


@pytest.mark.slow
def test_a_generator_of_unknown_kind_needs_its_name(generator: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(generator.read_bytes())
    result = generate(alone, tmp_path / "rows.npy", "-n", "10")
    assert result.exit_code == 2
    assert "add --generator NAME" in result.stderr
    assert (
        generate(alone, tmp_path / "rows.npy", "-n", "10", "--generator", "gaussian").exit_code == 0
    )


@pytest.mark.slow
def test_a_killed_command_continues_to_the_same_bytes(generator: Path, tmp_path: Path) -> None:
    output = tmp_path / "rows.fbin"
    code = "from fpbench.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "generate",
        str(generator),
        "-n",
        "20M",
        "-o",
        str(output),
    ]
    killed = subprocess.Popen(command)
    while not any(p.stat().st_size > 5_000_000 for p in tmp_path.glob(".rows.fbin.*.partial")):
        assert killed.poll() is None
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    (partial,) = tmp_path.glob(".rows.fbin.*.partial")
    # As if it had been killed half-way through a row.
    with partial.open("ab") as file:
        file.write(b"\x01\x02\x03")
    assert subprocess.run(command, check=False).returncode == 0
    rows = read_vectors(output).vectors
    assert len(rows) == 20_000_000
    for number in (0, 20, 700, 1999):
        np.testing.assert_array_equal(rows[number * 10_000 : (number + 1) * 10_000], chunk(number))


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_workers_of_ray_draw_the_same_bytes(generator: Path, tmp_path: Path) -> None:
    assert generate(generator, tmp_path / "here.npy", "-n", "65k").exit_code == 0
    sent = tmp_path / "sent.npy"
    shown = generate(generator, sent, "-n", "65k", "--engine", "ray", "--workers", "2")
    assert shown.exit_code == 0, shown.output
    assert sent.read_bytes() == (tmp_path / "here.npy").read_bytes()


def test_options_of_an_engine_that_is_not_used_are_refused(generator: Path, tmp_path: Path) -> None:
    shown = generate(generator, tmp_path / "rows.npy", "-n", "10", "--workers", "2")
    assert shown.exit_code == 2
    assert "--workers has no effect without --engine ray" in shown.stderr
