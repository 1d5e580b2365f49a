"""Numbers groups of tracks, such as those of one artist."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from fpbench.plugin.datasets import Dataset
from fpbench.search.inputs import Inputs


def number_groups(
    groups: Sequence[str | None], tracks: Int64[np.ndarray, " rows"]
) -> Int64[np.ndarray, " rows"] | None:
    """The group of each row by number, in the order of the tracks.

    Args:
        groups: Group of each track. A track whose group is unknown is a group of its own.
        tracks: Track of each row, as an index into ``groups``.

    Returns:
        None if the group of no row's track is known.
    """
    if all(groups[track] is None for track in np.unique(tracks).tolist()):
        return None
    first: dict[str | int, int] = {}
    numbers = [
        first.setdefault(number if group is None else group, number)
        for number, group in enumerate(groups)
    ]
    of_rows: Int64[np.ndarray, " rows"] = np.array(numbers, dtype=np.int64)[tracks]
    return of_rows


def with_groups(inputs: Inputs, dataset: Dataset) -> Inputs:
    """The inputs with the groups of queries and distractors, where the dataset knows them."""
    of_reference, of_distractors = (
        [track.group for track in tracks] for tracks in (dataset.reference, dataset.distractors)
    )
    query_groups = number_groups(of_reference, inputs.truth.track)
    count = None if query_groups is None else len(np.unique(query_groups))
    return replace(
        inputs,
        query_groups=query_groups,
        real_groups=number_groups(of_distractors, inputs.real_tracks),
        query_info=replace(inputs.query_info, groups=count),
    )


def query_clusters(inputs: Inputs) -> Int64[np.ndarray, " queries"]:
    """What errors are over: the group of each query, or its track if groups are unknown."""
    return inputs.query_tracks if inputs.query_groups is None else inputs.query_groups
