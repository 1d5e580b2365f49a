"""Ready-made fingerprints are mapped, checked, and left as they are."""

import logging
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings, VectorDataset
from fpbench_plugins.embeddings import create

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
        pytest.param("query", (4, 2), r"query has shape \(4, 2\), db has \(3, 2\)", id="rows"),
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
