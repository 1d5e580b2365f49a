"""The folder that NMFP's tools write is read as they wrote it, and damage is named."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench_plugins.embeddings.nmfp_layout import is_nmfp_layout, read_nmfp_layout

DATABASE = "audio_path,start_segment,end_segment,emb_dim\na/000001.wav,0,3,2\nb/000002.wav,3,5,2\n"
QUERIES = "audio_path,start_segment,end_segment\nq/000009.wav,1,3\nq/000002.wav,0,2\n"
TRUTH = "query,reference\nq/000009.wav,a/000001.wav\nq/000002.wav,b/000002.wav\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("database", "queries/000"):
        (tmp_path / name).mkdir(parents=True)
    np.arange(10, dtype=np.float32).tofile(tmp_path / "database" / "database.mm")
    for name in ("000009", "000002"):
        rows = np.full((2, 2), int(name), dtype=np.float32)
        np.save(tmp_path / "queries" / "000" / f"{name}.npy", rows)
    (tmp_path / "database" / "database.csv").write_text(DATABASE)
    (tmp_path / "queries" / "queries.csv").write_text(QUERIES)
    (tmp_path / "ground_truth.csv").write_text(TRUTH)
    return tmp_path


def test_queries_are_sorted_by_path_and_know_their_place(folder: Path) -> None:
    assert is_nmfp_layout(folder)
    data = read_nmfp_layout(folder, 0.5, 1.0)
    assert data.tracks is not None
    assert data.recordings is not None
    assert data.recordings.names == ["q/000002.wav", "q/000009.wav"]
    assert data.query[:, 0].tolist() == [2, 2, 9, 9]
    assert data.tracks.query.track.tolist() == [1, 1, 0, 0]
    assert data.tracks.query.start_s.tolist() == [0, 0.5, 0.5, 1.0]
    assert data.tracks.reference.track.tolist() == [0, 0, 0, 1, 1]
    assert data.recordings.first_row.tolist() == [0, 2]
    assert data.recordings.start_row.tolist() == [0, 1]


def test_without_ground_truth_equal_stems_belong_together(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "ground_truth.csv").unlink()
    data = read_nmfp_layout(folder, 0.5, 1.0)
    assert data.recordings is not None
    assert data.recordings.names == ["q/000002.wav"]
    assert "1 queries match no track" in caplog.text


def test_queries_without_bounds_have_no_place(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "queries" / "queries.csv").write_text("audio_path\nq/000009.wav\n")
    data = read_nmfp_layout(folder, 0.5, 1.0)
    assert data.recordings is not None
    assert data.recordings.start_row.tolist() == [-1]
    assert "no start_segment" in caplog.text


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("database/database.csv", DATABASE.replace(",3,5,", ",4,5,"), "do not follow 3"),
        ("database/database.csv", DATABASE.replace("3,5,2", "3,6,2"), "needs 48"),
        ("database/database.csv", DATABASE.replace("3,5,2", "3,5,3"), "emb_dim is 2, 3"),
        ("database/database.csv", DATABASE.replace("b/000002", "a/000001"), "listed twice"),
        ("queries/queries.csv", QUERIES.replace(",1,3", ",x,3"), "'x' is no number"),
        ("queries/queries.csv", "audio_path\nq/000007.wav\n", "no query matches"),
        ("ground_truth.csv", "query\nq/000009.wav\n", "has no query and reference"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    folder: Path, file: str, text: str, message: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(FpbenchError, match=message):
        read_nmfp_layout(folder, 0.5, 1.0)


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "queries" / "000" / "000009.npy").unlink()
    with pytest.raises(FpbenchError, match=r"000009\.npy"):
        read_nmfp_layout(folder, 0.5, 1.0)
