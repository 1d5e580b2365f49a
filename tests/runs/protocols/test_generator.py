"""The generator of a protocol is that of a plain run, and its draws are searched as a file is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench import Settings
from fpbench.cli import main
from fpbench.evidence.protocol_evidence import read_protocol_evidence
from fpbench.generators.files import load_generator
from fpbench.hashing import file_sha256
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.generators import TrackGenerator
from fpbench.results.files import read_result
from fpbench.search.distractors import SyntheticDistractors
from fpbench.search.track_distractors import TrackDistractors

Run = Callable[..., Result]


@pytest.mark.slow
def test_fit_and_fidelity_are_those_of_a_run_without_a_protocol(
    tmp_path: Path, run: Run, thousand_embeddings: Path
) -> None:
    typed = ("--distractors", "synthetic", "--generator", "gaussian", "--sizes", "100")
    plain_path = tmp_path / "plain.json"
    command = ["run", "--dataset", f"embeddings:{thousand_embeddings}", *typed]
    command += ["--cache", str(tmp_path / "cache"), "--out", str(plain_path)]
    assert CliRunner().invoke(main, command).exit_code == 0
    shown = run("--protocol", "paper", "--index", "l2", *typed, folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    plain = read_result(plain_path)
    by_protocol = read_result(tmp_path / "out" / "result.json")
    assert by_protocol.generator == plain.generator
    assert by_protocol.fidelity == plain.fidelity


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "gaussian-tracks"])
@pytest.mark.parametrize("index", ["l2", "hnsw"])
def test_draws_give_the_hits_of_a_file_of_them(
    tmp_path: Path, run: Run, thousand_embeddings: Path, name: str, index: str
) -> None:
    protocol = ("--protocol", "nafp", "--query-lengths", "1,2,3", "--index", index)
    synthetic = ("--distractors", "synthetic", "--generator", name, "--sizes", "70,12000")
    shown = run(*protocol, *synthetic, folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    out = tmp_path / "out" / "result.json"
    drawn = read_protocol_evidence(out.with_name(f"result.{index}.synthetic.npz"))

    found = read_result(out)
    assert found.generator is not None
    (file,) = (
        path
        for path in (tmp_path / "cache").rglob("*.safetensors")
        if file_sha256(path) == found.generator.weights_sha256
    )
    assert found.generator.name == name
    generator = load_generator(file, Catalog.load(), Settings(), name)
    source = (
        TrackDistractors(generator, name, 0, length=1)
        if isinstance(generator, TrackGenerator)
        else SyntheticDistractors(generator, name, 0)
    )
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in ("query", "db"):
        for suffix in (".mm", "_shape.npy"):
            content = (thousand_embeddings / f"{part}{suffix}").read_bytes()
            (copy / f"{part}{suffix}").write_bytes(content)
    rows = np.concatenate(list(source.rows(0, 12_000)))
    rows.tofile(copy / "dummy_db.mm")
    np.save(copy / "dummy_db_shape.npy", rows.shape)
    shown = run(*protocol, "--sizes", "70,12000", folder=copy)
    assert shown.exit_code == 0, shown.output
    real = read_protocol_evidence(out.with_name(f"result.{index}.real.npz"))
    for field in ("starts", "scores", "candidates", "truth"):
        np.testing.assert_array_equal(getattr(drawn, field), getattr(real, field))


@pytest.mark.slow
def test_a_generator_is_judged_with_stretched_queries_where_the_tempo_says(
    tmp_path: Path, run: Run, thousand_embeddings: Path
) -> None:
    rows = np.fromfile(thousand_embeddings / "dummy_db.mm", dtype=np.float32).reshape(1000, 8)
    noise = np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32)
    query = rows[:60:2] + np.float32(0.1) * noise
    stretched = tmp_path / "stretched"
    stretched.mkdir()
    for name, part in (("db", rows[:60]), ("query", query), ("dummy_db", rows[60:])):
        (part / np.linalg.norm(part, axis=1, keepdims=True)).tofile(stretched / f"{name}.mm")
        np.save(stretched / f"{name}_shape.npy", part.shape)
    typed = ("--protocol", "paper", "--index", "l2", "--distractors", "synthetic")
    shown = run(*typed, "--generator", "gaussian", "--sizes", "100", folder=stretched)
    assert shown.exit_code == 0, shown.output
    result = read_result(tmp_path / "out" / "result.json")
    assert result.fidelity is not None
    (rates,) = (one for one in result.fidelity.tables() if one.metric == "hr@1")
    assert rates.hit_rate["real"][0] > 0.8
    assert result.curves[0].points[0].value > 0.8
