"""Queries that the database does not hold are impostors, whose evidence is kept."""

from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence, write_evidence

DIM, ROWS = 16, 200


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty queries of ten tracks; ten more rows, of which five are near the reference."""
    rng = np.random.default_rng(0)
    reference = unit(rng.standard_normal((ROWS, DIM)))
    known = unit(reference[:40] + 0.02 * rng.standard_normal((40, DIM)))
    near = unit(reference[100:105] + 0.001 * rng.standard_normal((5, DIM)))
    far = unit(rng.standard_normal((5, DIM)))
    folder = tmp_path / "emb"
    folder.mkdir()
    np.save(folder / "query.npy", np.concatenate([known, near, far]))
    np.save(folder / "db.npy", reference)
    np.save(folder / "dummy_db.npy", unit(rng.standard_normal((ROWS, DIM))))
    lines = ["file,track,start_s"]
    lines += [f"query,t{i // 4},{i % 4 / 2}" for i in range(40)] + ["query,none,"] * 10
    lines += [f"db,t{i // 4},{i % 4 / 2}" for i in range(ROWS)]
    lines += [f"dummy_db,d{i // 4},{i % 4 / 2}" for i in range(ROWS)]
    (folder / "tracks.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_rows_without_a_track_count_as_false_accepts(folder: Path, tmp_path: Path) -> None:
    result = fpbench.run(
        dataset=f"embeddings:{folder}",
        distractors="real",
        sizes=[100, 200],
        out=tmp_path / "r.json",
        cache=tmp_path / "cache",
        progress=False,
    )
    assert (result.queries.n, result.queries.without_match, result.queries.absent) == (40, 10, 10)
    (block,) = (
        one for one in result.false_accepts if (one.tolerance_s, one.n_distractors) == (None, 200)
    )
    assert block.absent is not None
    assert (block.absent.queries, block.absent.recordings) == (10, 10)
    # Five of ten score higher than every match: no threshold accepts few of them and many matches.
    assert block.absent.equal_error_rate.value >= 0.25
    # Of all fifty trials they are a tenth.
    assert block.equal_error_rate.value < 0.15
    path = tmp_path / result.evidence[0].file
    evidence = read_evidence(path)
    assert isinstance(evidence, Evidence)
    assert evidence.absent is not None
    assert len(evidence.query_track) == 40
    assert (evidence.absent.foreign_score[:5] > 0.99).all()  # type: ignore[index]
    assert evidence.absent.queries == {"row": list(range(40, 50))}
    write_evidence(tmp_path / "again.npz", evidence)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()
    assert fpbench.validate(result) == []


@pytest.mark.slow
def test_matches_below_every_threshold_leave_nothing_to_simulate_for_absent_queries(
    folder: Path, tmp_path: Path
) -> None:
    queries, reference = (np.load(folder / name) for name in ("query.npy", "db.npy"))
    queries[:40] = -reference[:40]
    np.save(folder / "query.npy", queries)
    lines = ["file,track,start_s", *(f"query,t{i},0" for i in range(40)), *["query,none,"] * 10]
    lines += [f"db,t{i},0" for i in range(ROWS)] + [f"dummy_db,d{i},0" for i in range(ROWS)]
    (folder / "tracks.csv").write_text("\n".join(lines) + "\n")
    result = fpbench.run(
        dataset=f"embeddings:{folder}",
        distractors="synthetic",
        generator="gaussian",
        sizes=[100, 200],
        beyond=[1_000],
        out=tmp_path / "r.json",
        cache=tmp_path / "cache",
        progress=False,
    )
    assert result.queries.absent == 10
    assert {one.found for one in result.false_accepts} == {"searched"}
    assert fpbench.validate(result) == []
