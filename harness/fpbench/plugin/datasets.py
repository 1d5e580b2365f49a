"""Datasets: recordings, or fingerprints that are ready-made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One recording.

    Args:
        name: Unique in its dataset; what results and reports call it.
        path: An audio file.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Positions:
    """Where rows or queries come from.

    Args:
        track: Index into a list of tracks.
        start_s: Seconds from the start of that track.
    """

    track: Int64[np.ndarray, " rows"]
    start_s: Float64[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorDataset:
    """Ready-made fingerprints; row i of ``query`` is the degraded row i of ``reference``."""

    query: Float32[np.ndarray, "queries dim"]
    reference: Float32[np.ndarray, "reference dim"]
    distractors: Float32[np.ndarray, "distractors dim"]
    hop_s: float = 0.5
    segment_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a run works on. Either tracks to fingerprint, or ``vectors`` that already are.

    Args:
        name: As asked for, such as ``folder:music``.
        reference: Tracks that queries are made from.
        distractors: Tracks that answer no query; also what a generator is fitted to.
        train: Tracks to train encoders on.
        noise: Background recordings for query degradation; empty means the recipe's own.
        impulse_responses: Likewise for reverberation.
        train_noise: Background recordings for training, disjoint from ``noise``.
        train_impulse_responses: Likewise.
        vectors: Ready-made fingerprints; the track lists are then empty.
    """

    name: str
    reference: Sequence[Track] = ()
    distractors: Sequence[Track] = ()
    train: Sequence[Track] = ()
    noise: Sequence[Track] = ()
    impulse_responses: Sequence[Track] = ()
    train_noise: Sequence[Track] = ()
    train_impulse_responses: Sequence[Track] = ()
    vectors: VectorDataset | None = None
