"""What an open recording offers, whichever library decodes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

Block = Float32[np.ndarray, "frames channels"]

FRAMES_AT_ONCE = 1 << 18
"""Size of a block, roughly: 5 s of CD audio."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording.

    Args:
        path: Path of the file.
        container: Format of the file by its contents, in the words of its decoder.
        sample_rate_hz: Sample rate, any number above 0.
        channels: Number of channels.
        announced_frames: Number of samples per channel that the header gives; None if it gives
            none. The length of a recording is what ``blocks`` hands out.
        is_estimate: Whether this number is an estimate from the size of the file.
        decoder: Name and version of what decodes the file, for cache keys.
        blocks: Decodes from where the last block ended, in blocks of bounded size.
    """

    path: Path
    container: str
    sample_rate_hz: int
    channels: int
    announced_frames: int | None
    is_estimate: bool
    decoder: str
    blocks: Callable[[], Iterator[Block]]
