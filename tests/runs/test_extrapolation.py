"""What a run refuses to extrapolate, before and after its work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench import FpbenchError
from fpbench.results.files import read_result
from fpbench.runs.config import RunConfig
from fpbench.runs.extrapolation import extrapolation_needs


@pytest.fixture
def embeddings(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of embeddings: 40 queries, and so many distractors."""

    def make(distractors: int, *, length: float = 1.0, of_distractors: float = 1.0) -> Path:
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((40 + distractors, 8)).astype(np.float32)
        rows *= length / np.linalg.norm(rows, axis=1, keepdims=True)
        rows[40:] *= of_distractors
        for name, part in {"db": rows[:40], "query": rows[:40], "dummy_db": rows[40:]}.items():
            np.save(tmp_path / f"{name}.npy", part)
        return tmp_path

    return make


def run(folder: Path, **changes: object) -> Path:
    out = folder / "result.json"
    fields = {"distractors": "real", "sizes": [100_000], "beyond": [10**6], "queries": 40}
    fields |= {"out": out, "cache": folder / "cache", "progress": False, **changes}
    fpbench.run(dataset=f"embeddings:{folder}", **fields)  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sizes": [500]}, "500 distractors are fewer than 100 k"),
        ({}, "1 k distractors are fewer than 100 k"),
        ({"sizes": [10**6], "beyond": [10**9]}, "1 k distractors are fewer"),
    ],
    ids=["sizes", "distractors", "both"],
)
def test_too_few_distractors_are_refused_before_the_work(
    changes: dict[str, object], words: str, embeddings: Callable[..., Path]
) -> None:
    folder = embeddings(1_000)
    with pytest.raises(FpbenchError, match=words):
        run(folder, **changes)
    assert not (folder / "result.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [{"length": 1.5}, {"of_distractors": 3.0}], ids=str)
def test_rows_that_are_not_of_length_1_are_refused_with_the_reason(
    embeddings: Callable[..., Path], lengths: dict[str, float]
) -> None:
    result = read_result(run(embeddings(100_000, **lengths)))
    assert {info.refused for info in result.extrapolations} == {
        "fingerprints do not have the length 1"
    }
    assert {point.found for curve in result.curves for point in curve.points} == {"searched"}


def test_the_plan_foresees_what_may_be_extrapolated(config: RunConfig) -> None:
    assert extrapolation_needs(config, 100) == []
    (need,) = extrapolation_needs(replace(config, beyond=(10**6,)), 100)
    assert need.seconds > 0
