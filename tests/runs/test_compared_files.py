"""Files that are compared say how long queries are, and which rows are of one track."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.plugin.systems import SystemIdentity, encode_probe
from fpbench.runs.compared_files import (
    ComparedFiles,
    default_baselines,
    read_judges,
    read_real,
    require_tracks,
)

DIM = 4


def write_extract(path: Path, *, dim: int = DIM, name: str = "mine") -> Path:
    """30 fingerprints of 1 s, every half second, of 3 tracks, as `fpbench extract` writes them."""
    identity = SystemIdentity(
        name=name,
        weights_sha256=None,
        spec={"dim": dim, "segment_s": 1.0, "hop_s": 0.5},
        probe=encode_probe(np.full((1, dim), len(name), dtype=np.float32)),
    )
    rows = np.random.default_rng(dim).standard_normal((30, dim), dtype=np.float32)
    system = np.array(json.dumps(asdict(identity)))
    np.savez(path, vectors=rows, track=np.repeat([0, 1, 2], 10), system=system)
    return path


@pytest.fixture
def files(tmp_path: Path) -> ComparedFiles:
    extract = write_extract(tmp_path / "real.npz")
    np.save(tmp_path / "synthetic.npy", np.ones((30, DIM), dtype=np.float32))
    return ComparedFiles(
        real=extract,
        synthetic=tmp_path / "synthetic.npy",
        train=None,
        queries=extract,
        reference=extract,
    )


@pytest.mark.parametrize(("length_s", "rows"), [(None, 1), (0.4, 1), (1.5, 2), (3.0, 5)], ids=str)
def test_a_query_has_as_many_fingerprints_as_begin_in_it(
    files: ComparedFiles, length_s: float | None, rows: int
) -> None:
    real = read_real(files, foreign=False)
    judges = read_judges(files, real, track_rows=240, length_s=length_s)
    assert judges.length is not None
    assert (judges.segments, judges.length.length_s) == (rows, 1.0 + (rows - 1) * 0.5)
    assert judges.hop_s == 0.5


def test_rows_without_tracks_are_cut_into_tracks_of_one_length(
    files: ComparedFiles, tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", np.eye(5, DIM, dtype=np.float32))
    files = replace(files, real=tmp_path / "rows.npy")
    judges = read_judges(files, read_real(files, foreign=False), track_rows=2, length_s=None)
    assert judges.tracks.tolist() == [0, 0, 1, 1, 2]
    assert (judges.length, judges.stretches) == (None, None)


def test_a_copy_of_the_real_rows_is_refused(files: ComparedFiles, tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(files.real.read_bytes())
    with pytest.raises(FpbenchError, match=r"and SYNTHETIC '.*copy\.npz' are the same"):
        read_real(replace(files, synthetic=copy), foreign=True)


def test_only_synthetic_rows_may_be_of_another_system(files: ComparedFiles, tmp_path: Path) -> None:
    theirs = write_extract(tmp_path / "theirs.npz", name="theirs", dim=DIM + 1)
    read_real(replace(files, synthetic=theirs), foreign=True)
    for changed in (replace(files, synthetic=theirs), replace(files, queries=theirs)):
        with pytest.raises(FpbenchError, match="holds fingerprints of theirs"):
            read_real(changed, foreign=False)


def test_longer_queries_need_queries_and_tracks(files: ComparedFiles) -> None:
    real = read_real(files, foreign=False)
    judges = read_judges(files, real, track_rows=240, length_s=3.0)
    require_tracks(judges, files, in_tracks=True)
    assert default_baselines(judges, None, in_tracks=True)[-1] == "resample-runs"
    assert "resample-runs" not in default_baselines(judges, None, in_tracks=False)
    for changed, in_tracks, message in (
        (judges, False, "holds single fingerprints, not tracks"),
        (replace(judges, pairs=None), True, "but there are none"),
        (replace(judges, stretches=None), True, "does not say how its fingerprints follow"),
    ):
        with pytest.raises(FpbenchError, match=message):
            require_tracks(changed, files, in_tracks=in_tracks)
