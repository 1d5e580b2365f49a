"""The licence of weights is that of their file."""

from pathlib import Path

import numpy as np
import pytest

from fpbench.encoders.weights import WeightsInfo, write_weights
from fpbench.runs.declarations import read_licence


@pytest.mark.parametrize("licence", ["CC BY 4.0", None])
def test_it_is_read_from_a_file_of_fpbench(tmp_path: Path, licence: str | None) -> None:
    path = tmp_path / "w.safetensors"
    info = WeightsInfo(fingerprinter="nafp", config={}, source="test", licence=licence)
    write_weights(path, {"a": np.zeros(2, dtype=np.float32)}, info)
    assert read_licence(path) == licence


def test_a_file_of_another_kind_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"\x80\x02")
    assert read_licence(path) is None
