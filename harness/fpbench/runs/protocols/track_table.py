"""Where the tracks of a database begin and end, counted in its rows."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from fpbench.runs.protocols.distractors import ProtocolDistractors, find_changes
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
    def of(
        cls, inputs: ProtocolInputs, distractors: ProtocolDistractors, size: int
    ) -> "TrackTable":
        """The tracks of a database with so many distractors."""
        before, own = distractors.track_starts(size), find_changes(inputs.positions.track)
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
