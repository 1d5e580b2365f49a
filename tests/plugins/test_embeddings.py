"""Ready-made fingerprints are mapped, checked, and left as they are."""

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from fpbench import FpbenchError, Settings, VectorDataset
from fpbench_plugins.embeddings import conversion, create

ROWS = {"query": 3, "db": 3, "dummy_db": 5}


def write_matrices(folder: Path, **changed: np.ndarray) -> Settings:
    for start, (name, rows) in enumerate(ROWS.items()):
        values = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2) + 100 * start
        values = changed.get(name, values)
        (folder / f"{name}.mm").write_bytes(values.tobytes())
        np.save(folder / f"{name}_shape.npy", np.array(values.shape))
    return Settings(argument=str(folder))


def vectors(settings: Settings) -> VectorDataset:
    dataset = create(settings)
    assert dataset.vectors is not None
    return dataset.vectors


def test_maps_the_three_matrices(tmp_path: Path) -> None:
    opened = vectors(write_matrices(tmp_path))
    np.testing.assert_array_equal(opened.query, [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(opened.reference, [[100, 101], [102, 103], [104, 105]])
    assert opened.distractors.shape == (5, 2)
    assert (opened.hop_s, opened.segment_s) == (0.5, 1.0)


def test_nan_counts_as_zero_and_files_stay_as_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_nan = np.array([[1, np.nan]] * 5, dtype=np.float32)
    settings = write_matrices(tmp_path, dummy_db=with_nan)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with caplog.at_level(logging.WARNING):
        opened = vectors(settings)
    np.testing.assert_array_equal(opened.distractors, [[1, 0]] * 5)
    assert "5 values are NaN; they are replaced by 0" in caplog.text
    with pytest.raises(ValueError, match="read-only"):
        opened.distractors[0, 0] = 7
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_can_refuse_nan(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path, query=np.full((3, 2), np.nan, dtype=np.float32))
    with pytest.raises(FpbenchError, match=r"query\.mm' has 6 NaN"):
        create(Settings(argument=settings.argument, options={"nan": "refuse"}))


@pytest.mark.parametrize("name", ["hop_s", "segment_s"])
@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan"])
def test_refuses_times_that_are_none(tmp_path: Path, name: str, text: str) -> None:
    settings = Settings(argument=write_matrices(tmp_path).argument, options={name: text})
    with pytest.raises(FpbenchError, match=f"{name}={float(text)} is not positive and finite"):
        create(settings)


def test_refuses_infinity(tmp_path: Path) -> None:
    values = np.zeros((3, 2), dtype=np.float32)
    values[1, 0] = np.inf
    with pytest.raises(FpbenchError, match=r"db\.mm', row 1: infinite"):
        create(write_matrices(tmp_path, db=values))


def test_refuses_what_float32_cannot_hold(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    (tmp_path / "db.mm").unlink()
    np.save(tmp_path / "db.npy", np.array([[1.0, 0.0], [1e300, 0.0]]))
    with pytest.raises(FpbenchError, match=r"db\.npy', row 1: infinite"):
        create(settings)


def test_refuses_rows_appended_by_the_official_script(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    with (tmp_path / "dummy_db.mm").open("ab") as file:
        file.write((tmp_path / "db.mm").read_bytes())
    with pytest.raises(FpbenchError, match=r"64 bytes, but its shape \(5, 2\) needs 40") as caught:
        create(settings)
    assert "appends db.mm to dummy_db.mm" in str(caught.value.hint)


def test_refuses_a_cut_file(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    (tmp_path / "db.mm").write_bytes(bytes(20))
    with pytest.raises(
        FpbenchError, match=r"db\.mm' has 20 bytes, but its shape \(3, 2\) needs 24"
    ):
        create(settings)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        pytest.param("dummy_db", (5, 3), "dummy_db has 3 columns, db has 2", id="columns"),
        pytest.param("db", (6,), r"contains \[6\] instead of rows and columns", id="not a matrix"),
    ],
)
def test_refuses_shapes_that_do_not_fit(
    tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        create(write_matrices(tmp_path, **{name: np.zeros(shape, dtype=np.float32)}))


def test_takes_no_distractors(tmp_path: Path) -> None:
    opened = vectors(write_matrices(tmp_path, dummy_db=np.zeros((0, 2), dtype=np.float32)))
    assert opened.distractors.shape == (0, 2)


def test_names_missing_and_damaged_files(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    (tmp_path / "query_shape.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(FpbenchError, match=r"cannot read '.*query_shape\.npy'"):
        create(settings)
    (tmp_path / "query.mm").unlink()
    with pytest.raises(FpbenchError, match=r"there is no '.*query\.mm'"):
        create(settings)


def save(path: Path, vectors: np.ndarray) -> None:
    if path.suffix == ".npy":
        np.save(path, vectors)
    elif path.suffix == ".fbin":
        path.write_bytes(np.array(vectors.shape, dtype="<i4").tobytes() + vectors.tobytes())
    elif path.suffix == ".npz":
        np.savez(path, vectors=vectors)
    else:
        path.write_bytes(vectors.tobytes())
        np.save(path.with_name(f"{path.stem}_shape.npy"), np.array(vectors.shape))


@pytest.mark.parametrize("suffix", [".mm", ".npy", ".fbin", ".npz"])
def test_all_formats_are_alike(tmp_path: Path, suffix: str, caplog: Any) -> None:
    values = {"query": [[1, 0], [0, np.nan]], "db": [[1, 0], [0, 1]], "dummy_db": np.eye(2)[:0]}
    for name, rows in values.items():
        save(tmp_path / f"{name}{suffix}", np.array(rows, dtype=np.float32))
    opened = vectors(Settings(argument=str(tmp_path)))
    np.testing.assert_array_equal(opened.query, [[1, 0], [0, 0]])
    np.testing.assert_array_equal(opened.reference, [[1, 0], [0, 1]])
    assert opened.distractors.shape == (0, 2)
    assert not opened.reference.flags.writeable
    assert "1 values are NaN" in caplog.text


def test_other_floats_become_float32_and_distractors_may_be_absent(tmp_path: Path) -> None:
    save(tmp_path / "query.npy", np.eye(3, 2, dtype=np.float16))
    save(tmp_path / "db.npy", np.asfortranarray(np.eye(3, 2, dtype=np.float64)))
    opened = vectors(Settings(argument=str(tmp_path)))
    assert opened.query.dtype == opened.reference.dtype == np.float32
    np.testing.assert_array_equal(opened.reference, np.eye(3, 2))
    assert opened.distractors.shape == (0, 2)


def test_two_files_of_one_matrix_are_refused(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    save(tmp_path / "db.npy", np.eye(2, dtype=np.float32))
    with pytest.raises(FpbenchError, match=r"has both db\.mm and db\.npy"):
        create(settings)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("db.npy", b"PK\x03\x04", "not a NumPy file", id="archive as npy"),
        pytest.param("db.fbin", b"\1\0\0", "instead of rows and columns", id="short fbin"),
        pytest.param("db.fbin", bytes(8), r"starts with \[0, 0\]", id="no columns"),
        pytest.param("db.npz", b"nothing", r"cannot read '.*db\.npz'", id="no archive"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    save(tmp_path / "query.npy", np.eye(2, dtype=np.float32))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FpbenchError, match=message):
        create(Settings(argument=str(tmp_path)))


ROWS_WITH_TRACKS = """file,track,start_s
db,b,0
db,b,0.5
db,a,0
query,a,0.1
query,none,
dummy_db,x,0
"""


def with_table(folder: Path, text: str) -> Settings:
    for name, rows in (("query", 2), ("db", 3), ("dummy_db", 1)):
        save(folder / f"{name}.npy", np.eye(rows, 3, dtype=np.float32))
    (folder / "tracks.csv").write_text(text)
    return Settings(argument=str(folder))


def test_a_table_gives_each_row_its_track_and_time(tmp_path: Path) -> None:
    tracks = vectors(with_table(tmp_path, ROWS_WITH_TRACKS)).tracks
    assert tracks is not None
    assert list(tracks.names) == ["a", "b", "x"]
    assert tracks.reference.track.tolist() == [1, 1, 0]
    assert tracks.reference.start_s.tolist() == [0.0, 0.5, 0.0]
    assert tracks.query.track.tolist() == [0, -1]
    assert tracks.query.start_s.tolist() == [0.1, 0.0]
    assert tracks.distractors is not None
    assert tracks.distractors.tolist() == [2]


def test_arrays_give_the_same_as_the_table(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    table = vectors(with_table(tmp_path / "t", ROWS_WITH_TRACKS)).tracks
    rows = {
        "query": ([1, -1], [0.1, 0.0], ["x", "a"]),
        "db": ([0, 0, 1], [0.0, 0.5, 0.0], ["b", "a"]),
        "dummy_db": ([0], [0.0], ["x"]),
    }
    for name, (track, start_s, tracks) in rows.items():
        eye = np.eye(len(track), 3, dtype=np.float32)
        np.savez(tmp_path / f"{name}.npz", vectors=eye, track=track, start_s=start_s, tracks=tracks)
    arrays = vectors(Settings(argument=str(tmp_path))).tracks
    assert table is not None
    assert arrays is not None
    assert list(arrays.names) == list(table.names)
    for one, other in ((arrays.query, table.query), (arrays.reference, table.reference)):
        np.testing.assert_array_equal(one.track, other.track)
        np.testing.assert_array_equal(one.start_s, other.start_s)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("file,", "matrix,", "line 1: no column is called 'file'", id="column"),
        pytest.param("db,b,0\n", "", "2 lines for db, which has 3 rows", id="lines"),
        pytest.param("query,a", "query,c", "line 5: no row of db is of track 'c'", id="track"),
        pytest.param("db,b,0.5", "db,b,soon", "line 3: column 'start_s' cannot be", id="time"),
        pytest.param("db,b,0.5", "db,,0.5", "line 3: column 'track' is empty", id="no track"),
        pytest.param("db,b,0.5", "dib,b,1", "line 3: column 'file' cannot be 'dib'", id="file"),
        pytest.param("db,b,0.5", "db,b", "line 3: column 'start_s' cannot be ''", id="short line"),
        pytest.param("db,b,0.5", "db,b,0", "does not increase after row 0 of db", id="order"),
        pytest.param(
            "db,b,0.5\ndb,a,0", "db,a,0\ndb,b,0.5", "track 'b' are not adjacent", id="scattered"
        ),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    settings = with_table(tmp_path, ROWS_WITH_TRACKS.replace(old, new, 1))
    with pytest.raises(FpbenchError, match=message) as err:
        create(settings)
    assert "tracks.csv" in err.value.message


def test_a_table_may_list_distractors_that_are_absent(tmp_path: Path) -> None:
    settings = with_table(tmp_path, ROWS_WITH_TRACKS)
    (tmp_path / "dummy_db.npy").unlink()
    opened = vectors(settings)
    assert opened.tracks is not None
    assert opened.tracks.distractors is None
    assert len(opened.distractors) == 0


UNIT = np.eye(4, dtype=np.float32)
MANY = 70_000


def unit_rows() -> np.ndarray:
    return np.tile(UNIT, (MANY // 4, 1))


def warnings_of(folder: Path, caplog: pytest.LogCaptureFixture, **changed: np.ndarray) -> str:
    for name in ("query", "db", "dummy_db"):
        save(folder / f"{name}.npy", changed.get(name, UNIT))
    caplog.clear()
    create(Settings(argument=str(folder)))
    return caplog.text


def test_every_row_is_checked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings_of(tmp_path, caplog, dummy_db=unit_rows()) == ""
    rows = unit_rows()
    rows[MANY - 1] *= 3
    shown = warnings_of(tmp_path, caplog, dummy_db=rows)
    assert f"dummy_db.npy: rows have lengths from 1 (row 0) to 3 (row {MANY - 1})" in shown
    rows = unit_rows()
    rows[-100:] = 0
    shown = warnings_of(tmp_path, caplog, dummy_db=rows)
    assert f"100 of {MANY} rows are zero, the first is row {MANY - 100}" in shown
    rows[-1, 0] = np.inf
    with pytest.raises(FpbenchError, match=f"row {MANY - 1}: infinite"):
        warnings_of(tmp_path, caplog, dummy_db=rows)


def test_lengths_are_compared_between_reference_and_distractors(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = warnings_of(tmp_path, caplog, dummy_db=2 * UNIT)
    assert "db.npy have length 1, rows of" in shown
    assert warnings_of(tmp_path, caplog, query=2 * UNIT) == ""


def test_large_values_are_no_infinity(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert "infinite" not in warnings_of(tmp_path, caplog, db=np.float32(1e30) * UNIT)


def test_a_file_of_zeros_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(FpbenchError, match=r"db\.npy': all rows are zero"):
        warnings_of(tmp_path, caplog, db=0 * UNIT)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types_in_mm_files_are_named_and_can_be_set(tmp_path: Path, dtype: str) -> None:
    for name in ("query", "db"):
        save(tmp_path / f"{name}.mm", UNIT.astype(dtype))
    with pytest.raises(FpbenchError, match=f"that is {dtype}, not float32") as err:
        create(Settings(argument=str(tmp_path)))
    assert f"set mm_dtype={dtype}" in str(err.value.hint)
    opened = vectors(Settings(argument=str(tmp_path), options={"mm_dtype": dtype}))
    np.testing.assert_array_equal(opened.reference, UNIT)
    assert opened.reference.dtype == np.float32


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_matrices_of_other_types_are_converted_in_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Literal["C", "F"]
) -> None:
    monkeypatch.setattr(conversion, "LARGE_BYTES", 1)
    monkeypatch.setattr(conversion, "_BLOCK_ROWS", 3)
    values = np.array([[3, np.nan], [0, 5], [5, 0], [-4, 3]], dtype=">f8", order=order)
    for name in ("query", "db"):
        save(tmp_path / f"{name}.npy", values)
    opened = vectors(Settings(argument=str(tmp_path), cache_dir=tmp_path / "cache"))
    assert isinstance(opened.reference, np.memmap)
    np.testing.assert_array_equal(opened.reference, np.nan_to_num(values))
    assert list((tmp_path / "cache").iterdir()) == []


def test_other_byte_orders_are_read_or_named(tmp_path: Path) -> None:
    big = np.array([[0.6, 0.8], [-0.8, 0.6]], dtype=">f4")
    for name in ("query", "db"):
        save(tmp_path / f"{name}.npy", big)
    np.testing.assert_array_equal(vectors(Settings(argument=str(tmp_path))).reference, big)
    (tmp_path / "db.npy").unlink()
    save(tmp_path / "db.mm", big)
    with pytest.raises(FpbenchError, match=r"db\.mm' is big-endian"):
        create(Settings(argument=str(tmp_path)))
    (tmp_path / "db.mm").unlink()
    (tmp_path / "db.fbin").write_bytes(np.array(big.shape, dtype=">i4").tobytes() + big.tobytes())
    with pytest.raises(FpbenchError, match=r"db\.fbin' is big-endian"):
        create(Settings(argument=str(tmp_path)))


def test_a_numpy_file_called_mm_is_named(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    np.save(tmp_path / "x.npy", UNIT)
    (tmp_path / "x.npy").rename(tmp_path / "db.mm")
    with pytest.raises(FpbenchError, match=r"db\.mm' is a NumPy file"):
        create(settings)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("dummy-db.npy", "dummy_db.npy"),
        ("DUMMY_DB.mm", "dummy_db.mm"),
        ("track.csv", "tracks.csv"),
        ("Tracks.csv", "tracks.csv"),
        ("tracks.tsv", "tracks.csv"),
    ],
)
def test_files_with_nearly_the_right_name_are_not_left_out(
    tmp_path: Path, name: str, meant: str
) -> None:
    for known in ("query", "db"):
        save(tmp_path / f"{known}.npy", UNIT)
    (tmp_path / name).touch()
    with pytest.raises(FpbenchError, match=f"is not read: the .* is called {meant}"):
        create(Settings(argument=str(tmp_path)))


def test_a_column_of_the_table_names_the_groups(tmp_path: Path) -> None:
    settings = write_matrices(tmp_path)
    lines = ["db,a,0,Ann", "db,b,0,Ann", "db,c,0,", *(["dummy_db,d,0,Bob"] * 5)]
    table = tmp_path / "tracks.csv"
    table.write_text("\n".join(["file,track,start_s,group", *lines]) + "\n")
    tracks = vectors(settings).tracks
    assert tracks is not None
    assert (tracks.names, tracks.groups) == (["a", "b", "c", "d"], ["Ann", "Ann", None, "Bob"])
    table.write_text(table.read_text().replace("dummy_db,d,0,Bob", "dummy_db,d,0,Eve", 1))
    with pytest.raises(FpbenchError, match=r"line 6: column 'group' is 'Bob', but track 'd' is"):
        create(settings)
