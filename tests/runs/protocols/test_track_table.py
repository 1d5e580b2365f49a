"""The tracks of a database are those of the distractors, then those of the reference."""

import numpy as np

from fpbench.plugin.datasets import Positions, VectorDataset, VectorTracks
from fpbench.runs.config import RunConfig
from fpbench.runs.protocols.distractors import real_distractors
from fpbench.runs.protocols.inputs import inputs_of_vectors
from fpbench.runs.protocols.track_table import TrackTable
from fpbench.runs.ready_made import VectorSource


def table(size: int, distractors: np.ndarray | None) -> TrackTable:
    reference = Positions(np.array([2, 2, 5]), np.array([0, 0.5, 0]))
    vectors = VectorDataset(
        query=np.eye(3, dtype=np.float32),
        reference=np.eye(3, dtype=np.float32),
        distractors=np.zeros((4, 3), dtype=np.float32),
        tracks=VectorTracks(
            names=list("abcdef"), query=reference, reference=reference, distractors=distractors
        ),
    )
    source = VectorSource(name="x", vectors=vectors, n_queries=1, query_length_s=1.0, seed=0)
    inputs = inputs_of_vectors(source)
    config = RunConfig(dataset="x", protocol="nmfp", distractors="real")
    return TrackTable.of(inputs, real_distractors(config, inputs), size)


def test_distractors_come_first_and_are_no_track_of_the_reference() -> None:
    tracks = table(3, np.array([0, 0, 1, 1]))
    assert tracks.starts.tolist() == [0, 2, 3, 5]
    assert tracks.ids.tolist() == [-1, -1, 2, 5]
    assert tracks.place(np.array([0, 1, 2, 4, 5, 6])).tolist() == [0, 0, 1, 2, 3, 3]
    assert tracks.ends(np.arange(4)).tolist() == [2, 3, 5, 6]


def test_without_tracks_all_distractors_are_one() -> None:
    assert table(4, None).starts.tolist() == [0, 4, 6]
    assert table(0, None).starts.tolist() == [0, 2]
