"""A changed file of fingerprints is read, or refused by name."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from mutations import Draw, for_examples, mutate_arrays, mutate_bytes, read_or_refuse

from fpbench.fingerprints.files import read_vectors, refuse_not_finite

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def use(path: Path) -> None:
    """Read fingerprints, and all of their values."""
    file = read_vectors(path)
    refuse_not_finite(file.vectors, path)


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz() -> bytes:
    content = io.BytesIO()
    np.savez(content, vectors=ROWS, track=np.arange(4), silent=np.zeros(4, bool))
    return content.getvalue()


@pytest.mark.parametrize("suffix", [".npy", ".fbin", ".npz", ".mm"])
def test_a_changed_file_is_read_or_refused(
    examples: int,
    tmp_path: Path,
    suffix: str,
) -> None:
    path, shape = tmp_path / f"changed{suffix}", tmp_path / "changed_shape.npy"
    fbin = np.array([4, 3], "<i4").tobytes() + ROWS.tobytes()
    content = {".npy": npy(ROWS), ".fbin": fbin, ".npz": npz(), ".mm": ROWS.tobytes()}[suffix]

    @for_examples(examples)
    def check(data: Draw) -> None:
        mutate = mutate_arrays if suffix == ".npz" and data.draw(st.booleans()) else mutate_bytes
        in_shape = suffix == ".mm" and data.draw(st.booleans())
        path.write_bytes(content if in_shape else mutate(data, content))
        sizes = npy(np.array([4, 3]))
        shape.write_bytes(mutate_bytes(data, sizes) if in_shape else sizes)
        read_or_refuse(use, path)
