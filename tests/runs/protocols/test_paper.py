"""Exact starts are asked for where queries are not stretched; parts of the distractors repeat."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.evidence.protocol_evidence import read_protocol_evidence
from fpbench.results.files import read_result
from fpbench.runs.protocols.paper import count_hits
from fpbench_plugins.faiss_indexes.blocks import FaissBlockIndex

STARTS = np.array([[[10]], [[14]], [[15]]])
TRUTH = np.array([10, 10, 10])


@pytest.mark.parametrize(
    ("tempo", "given", "hits"),
    [
        pytest.param(
            1.0,
            None,
            {("right", "top1_exact"): [1, 0, 0], ("official", "top1_within_4"): [1, 1, 0]},
            id="the driver's tolerance",
        ),
        pytest.param(1.0, 1.0, {("both", "top1_exact"): [1, 0, 0]}, id="a given tempo of 1"),
        pytest.param(1.25, None, {("both", "top1_within_4"): [1, 1, 0]}, id="stretched"),
    ],
)
def test_the_tempo_decides_how_near_a_start_must_be(
    tempo: float, given: float | None, hits: dict[tuple[str, str], list[int]]
) -> None:
    found = count_hits(STARTS, TRUTH, tempo, given)
    assert {key: each[:, 0].astype(int).tolist() for key, each in found.items()} == hits


@pytest.mark.slow
def test_parts_of_the_distractors_are_drawn_anew(
    tmp_path: Path, run: Callable[..., Result]
) -> None:
    options = ("--protocol", "paper", "--index", "l2", "--sizes", "5,100")
    shown = run(*options, "--protocol-set", "repeats=3")
    assert shown.exit_code == 0, shown.output
    out = tmp_path / "out" / "result.json"
    result = read_result(out)
    assert [(p.n_distractors, p.repeats) for p in result.curves[0].points] == [(5, 3), (60, 1)]
    evidence = read_protocol_evidence(out.with_name("result.l2.real.npz"))
    assert evidence.sizes.tolist() == [5, 5, 5, 60]
    assert not (evidence.scores[0] == evidence.scores[1]).all()
    # All of the distractors never match better than a part of them does.
    assert result.curves[0].points[1].value <= result.curves[0].points[0].value + 1e-9
    assert CliRunner().invoke(main, ["validate", str(out)]).exit_code == 0


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each training of an index, as they come."""
    counts: list[int] = []
    train = FaissBlockIndex.train

    def count(index: FaissBlockIndex, vectors: np.ndarray) -> None:
        counts.append(len(vectors))
        train(index, vectors)

    monkeypatch.setattr(FaissBlockIndex, "train", count)
    return counts


@pytest.mark.slow
def test_one_training_on_all_distractors_serves_all_parts(
    tmp_path: Path, run: Callable[..., Result], trained: list[int]
) -> None:
    options = tmp_path / "run.toml"
    options.write_text('index_options.ivf = { nlist = "4", nprobe = "4" }')
    typed = ("--protocol", "paper", "--index", "ivf", "--config", options, "--sizes", "20,30")
    assert run(*typed, "--protocol-set", "retrain=no").exit_code == 0
    assert trained == [60]
    trained.clear()
    assert run(*typed, "--protocol-set", "repeats=2").exit_code == 0
    assert trained == [20, 20, 30, 30]


@pytest.mark.slow
def test_an_index_is_trained_for_every_repeat(
    tmp_path: Path, run: Callable[..., Result], trained: list[int]
) -> None:
    """Also where an index is at the place in memory of an earlier one."""
    options = tmp_path / "run.toml"
    options.write_text('index_options.ivf = { nlist = "4", nprobe = "4" }')
    typed = ("--protocol", "paper", "--index", "ivf", "--config", options, "--sizes", "20")
    assert run(*typed, "--protocol-set", "repeats=8").exit_code == 0
    assert trained == [20] * 8


SYNTHETIC = ("--protocol", "paper", "--distractors", "synthetic", "--generator", "gaussian")


@pytest.mark.slow
def test_synthetic_distractors_are_drawn_afresh_for_each_repeat(
    tmp_path: Path, run: Callable[..., Result], thousand_embeddings: Path
) -> None:
    typed = (*SYNTHETIC, "--index", "l2", "--sizes", "50,400", "--protocol-set", "repeats=3")
    shown = run(*typed, folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    assert "l2, 400 synthetic distractors" in shown.stdout
    assert "synthetic distractors are drawn by gaussian" in shown.stdout
    out = tmp_path / "out" / "result.json"
    result = read_result(out)
    assert [(p.n_distractors, p.repeats) for p in result.curves[0].points] == [(50, 3), (400, 3)]
    assert result.curves[0].distractors == "synthetic"
    assert result.protocol is not None
    assert not result.protocol.warnings  # single fingerprints are what it asks for
    evidence = read_protocol_evidence(out.with_name("result.l2.synthetic.npz"))
    assert evidence.sizes.tolist() == [50, 50, 50, 400, 400, 400]
    best = evidence.scores[:, :, 0, 0]
    assert not (best[0] == best[1]).all()
    assert (best[3:] >= best[:3]).all()  # the first rows of a repeat are its smaller database
    checked = CliRunner().invoke(main, ["validate", str(out)])
    assert checked.exit_code == 0, checked.output
    before = out.with_name("result.l2.synthetic.npz").read_bytes()
    again = run(*typed, folder=thousand_embeddings)
    assert again.exit_code == 0, again.output
    assert out.with_name("result.l2.synthetic.npz").read_bytes() == before


@pytest.mark.slow
def test_one_quantiser_serves_all_synthetic_repeats(
    tmp_path: Path,
    run: Callable[..., Result],
    thousand_embeddings: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained: list[int] = []
    searched: list[int] = []
    train, fill = FaissBlockIndex.train, FaissBlockIndex.search

    def count(index: FaissBlockIndex, vectors: np.ndarray) -> None:
        trained.append(len(vectors))
        train(index, vectors)

    def search(index: FaissBlockIndex, queries: Any, block: Any, k: int) -> Any:
        rows = [*block]
        searched.append(sum(map(len, rows)))
        return fill(index, queries, iter(rows), k)

    monkeypatch.setattr(FaissBlockIndex, "train", count)
    monkeypatch.setattr(FaissBlockIndex, "search", search)
    options = tmp_path / "run.toml"
    options.write_text('index_options.ivf = { nlist = "4", nprobe = "4" }')
    typed = (*SYNTHETIC, "--index", "ivf", "--config", options, "--sizes", "300,2000")
    typed = (*typed, "--protocol-set", "repeats=2")
    assert run(*typed, folder=thousand_embeddings).exit_code == 0
    # An index with 4 lists needs 1024 rows, which are chosen among all.
    assert trained == [300, 1024, 300, 1024]
    assert searched == [300, 60, 300, 1700, 60] * 2
    trained.clear()
    searched.clear()
    shown = run(*typed, "--protocol-set", "retrain=no", folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    assert trained == [1024]
    assert searched == [300, 60, 1700] * 2  # one pass gives both sizes
    result = read_result(tmp_path / "out" / "result.json")
    assert result.indexes[0].trained_on == 1024


def test_queries_of_several_fingerprints_are_refused(run: Callable[..., Result]) -> None:
    shown = run("--protocol", "paper", "--query-lengths", "1,2")
    assert shown.exit_code == 2
    assert "queries of one fingerprint, not [1, 3]" in shown.stderr


def test_a_tempo_that_leads_beyond_the_reference_is_refused(run: Callable[..., Result]) -> None:
    shown = run("--protocol", "paper", "--index", "l2", "--protocol-set", "tempo=2")
    assert shown.exit_code == 2
    assert "is of row 76 of 40 rows" in shown.stderr
