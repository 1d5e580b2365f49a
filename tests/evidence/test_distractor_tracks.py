"""Real distractors are counted by track and by group."""

import numpy as np

from fpbench.evidence.distractor_tracks import DistractorTracks


def test_clusters_are_groups_where_they_are_known() -> None:
    track = np.array([0, 0, 1, 2])
    alone = DistractorTracks(track=track)
    assert (alone.tracks, alone.groups, alone.clusters.tolist()) == (3, None, [0, 0, 1, 2])
    grouped = DistractorTracks(track=track, group=np.array([5, 5, 5, 7]))
    assert (grouped.tracks, grouped.groups, grouped.clusters.tolist()) == (3, 2, [5, 5, 5, 7])
