"""Small matrices as the authors' tools write them, and a run of a protocol on them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main


@pytest.fixture(scope="session")
def matrices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 rows of a reference, the same with noise as queries, and 60 distractors."""
    folder = tmp_path_factory.mktemp("matrices")
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((100, 8)).astype(np.float32)
    noisy = rows[:40] + 0.8 * rng.standard_normal((40, 8)).astype(np.float32)
    for name, part in (("db", rows[:40]), ("query", noisy), ("dummy_db", rows[40:])):
        unit = part / np.linalg.norm(part, axis=1, keepdims=True)
        unit.tofile(folder / f"{name}.mm")
        np.save(folder / f"{name}_shape.npy", unit.shape)
    return folder


@pytest.fixture
def run(tmp_path: Path, matrices: Path) -> Callable[..., Result]:
    """`fpbench run` on them, with a result in `out` and any arguments."""

    def invoke(*typed: object, folder: Path = matrices) -> Result:
        command = ["run", "--dataset", f"embeddings:{folder}", "--cache", tmp_path / "cache"]
        command += ["--out", tmp_path / "out" / "result.json", *typed]
        return CliRunner().invoke(main, [str(part) for part in command])

    return invoke
