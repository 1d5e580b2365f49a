"""A run is one of fpbench's own unless its config names a protocol."""

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.progress_display import hide_progress
from fpbench.runs.config import RunConfig
from fpbench.runs.execution import execute
from fpbench.runs.prepare import prepare


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [None, "nafp"])
def test_the_config_decides(tmp_path: Path, protocol: str | None) -> None:
    rows = np.eye(16, dtype=np.float32)
    for name in ("query", "db", "dummy_db"):
        np.save(tmp_path / f"{name}.npy", rows if name != "dummy_db" else -rows)
    result = fpbench.run(
        dataset=f"embeddings:{tmp_path}",
        protocol=protocol,
        query_lengths_s=None if protocol is None else [1, 2],
        distractors="real",
        indexes="exact",
        duplicates="keep",
        cache=tmp_path / "cache",
        progress=False,
    )
    assert (result.protocol is None) == (protocol is None)
    lengths = {curve.query_length_s for curve in result.curves}
    assert lengths == ({1.0} if protocol is None else {1.0, 2.0})


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [None, "nafp"])
def test_fingerprints_that_change_during_a_run_give_no_number(
    tmp_path: Path, protocol: str | None
) -> None:
    """A run reads them where they lie, so that another file under the name is another one."""
    rows = np.eye(16, dtype=np.float32)
    for name in ("query", "db", "dummy_db"):
        np.save(tmp_path / f"{name}.npy", rows if name != "dummy_db" else -rows)
    store = Store(tmp_path / "cache")
    config = RunConfig(
        dataset=f"embeddings:{tmp_path}",
        protocol=protocol,
        query_lengths_s=() if protocol is None else (1.0, 2.0),
        distractors="real",
        indexes=("exact",),
    )
    prepared = prepare(config, Catalog.load(), store, hide_progress)

    def rewrite(title: str) -> AbstractContextManager[Report]:
        (tmp_path / "dummy_db.npy").write_bytes((tmp_path / "dummy_db.npy").read_bytes())
        return hide_progress(title)

    with pytest.raises(FpbenchError, match=r"dummy_db\.npy' has changed since it was opened"):
        execute(prepared, tmp_path / "out" / "run.json", "fpbench run", rewrite)
    assert not list(store.root.rglob("*.npz"))
    assert not (tmp_path / "out" / "run.json").exists()
