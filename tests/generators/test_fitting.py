"""A fit writes a generator and its record, and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings, TrackGenerator
from fpbench.generators.files import FitRecord, load_generator
from fpbench.generators.fitting import fit_baseline, fit_generator
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report


@pytest.fixture
def real(rng: np.random.Generator) -> np.ndarray:
    vectors = rng.standard_normal((60, 4)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def silence(done: float, words: str) -> None:
    """Ignore progress."""


def fit(real: np.ndarray, out: Path, name: str = "gaussian", report: Report = silence) -> FitRecord:
    source = out.with_name("real.npy")
    np.save(source, real)
    return fit_generator(
        name,
        real,
        out,
        source=source,
        catalog=Catalog.load(),
        settings=Settings(seed=4, options={"project": "false"} if name == "gaussian" else {}),
        report=report,
    )


@pytest.mark.slow
def test_writes_a_generator_and_its_record(real: np.ndarray, tmp_path: Path) -> None:
    out = tmp_path / "g.safetensors"
    record = fit(real, out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.json", "g.safetensors", "real.npy"]
    assert json.loads((tmp_path / "g.json").read_text())["generator"] == "gaussian"
    assert (record.seed, record.rows, record.dim) == (4, 60, 4)
    assert record.settings == {"project": "false"}
    assert record.generator_sha256 == file_sha256(out)
    assert record.fingerprints_sha256 == file_sha256(tmp_path / "real.npy")
    assert load_generator(out, Catalog.load(), Settings()).dim == 4


@pytest.mark.slow
def test_an_existing_other_file_is_refused_before_the_fit(real: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"g\.pt' cannot hold a generator"):
        fit(real, tmp_path / "g.pt")
    (tmp_path / "g.json").write_text("[]")
    with pytest.raises(FpbenchError, match="would be replaced by the record of this fit"):
        fit(real, tmp_path / "g.safetensors")
    assert not list(tmp_path.glob("*.work"))


def test_a_baseline_writes_no_file(real: np.ndarray) -> None:
    generator = fit_baseline("resample", real, catalog=Catalog.load(), seed=0)
    drawn = generator.draw(5, np.random.default_rng(0))
    assert {row.tobytes() for row in drawn} <= {row.tobytes() for row in real}


def test_a_generator_of_tracks_is_told_where_they_end(real: np.ndarray) -> None:
    stretches = np.repeat(np.arange(6), 10)
    fitted = fit_baseline("resample-runs", real, stretches, catalog=Catalog.load(), seed=0)
    assert isinstance(fitted, TrackGenerator)
    assert fitted.track_lengths.tolist() == 6 * [10]
    with pytest.raises(FpbenchError, match="'resample-runs' learns from tracks, but") as refused:
        fit_baseline("resample-runs", real, catalog=Catalog.load(), seed=0)
    assert "fpbench extract" in str(refused.value.hint)


@pytest.mark.slow
def test_an_interrupted_save_leaves_no_record_or_curves_of_another_fit(
    real: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "g.safetensors"
    fit(real, out)
    (tmp_path / "g.png").touch()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fpbench.generators.fitting.write_record", kill)
        with pytest.raises(KeyboardInterrupt):
            fit(-2 * real, out)
    assert sorted(p.name for p in tmp_path.glob("g.*")) == ["g.safetensors", "g.safetensors.work"]
    fit(-2 * real, out)
    assert sorted(p.name for p in tmp_path.glob("g.*")) == ["g.json", "g.safetensors"]
