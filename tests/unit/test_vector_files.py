"""Files of fingerprints are read as what they are, or refused by name."""

from pathlib import Path

import numpy as np
import pytest

from fpbench.errors import FpbenchError
from fpbench.vector_files import read_vectors, resumable_file

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def write(path: Path, rows: np.ndarray = ROWS, key: str = "k") -> None:
    with resumable_file(path, rows=len(rows), dim=3, key=key, chunk_rows=2) as file:
        file.append(rows[file.rows :])


def interrupted(path: Path, rows: np.ndarray, key: str) -> None:
    with resumable_file(path, rows=4, dim=3, key=key, chunk_rows=2) as file:
        file.append(rows)
        raise KeyboardInterrupt


@pytest.mark.parametrize("suffix", [".npy", ".mm", ".fbin"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"a{suffix}")
    file = read_vectors(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(file.vectors, ROWS)
    assert file.tracks is None


@pytest.mark.parametrize("suffix", [".npy", ".mm", ".fbin"])
def test_no_rows_are_a_file_too(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"a{suffix}", ROWS[:0])
    assert read_vectors(tmp_path / f"a{suffix}").vectors.shape == (0, 3)


def test_npz_knows_its_tracks(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", vectors=ROWS, track=np.array([0, 0, 1, 1]))
    tracks = read_vectors(tmp_path / "a.npz").tracks
    assert tracks is not None
    assert tracks.tolist() == [0, 0, 1, 1]


def test_float64_becomes_float32(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ROWS.astype(np.float64))
    assert read_vectors(tmp_path / "a.npy").vectors.dtype == np.float32


def test_an_interrupted_attempt_goes_on_after_its_last_whole_chunk(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, ROWS[:3], key="k")
    assert not path.exists()
    with resumable_file(path, rows=4, dim=3, key="k", chunk_rows=2) as file:
        assert file.rows == 2
        file.append(ROWS[2:])
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


def test_an_attempt_at_something_else_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "a.fbin"
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, ROWS, key="one")
    with resumable_file(path, rows=4, dim=3, key="other", chunk_rows=2) as file:
        assert file.rows == 0
        file.append(-ROWS)
    np.testing.assert_array_equal(read_vectors(path).vectors, -ROWS)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        pytest.param("a.txt", b"", "no file of fingerprints", id="unknown suffix"),
        pytest.param("a.npy", None, "there is no", id="missing"),
        pytest.param("a.npy", b"\x93NUMPY", "cannot read", id="cut in the header"),
        pytest.param("a.fbin", b"\x04\0\0\0\x03\0\0\0" + b"\0" * 40, "needs 56", id="cut in rows"),
        pytest.param("a.mm", b"\0" * 12, "cannot read", id="no shape file"),
        pytest.param("a.npz", b"PK", "cannot read", id="no archive"),
    ],
)
def test_damaged_files_are_refused(
    tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FpbenchError, match=complaint):
        read_vectors(tmp_path / name)


def test_whole_numbers_are_no_fingerprints(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((3, 3), dtype=np.int64))
    with pytest.raises(FpbenchError, match="not float rows"):
        read_vectors(tmp_path / "a.npy")


def test_the_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot write"):
        write(tmp_path / "none" / "a.npy")
