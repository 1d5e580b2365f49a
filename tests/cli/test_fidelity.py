"""`fpbench fidelity` shows every statistic beside its floor and baselines."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.plugin.systems import SystemIdentity, encode_probe

DIM = 6


def rows(n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    np.savez(tmp_path / "real.npz", vectors=rows(400, 0), track=np.arange(400) // 20)
    return tmp_path / "real.npz"


@pytest.fixture
def synthetic(tmp_path: Path) -> Path:
    np.save(tmp_path / "synthetic.npy", rows(400, 1))
    return tmp_path / "synthetic.npy"


def fidelity(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["fidelity", *map(str, arguments)])


def fitted(fingerprints: Path, output: Path) -> Path:
    command = ["fit", "--generator", "gaussian", "--fingerprints", str(fingerprints)]
    assert CliRunner().invoke(main, [*command, "-o", str(output)]).exit_code == 0
    return output


@pytest.mark.slow
def test_shows_the_floor_and_the_baselines(real: Path, synthetic: Path) -> None:
    result = fidelity(real, synthetic)
    assert result.exit_code == 0, result.output
    for word in ("real", "synthetic", "gaussian", "resample", "Frechet distance", "coverage"):
        assert word in result.stdout


@pytest.mark.slow
def test_writes_json_and_a_figure(real: Path, synthetic: Path, tmp_path: Path) -> None:
    for name, seed in (("train", 2), ("queries", 3), ("reference", 3)):
        np.save(tmp_path / f"{name}.npy", rows(300, seed))
    options = [f"--{name}={tmp_path / name}.npy" for name in ("train", "queries", "reference")]
    made = tmp_path / "made" / "for it"
    outputs = ["--json", made / "f.json", "--figure", made / "f.png"]
    result = fidelity(real, synthetic, *options, *outputs)
    assert result.exit_code == 0, result.output
    block = json.loads((made / "f.json").read_text())
    assert set(block["statistics"]) == {"real", "synthetic", "gaussian", "resample"}
    assert block["tracks"] == 20
    assert block["copying"]["resample"]["distance_training"] == pytest.approx(0, abs=1e-3)
    assert block["hit_rates"][0]["sizes"] == [100, 200, 400]
    assert (made / "f.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_draws_from_a_fitted_generator(real: Path, synthetic: Path, tmp_path: Path) -> None:
    generator = fitted(synthetic, tmp_path / "g.safetensors")
    result = fidelity(real, generator, "--baseline", "resample")
    assert result.exit_code == 0, result.output
    assert "synthetic" in result.stdout
    assert "gaussian" not in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("train", [True, False])
def test_real_must_not_be_the_training_data_of_the_generator(
    real: Path, synthetic: Path, tmp_path: Path, train: bool
) -> None:
    generator = fitted(real, tmp_path / "g.safetensors")
    moved = real.rename(real.with_name("moved.npz"))
    result = fidelity(moved, generator, *(["--train", synthetic] if train else []))
    assert result.exit_code == 2
    assert "g.safetensors' was fitted to REAL" in result.stderr
    assert "moved.npz' itself" in result.stderr


@pytest.mark.slow
def test_a_generator_without_a_record_is_judged(real: Path, tmp_path: Path) -> None:
    generator = fitted(real, tmp_path / "g.safetensors")
    generator.with_suffix(".json").unlink()
    result = fidelity(real, generator, "--generator", "gaussian")
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_real_must_differ_from_synthetic_and_train(
    real: Path, synthetic: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(real, tmp_path / "copy.npz"))
    for same in (real, copy):
        result = fidelity(real, same)
        assert result.exit_code == 2
        assert f"REAL '{real}' and SYNTHETIC '{same}' are the same" in result.stderr
        result = fidelity(real, synthetic, "--train", same)
        assert result.exit_code == 2
        assert f"REAL '{real}' and --train '{same}' are the same" in result.stderr


def test_impossible_outputs_are_refused_before_the_work(synthetic: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "g.json").write_text('{"generator_sha256": ""}')
    refused = {
        ("--figure", "f.jpg"): "f.jpg' cannot hold the figure",
        ("--figure", "file/f.png"): "cannot make folder",
        ("--json", "f.txt"): "f.txt' cannot hold the report",
        ("--json", "file/f.json"): "cannot make folder",
        ("--json", "g.json"): "g.json would be replaced by the JSON report",
    }
    for (option, name), message in refused.items():
        result = fidelity(tmp_path / "missing.npz", synthetic, option, tmp_path / name)
        assert result.exit_code == 2
        assert message in result.stderr
        assert "missing.npz" not in result.stderr


def test_dimensions_must_agree(real: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.ones((100, 3), dtype=np.float32))
    result = fidelity(real, tmp_path / "other.npy")
    assert result.exit_code == 2
    assert "synthetic has 3 columns" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("role", ["real", "synthetic", "train", "queries", "reference"])
def test_a_row_that_is_not_finite_is_named(tmp_path: Path, role: str) -> None:
    files = {}
    for seed, name in enumerate(("real", "synthetic", "train", "queries", "reference")):
        vectors = rows(400, seed)
        if name == role:
            vectors[5, 3] = np.inf
        files[name] = tmp_path / f"{name}.npy"
        np.save(files[name], vectors)
    options = [f"--{name}={files[name]}" for name in ("train", "queries", "reference")]
    result = fidelity(files["real"], files["synthetic"], "--track-rows", "20", *options)
    assert result.exit_code == 2
    assert f"{role}.npy': row 5 is not finite" in result.stderr


def test_no_queries_are_refused(real: Path, synthetic: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "none.npy", rows(0, 0))
    options = ["--queries", tmp_path / "none.npy", "--reference", synthetic]
    result = fidelity(real, synthetic, *options)
    assert result.exit_code == 2
    assert "none.npy' holds no queries" in result.stderr


def test_one_track_cannot_be_split(synthetic: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", rows(400, 0))
    result = fidelity(tmp_path / "one.npy", synthetic, "--track-rows", "400")
    assert result.exit_code == 2
    assert "too few to fit baselines" in result.stderr


def test_too_few_rows_are_counted(real: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "few.npy", rows(9, 1))
    result = fidelity(real, tmp_path / "few.npy")
    assert result.exit_code == 2
    assert "9 rows of synthetic, 10 needed" in result.stderr


@pytest.mark.slow
def test_json_has_no_infinity(real: Path, tmp_path: Path) -> None:
    # Copies of one point: all neighbours are equally near, so dimensions are infinite.
    np.save(tmp_path / "same.npy", np.repeat(rows(1, 1), 400, axis=0))
    result = fidelity(real, tmp_path / "same.npy", "--json", tmp_path / "f.json")
    assert result.exit_code == 0, result.output

    def refused(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    block = json.loads((tmp_path / "f.json").read_text(), parse_constant=refused)
    assert None in block["statistics"]["synthetic"]["local_dimension"]


def test_queries_need_a_reference(real: Path, synthetic: Path) -> None:
    result = fidelity(real, synthetic, "--queries", synthetic)
    assert result.exit_code == 2
    assert "go together" in result.stderr


def named_rows(path: Path, name: str, seed: int, *, probe: float = 1.0) -> Path:
    """A file of fingerprints that names its fingerprinter, as `fpbench extract` writes it."""
    identity = SystemIdentity(
        name=name,
        weights_sha256=None,
        spec={"dim": DIM},
        probe=encode_probe(np.full((1, DIM), probe, dtype=np.float32)),
    )
    system = np.array(json.dumps(asdict(identity)))
    np.savez(path, vectors=rows(400, seed), track=np.arange(400) // 20, system=system)
    return path


@pytest.mark.slow
def test_a_generator_of_another_system_is_refused(tmp_path: Path) -> None:
    ours = named_rows(tmp_path / "ours.npz", "ours", 0)
    more = named_rows(tmp_path / "more.npz", "ours", 1)
    theirs = named_rows(tmp_path / "theirs.npz", "theirs", 2, probe=-1.0)
    generator = fitted(more, tmp_path / "g.safetensors")
    assert "ours" in json.loads((tmp_path / "g.json").read_text())["system"]
    assert fidelity(ours, generator).exit_code == 0
    refused = fidelity(theirs, generator)
    assert refused.exit_code == 2
    assert "was fitted to fingerprints of ours" in refused.stderr
    assert "these are of theirs" in refused.stderr
    assert fidelity(theirs, generator, "--foreign-generator").exit_code == 0


@pytest.mark.slow
def test_fingerprints_of_two_systems_are_refused(tmp_path: Path, synthetic: Path) -> None:
    ours = named_rows(tmp_path / "ours.npz", "ours", 0)
    theirs = named_rows(tmp_path / "theirs.npz", "theirs", 2, probe=-1.0)
    options = (["--train", theirs], ["--queries", ours, "--reference", theirs])
    refused = [fidelity(ours, synthetic, *each) for each in options] + [fidelity(ours, theirs)]
    for result in refused:
        assert result.exit_code == 2
        assert "holds fingerprints of theirs" in result.stderr
        assert f"'{ours}' of ours" in result.stderr


@pytest.mark.slow
def test_fingerprints_far_from_real_ones_are_marked(real: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "far.npy", np.abs(rows(400, 1)))
    result = fidelity(real, tmp_path / "far.npy")
    assert "synthetic is unlike real fingerprints: its Frechet distance is " in result.stdout


def test_a_fit_to_fingerprints_without_a_system_warns(
    synthetic: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fitted(synthetic, tmp_path / "g.safetensors")
    assert "synthetic.npy does not name its fingerprinter" in caplog.text
