"""A run is one of fpbench's own unless its config names a protocol."""

from pathlib import Path

import numpy as np
import pytest

import fpbench


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
