"""Draws a random direction for each segment, at an address made from its bytes."""

import hashlib
from dataclasses import dataclass

import numpy as np

from fpbench import FingerprintSpec, Segments, Stream, Vectors, rng_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomConfig:
    """All settings of a fingerprint."""

    spec: FingerprintSpec
    draw_seed: int


DEFAULTS = RandomConfig(
    spec=FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=128), draw_seed=0
)


class RandomFingerprinter:
    """Implements :class:`fpbench.Fingerprinter`."""

    def __init__(self, config: RandomConfig) -> None:
        self.spec = config.spec
        self._seed = config.draw_seed

    def embed(self, segments: Segments, /) -> Vectors:
        vectors = np.empty((len(segments), self.spec.dim), dtype=np.float32)
        for row, segment in enumerate(segments):
            # From the bytes and not from a counter: equal segments get equal vectors in any batch.
            digest = hashlib.blake2b(segment.tobytes(), digest_size=16).digest()
            rng = rng_at(self._seed, Stream.WEIGHTS, int.from_bytes(digest, "little"))
            # Normal coordinates give uniform directions.
            direction = rng.standard_normal(self.spec.dim)
            vectors[row] = direction / np.linalg.norm(direction)
        return vectors
