"""Where the tracks of a database begin and end, counted in its rows."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from fpbench.runs.protocols.inputs import ProtocolInputs


@dataclass(frozen=True, slots=True)
class TrackTable:
    """Tracks of distractors, then those of the reference.

    Args:
        starts: First row of each track, ascending from 0.
        ids: Number of each track, as positions of the reference count them; -1 for a distractor.
        rows: Rows of the database.
    """

    starts: Int64[np.ndarray, " tracks"] = field(repr=False)
    ids: Int64[np.ndarray, " tracks"] = field(repr=False)
    rows: int

    @classmethod
    def of(cls, inputs: ProtocolInputs, size: int) -> "TrackTable":
        """The tracks of a database with so many distractors; without tracks, these are one."""
        distractors = inputs.distractor_tracks
        if distractors is None:
            distractors = np.zeros(size, dtype=np.int64)
        before, own = _changes(distractors[:size]), _changes(inputs.positions.track)
        ids = np.concatenate([np.full(len(before), -1), inputs.positions.track[own]])
        rows = size + len(inputs.reference)
        return cls(np.concatenate([before, size + own]), ids.astype(np.int64), rows)

    def place(self, rows: Int64[np.ndarray, " some"]) -> Int64[np.ndarray, " some"]:
        """The track of each row, as an index into ``starts``; the last one for rows beyond."""
        places: Int64[np.ndarray, " some"] = np.searchsorted(self.starts, rows, side="right") - 1
        return places

    def ends(self, tracks: Int64[np.ndarray, " some"]) -> Int64[np.ndarray, " some"]:
        """The row after the last one of each track, by its index."""
        ends: Int64[np.ndarray, " some"] = np.append(self.starts[1:], self.rows)[tracks]
        return ends


def _changes(tracks: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " changes"]:
    """Rows at which another track begins."""
    if len(tracks) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(tracks) != 0) + 1]).astype(np.int64)
