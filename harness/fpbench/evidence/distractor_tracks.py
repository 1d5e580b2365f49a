"""Which recordings real distractors are from."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class DistractorTracks:
    """Track and group of each real distractor, in the order in which they are searched.

    Args:
        track: Number of the track; any whole numbers.
        group: Number of the group of tracks, such as an artist; None if groups are unknown.
    """

    track: Int64[np.ndarray, " distractors"]
    group: Int64[np.ndarray, " distractors"] | None = None

    @property
    def clusters(self) -> Int64[np.ndarray, " distractors"]:
        """What may be alike: the group of each distractor, or its track if groups are unknown."""
        return self.track if self.group is None else self.group

    @property
    def tracks(self) -> int:
        """Number of different tracks."""
        return len(np.unique(self.track))

    @property
    def groups(self) -> int | None:
        """Number of different groups; None if groups are unknown."""
        return None if self.group is None else len(np.unique(self.group))
