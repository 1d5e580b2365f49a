"""`fpbench fidelity` compares tracks."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.plugin.systems import SystemIdentity, encode_probe

DIM, TRACKS, ROWS = 6, 24, 20
SPEC = {"dim": DIM, "segment_s": 1.0, "hop_s": 0.5}


def write_tracks(path: Path, seed: int, *, noise: float = 0.0) -> Path:
    """Tracks of fingerprints that are like those before, as `fpbench extract` writes them."""
    rng = np.random.default_rng(seed)
    walk = rng.standard_normal((TRACKS, ROWS, DIM))
    for row in range(1, ROWS):
        walk[:, row] = 0.8 * walk[:, row - 1] + 0.6 * walk[:, row]
    walk += noise * np.random.default_rng(seed + 100).standard_normal(walk.shape)
    vectors = walk.reshape(-1, DIM).astype(np.float32)
    identity = SystemIdentity(
        name="walks",
        weights_sha256=None,
        spec=SPEC,
        probe=encode_probe(np.ones((1, DIM), dtype=np.float32)),
    )
    np.savez(
        path,
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        track=np.repeat(np.arange(TRACKS), ROWS),
        system=np.array(json.dumps(asdict(identity))),
    )
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tracks")
    files = {
        name: write_tracks(folder / f"{name}.npz", seed)
        for seed, name in enumerate(("real", "train", "reference"))
    }
    files["queries"] = write_tracks(folder / "queries.npz", 2, noise=0.5)
    files["generator"] = folder / "tracks.safetensors"
    command = ["fit", "--generator", "gaussian-tracks", "--fingerprints", str(files["train"])]
    assert CliRunner().invoke(main, [*command, "-o", str(files["generator"])]).exit_code == 0
    files["synthetic"] = folder / "synthetic.npz"
    command = ["generate", str(files["generator"]), "--tracks", "-n", "480"]
    assert CliRunner().invoke(main, [*command, "-o", str(files["synthetic"])]).exit_code == 0
    return files


def fidelity(files: dict[str, Path], synthetic: str, *arguments: str) -> Result:
    given = ["fidelity", files["real"], files[synthetic], *arguments]
    return CliRunner().invoke(main, [str(each) for each in given])


def asked(files: dict[str, Path]) -> list[str]:
    return [f"--queries={files['queries']}", f"--reference={files['reference']}"]


def test_a_generator_of_tracks_is_compared_by_lag(files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "f.json"
    result = fidelity(files, "generator", f"--json={out}")
    assert result.exit_code == 0, result.output
    assert "similarity in a track, by lag" in result.stdout
    sequences = json.loads(out.read_text())["sequences"]
    assert sequences["lags_s"][:2] == [0.5, 1.0]
    names = ["real", "synthetic", "synthetic, independent", "gaussian", "resample", "resample-runs"]
    assert sorted(sequences["similarity"]) == sorted(names)
    own, alone = (sequences["similarity"][name][0] for name in names[1:3])
    assert own == pytest.approx(sequences["similarity"]["real"][0], abs=0.15)
    assert abs(alone) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("synthetic", ["generator", "synthetic"])
def test_longer_queries_are_searched_among_runs(
    files: dict[str, Path], tmp_path: Path, synthetic: str
) -> None:
    out = tmp_path / "f.json"
    options = ["--query-length=3", f"--train={files['train']}", f"--json={out}"]
    result = fidelity(files, synthetic, *asked(files), *options)
    assert result.exit_code == 0, result.output
    report = json.loads(out.read_text())
    (shorter,) = report["sequences"]["shorter"]
    assert (shorter["segments"], shorter["length_s"]) == (1, 1.0)
    rates = report["hit_rates"][0]
    assert rates["sizes"][-1] == TRACKS * (ROWS - 5 + 1)
    assert {"synthetic", "gaussian", "resample-runs"} <= set(rates["gap"])
    longer, single = (each["hit_rate"]["real"][-1] for each in (rates, shorter["hit_rates"]))
    assert longer > single


def test_longer_queries_need_tracks_everywhere(files: dict[str, Path], tmp_path: Path) -> None:
    with np.load(files["train"]) as arrays:
        np.save(tmp_path / "rows.npy", arrays["vectors"])
    alone = files | {"synthetic": tmp_path / "rows.npy"}
    refused = fidelity(alone, "synthetic", *asked(files), "--query-length=3")
    assert refused.exit_code == 2
    assert "holds single fingerprints, not tracks" in refused.stderr
    unknown = files | {"reference": tmp_path / "rows.npy"}
    refused = fidelity(files, "generator", *asked(unknown), "--query-length=3")
    assert refused.exit_code == 2
    assert "do not both say where tracks end" in refused.stderr
    refused = fidelity(files, "generator", "--query-length=3")
    assert refused.exit_code == 2
    assert "but there are none" in refused.stderr
