"""Files of fingerprints are read as what they are, or refused by name."""

import errno
import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fpbench.errors import FpbenchError
from fpbench.fingerprints.files import read_vectors, refuse_not_finite, resumable_file

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


def test_a_row_that_is_left_out_ends_a_stretch(tmp_path: Path) -> None:
    silent = np.arange(len(ROWS)) == 1
    np.savez(tmp_path / "a.npz", vectors=ROWS, track=np.zeros(len(ROWS), int), silent=silent)
    stretches = read_vectors(tmp_path / "a.npz").stretches
    assert stretches is not None
    assert stretches.tolist() == [0, *[1] * (len(ROWS) - 2)]


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


@pytest.mark.parametrize(
    ("place", "kept"),
    [pytest.param(0, 0, id="header"), pytest.param(128 + 30, 2, id="second chunk")],
)
def test_an_attempt_makes_damaged_chunks_again(tmp_path: Path, place: int, kept: int) -> None:
    path = tmp_path / "a.npy"
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, ROWS, key="k")
    (partial,) = tmp_path.glob(".*.partial")
    content = bytearray(partial.read_bytes())
    content[place] ^= 1
    partial.write_bytes(content)
    with resumable_file(path, rows=4, dim=3, key="k", chunk_rows=2) as file:
        assert file.rows == kept
        file.append(ROWS[kept:])
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


def test_a_second_process_at_the_same_file_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with resumable_file(path, rows=4, dim=3, key="k", chunk_rows=2) as file:
        file.append(ROWS[:3])  # no whole number of chunks, so another attempt would cut it
        with pytest.raises(FpbenchError, match=f"another process is writing {path}"):
            write(path)
        file.append(ROWS[3:])
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


def test_a_killed_process_holds_a_file_until_it_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_THREE_ROWS_AND_HANGS, str(path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(FpbenchError, match=f"another process is writing {path}"):
            write(path)
        other.kill()
    with resumable_file(path, rows=4, dim=3, key="k", chunk_rows=2) as file:
        assert file.rows == 2
        file.append(ROWS[2:])
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


WRITES_THREE_ROWS_AND_HANGS = """
import sys, time
from pathlib import Path
import numpy as np
from fpbench.fingerprints.files import resumable_file
rows = np.arange(9, dtype=np.float32).reshape(3, 3)
with resumable_file(Path(sys.argv[1]), rows=4, dim=3, key="k", chunk_rows=2) as file:
    file.append(rows)
    print("written", flush=True)
    time.sleep(600)
"""


def test_many_at_once_write_one_file_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"

    def attempt(_: int) -> str:
        try:
            write(path)
        except FpbenchError as err:
            return err.message
        return "written"

    with ThreadPoolExecutor(8) as threads:
        outcomes = set(threads.map(attempt, range(200)))
    assert "written" in outcomes
    assert outcomes <= {"written", f"another process is writing {path}"}
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.npy"
    with caplog.at_level("INFO", "fpbench"):
        write(path)
    assert f"cannot be locked: {os.strerror(number)}" in caplog.text
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
        pytest.param("a.txt", b"", "is not a file of fingerprints", id="unknown suffix"),
        pytest.param("a.npy", None, "there is no", id="missing"),
        pytest.param("a.npy", b"\x93NUMPY", "cannot read", id="cut in the header"),
        pytest.param("a.fbin", b"\x04\0\0\0\x03\0\0\0" + b"\0" * 40, "needs 56", id="cut in rows"),
        pytest.param("a.mm", b"\0" * 12, "cannot read", id="no shape file"),
        pytest.param("a.npz", b"PK", "cannot read", id="no archive"),
        pytest.param("a.npy", b"", "cannot read", id="empty"),
        pytest.param("a.npz", b"", "cannot read", id="empty archive"),
        pytest.param("a.npz", b"PK\x03\x04" + b"\0" * 99, "cannot read", id="cut archive"),
    ],
)
def test_damaged_files_are_refused(
    tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FpbenchError, match=complaint):
        read_vectors(tmp_path / name)


@pytest.mark.parametrize("name", ["track", "silent", "not_finite"])
def test_arrays_about_rows_are_as_long_as_the_rows(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "a.npz", vectors=ROWS, **{name: np.zeros(3, dtype=np.int64)})
    with pytest.raises(FpbenchError, match=rf"'{name}' has the shape \(3,\), not \(4,\)"):
        read_vectors(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["track", "silent", "not_finite"])
def test_arrays_about_rows_are_whole_numbers(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "a.npz", vectors=ROWS, **{name: np.zeros(4, dtype=np.complex64)})
    with pytest.raises(FpbenchError, match=f"'{name}' holds complex64, not whole numbers"):
        read_vectors(tmp_path / "a.npz")


def test_marked_rows_are_left_out(tmp_path: Path) -> None:
    marks = {"silent": ROWS[:, 0] == 0, "not_finite": ROWS[:, 0] == 6}
    np.savez(tmp_path / "a.npz", vectors=ROWS, track=np.arange(4), **marks)
    file = read_vectors(tmp_path / "a.npz")
    np.testing.assert_array_equal(file.vectors, ROWS[[1, 3]])
    assert file.tracks is not None
    assert file.tracks.tolist() == [1, 3]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_the_first_row_that_is_not_finite_is_named(wrong: float) -> None:
    rows = np.ones((7, 3), dtype=np.float32)
    refuse_not_finite(rows, Path("a.npy"), rows_at_once=2)
    rows[[4, 6], 1] = wrong
    with pytest.raises(FpbenchError, match=r"'a\.npy': row 4 is not finite"):
        refuse_not_finite(rows, Path("a.npy"), rows_at_once=3)


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """Larger ones fail as on a full disk: some bytes go in, then none."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_and_the_next_attempt_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    header_bytes, row_bytes = 128, 12
    with (
        files_of_at_most(header_bytes + 3 * row_bytes),
        pytest.raises(FpbenchError, match=r"cannot write .*a\.npy"),
    ):
        write(path)
    assert not path.exists()
    with resumable_file(path, rows=4, dim=3, key="k", chunk_rows=2) as file:
        assert file.rows == 2
        file.append(ROWS[2:])
    np.testing.assert_array_equal(np.load(path), ROWS)


def test_whole_numbers_are_no_fingerprints(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((3, 3), dtype=np.int64))
    with pytest.raises(FpbenchError, match="not float rows"):
        read_vectors(tmp_path / "a.npy")


def test_the_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot write"):
        write(tmp_path / "none" / "a.npy")


def test_a_kill_leaves_no_shape_beside_an_older_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mm"
    write(path)
    before = (tmp_path / "a_shape.npy").read_bytes()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            write(path)
    # Either the older matrix with its own shape, or none.
    assert not path.exists()
    assert (tmp_path / "a_shape.npy").read_bytes() == before
    write(path)
    np.testing.assert_array_equal(read_vectors(path).vectors, ROWS)
