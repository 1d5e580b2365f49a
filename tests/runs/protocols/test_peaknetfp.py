"""Queries at another tempo begin where their row is played, and are found in their song."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.plugin.datasets import Positions, VectorDataset, VectorTracks
from fpbench.results.files import read_result
from fpbench.runs.config import RunConfig
from fpbench.runs.protocols.distractors import real_distractors
from fpbench.runs.protocols.inputs import ProtocolInputs, inputs_of_vectors
from fpbench.runs.protocols.peaknetfp import hits_of_sequences, official_hits, query_starts
from fpbench.runs.protocols.track_table import TrackTable
from fpbench.runs.ready_made import VectorSource
from fpbench.search.stretched_ranking import StretchedSequences

ROWS, FASTER = 6, 3


def inputs(query_rows: int = FASTER) -> ProtocolInputs:
    """Two tracks of six rows, of which the queries have three."""

    def positions(rows: int) -> Positions:
        return Positions(np.repeat([0, 1], rows), np.tile(np.arange(rows) * 0.5, 2))

    vectors = VectorDataset(
        query=np.ones((2 * query_rows, 2), dtype=np.float32),
        reference=np.ones((2 * ROWS, 2), dtype=np.float32),
        distractors=np.ones((2, 2), dtype=np.float32),
        tracks=VectorTracks(
            names=["a.wav", "b.wav"], query=positions(query_rows), reference=positions(ROWS)
        ),
    )
    return inputs_of_vectors(
        VectorSource(name="x", vectors=vectors, n_queries=1, query_length_s=1.0, seed=0)
    )


def test_the_last_row_of_a_track_is_asked_for_at_its_last_query() -> None:
    rows = np.array([0, 1, 2, 4, 5, 6, 11])
    assert query_starts(inputs(), rows, 2.0, None).tolist() == [0, 0, 1, 2, 2, 3, 5]
    assert query_starts(inputs(12), rows, 0.5, None).tolist() == [0, 2, 4, 8, 10, 12, 22]


def sequences(*rows: list[int]) -> StretchedSequences:
    return StretchedSequences(np.array(rows), np.zeros(len(rows), dtype=np.float32))


def test_the_top_3_are_the_best_three_sequences_and_not_the_rows_of_the_best() -> None:
    config = RunConfig(protocol="peaknetfp", distractors="real")
    distractors = real_distractors(config, inputs())
    tracks = TrackTable.of(
        inputs(), distractors, 2
    )  # rows 0, 1 are distractors; the tracks begin at 2 and 8
    best_passes_by = sequences([6, 7, 8], [8, 9, 10])
    right = hits_of_sequences(best_passes_by, 8, tracks)
    script = official_hits(best_passes_by, 8, tracks, stretched=False)
    assert (right["top1_song"], right["top3_song"], right["top3_exact"]) == (False, True, True)
    assert (script["top1_song"], script["top3_song"], script["top3_exact"]) == (False, True, True)
    second_is_right = sequences([2, 3, 4], [8, 9, 10])
    assert hits_of_sequences(second_is_right, 8, tracks)["top3_song"]
    assert not official_hits(second_is_right, 8, tracks, stretched=False)["top3_song"]
    # At another tempo the script counts no rows.
    exact = sequences([8, 9, 10])
    assert hits_of_sequences(exact, 8, tracks)["top1_exact"]
    assert not official_hits(exact, 8, tracks, stretched=True)["top1_exact"]


@pytest.mark.slow
@pytest.mark.parametrize("by_name", [True, False])
def test_a_faster_copy_is_found_in_its_song(tmp_path: Path, *, by_name: bool) -> None:
    folder = tmp_path / ("tempo-2_000" if by_name else "fast")
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((100, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for name, part, length in (
        ("dummy_db", rows[80:], 20),
        ("db", rows[:80], 20),
        ("query", rows[:80:2], 10),
    ):
        np.save(folder / f"{name}.npy", part)
        lines = [f"{i},x/{i // length}.wav,{i % length},0,0" for i in range(len(part))]
        header = "segment_id,filename,intra_segment_id,offset_min,offset_max"
        (folder / f"{name}_segments.csv").write_text("\n".join([header, *lines]))
    np.save(folder / "ids.npy", [0, 2, 4, 20, 22, 24, 40, 42])
    out = tmp_path / "r.json"
    command = ["run", "--dataset", f"embeddings:{folder}", "--protocol", "peaknetfp"]
    command += ["--index", "l2", "--query-lengths", "1,3", "--test-ids", str(folder / "ids.npy")]
    command += ["--cache", str(tmp_path / "cache"), "--out", str(out)]
    shown = CliRunner().invoke(main, command)
    if not by_name:
        assert shown.exit_code == 2
        assert "the tempo of the queries is unknown" in shown.stderr
        shown = CliRunner().invoke(main, [*command, "--protocol-set", "tempo=2"])
    assert shown.exit_code == 0, shown.output
    result = read_result(out)
    rates = {
        (rate.metric, rate.segments): rate.value
        for rate in result.protocol.rates  # type: ignore[union-attr]
        if rate.rules == "right"
    }
    assert rates["top1_song", 1] == rates["top1_song", 5] == 1.0
    assert rates["top1_exact", 1] == 1.0
    checked = CliRunner().invoke(main, ["validate", str(out)])
    assert checked.exit_code == 0, checked.output
