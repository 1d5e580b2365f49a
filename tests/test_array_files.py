"""Archives of arrays are read whole, or refused before they fill the memory."""

import io
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from fpbench.array_files import DAMAGE, mapped_files, read_array_file, read_arrays
from fpbench.errors import FpbenchError


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def write(path: Path, records: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in records.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("map_as", [None, "r", "c"])
def test_reads_or_maps_one_array_with_or_without_rows(
    tmp_path: Path, map_as: Literal["r", "c"] | None
) -> None:
    for rows in (0, 3):
        np.save(tmp_path / "a.npy", np.eye(3)[:rows])
        array = read_array_file(tmp_path / "a.npy", map_as)
        np.testing.assert_array_equal(array, np.eye(3)[:rows], strict=True)
        assert isinstance(array, np.memmap) == (rows > 0 and map_as is not None)


@pytest.mark.parametrize("map_as", [None, "r"])
@pytest.mark.parametrize("rows", [9, 11, 2**40])
def test_refuses_a_header_that_promises_another_size(
    tmp_path: Path, rows: int, map_as: Literal["r"] | None
) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (rows,)}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(80))
    told = f"a.npy has 80 bytes of values, and its header promises {8 * rows}"
    with pytest.raises(ValueError, match=told):
        read_array_file(tmp_path / "a.npy", map_as)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path: Path, save: object) -> None:
    assert callable(save)
    save(tmp_path / "a.npz", x=np.eye(3), y=np.arange(4), empty=np.zeros((0, 2)))
    arrays = read_arrays(tmp_path / "a.npz")
    assert sorted(arrays) == ["empty", "x", "y"]
    np.testing.assert_array_equal(arrays["x"], np.eye(3), strict=True)
    np.testing.assert_array_equal(arrays["empty"], np.zeros((0, 2)), strict=True)


def test_refuses_arrays_that_unpack_to_a_hundred_times_their_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpbench.array_files._SMALL_BYTES", 1_000)
    path = tmp_path / "bomb.npz"
    write(path, {"x.npy": npy(np.zeros(100_000))}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="unpacks to 800128 bytes, 100 times its own size"):
        read_arrays(path)


def test_refuses_a_shape_that_claims_more_than_there_is(tmp_path: Path) -> None:
    for rows in (11, 10**6, 10**12, 10**20):
        content = io.BytesIO()
        header = {"descr": "<f8", "fortran_order": False, "shape": (rows,)}
        np.lib.format.write_array_header_1_0(content, header)
        content.write(bytes(80))
        with pytest.raises(DAMAGE):
            read_arrays(write(tmp_path / "a.npz", {"x.npy": content.getvalue()}))


def test_refuses_a_header_before_any_array_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("an array was loaded")

    monkeypatch.setattr("fpbench.array_files.read_array", load)
    objects = io.BytesIO()
    np.save(objects, np.array([{}], dtype=object), allow_pickle=True)
    for last in (npy(np.zeros(3)) + b"more", npy(np.zeros(3))[:-1], objects.getvalue(), b""):
        records = {"good.npy": npy(np.zeros(3)), "x.npy": last}
        with pytest.raises(DAMAGE):
            read_arrays(write(tmp_path / "a.npz", records))


def test_refuses_an_archive_that_unpacks_to_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    write(path, {"x.npy": npy(np.zeros(9_000_000))}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="unpacks to 72000128 bytes, 4 times its own size"):
        read_arrays(path, max_ratio=4.0)


def test_refuses_bytes_behind_an_array(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"x\.npy has 28 bytes of values, and its header promises 24"
    ):
        read_arrays(write(tmp_path / "a.npz", {"x.npy": npy(np.zeros(3)) + b"more"}))


def test_refuses_objects(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([None]))
    with pytest.raises(ValueError, match="holds objects"):
        read_arrays(tmp_path / "a.npz")


def test_refuses_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {"x": npy(np.zeros(1)), "x.npy": npy(np.ones(1))})
    with pytest.raises(ValueError, match="two arrays of one name"):
        read_arrays(path)


def test_every_altered_bit_of_an_array_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {"x.npy": npy(np.arange(8.0))})
    whole = path.read_bytes()
    start = whole.index(np.arange(8.0).tobytes())
    for at in range(start, start + 64, 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
            read_arrays(path)


def test_files_that_arrays_map_are_known_through_views_and_must_not_change(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((4, 3)))
    rows = read_array_file(path, "c")
    (file,) = mapped_files([np.asarray(rows)[1:].T, rows, np.zeros(3)])
    assert file.path == path
    file.refuse_change()
    np.save(path, np.ones((5, 3)))
    with pytest.raises(FpbenchError, match="has changed since it was opened"):
        file.refuse_change()
    path.unlink()
    with pytest.raises(FpbenchError, match="No such file or directory"):
        file.refuse_change()
    assert mapped_files([rows]) == ()
