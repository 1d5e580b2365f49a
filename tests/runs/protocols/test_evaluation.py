"""A protocol searches among the distractors that there are, and refuses to if there are none."""

from pathlib import Path

import numpy as np
import pytest

import fpbench


def evaluate(folder: Path, distractors: str) -> fpbench.Result:
    return fpbench.run(
        dataset=f"embeddings:{folder}",
        protocol="nafp",
        indexes="l2",
        query_lengths_s=[1],
        distractors=distractors,  # type: ignore[arg-type]
        cache=folder / "cache",
        progress=False,
    )


@pytest.mark.slow
def test_distractors_that_are_absent_must_not_be_wanted(tmp_path: Path) -> None:
    for name in ("query", "db"):
        np.save(tmp_path / f"{name}.npy", np.eye(8, dtype=np.float32))
    with pytest.raises(fpbench.FpbenchError, match="has no distractors"):
        evaluate(tmp_path, "real")
    assert evaluate(tmp_path, "none").curves[0].points[0].n_distractors == 0
