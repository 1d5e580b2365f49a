"""A generator of tracks is judged with the longer queries of a protocol."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from fpbench import validate
from fpbench.results.files import read_result
from fpbench.runs.protocols.judged_queries import match_rows, match_tracks
from fpbench.search.sequence_ranking import SequenceQueries

ROWS = np.arange(1, 7, dtype=np.float32)[:, None]
ALL = np.arange(2)


def queries(*first: int) -> SequenceQueries:
    last = np.full(len(first), len(ROWS))
    return SequenceQueries(vectors=-ROWS, first=np.array(first), segments=[1, 2], last=last)


def test_a_query_matches_the_row_where_it_begins_and_is_left_out_where_it_is_cut() -> None:
    match = match_rows(queries(5, 2), ROWS, np.array([7, 8]))
    two, one = match(2, ALL), match(1, ALL)
    np.testing.assert_allclose(np.sqrt(2) * two.vectors, [[-3, -4]], rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(2) * two.reference[[0, -1]], [[1, 2], [5, 6]], rtol=1e-6)
    assert {at: (first.tolist(), stop.tolist()) for at, (first, stop) in two.matches.items()} == {
        0.0: ([2], [3])
    }
    assert two.known_clusters().tolist() == [8]
    assert one.vectors.tolist() == [[-6], [-3]]
    assert match(1, ALL[1:]).vectors.tolist() == [[-3]]


def test_a_query_matches_all_runs_of_its_track_if_it_has_any() -> None:
    tracks = np.array([4, 4, 4, 2, 1, 1])
    match = match_tracks(queries(0, 3, 4), ROWS, tracks, tracks[[0, 3, 4]])
    found = match(2, np.arange(3))
    np.testing.assert_allclose(np.sqrt(2) * found.reference, [[1, 2], [2, 3], [5, 6]], rtol=1e-6)
    ((tolerance_s, (first, stop)),) = found.matches.items()
    assert tolerance_s is None
    assert [range(*pair) for pair in zip(first, stop, strict=True)] == [
        range(0, 2),
        range(0, 0),
        range(2, 3),
    ]


@pytest.mark.slow
def test_a_generator_of_tracks_is_judged_at_every_length(
    tmp_path: Path, run: Callable[..., Result], thousand_embeddings: Path
) -> None:
    typed = ("--protocol", "nafp", "--query-lengths", "1,2,3", "--index", "l2")
    synthetic = ("--distractors", "both", "--generator", "gaussian-tracks", "--sizes", "200")
    shown = run(*typed, *synthetic, folder=thousand_embeddings)
    assert shown.exit_code == 0, shown.output
    out = tmp_path / "out" / "result.json"
    validate(out)
    fidelity = read_result(out).fidelity
    assert fidelity is not None
    assert fidelity.sequences is not None
    assert set(fidelity.sequences.similarity) == {
        "real",
        "gaussian-tracks",
        "gaussian-tracks, independent",
        "gaussian",
        "resample",
        "resample-runs",
    }
    of_lengths = fidelity.sequences.shorter
    assert [(one.length_s, one.segments) for one in of_lengths] == [(2.0, 3), (3.0, 5)]
    assert "3 s: HR@1" in shown.stdout
