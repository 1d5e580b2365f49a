"""Chooses the pairs of a training step: an anchor, and a positive that will be degraded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from fpbench import FpbenchError, PcmAudio, Stream, rng_at

ORDER, DRAWS, VALIDATION = 1, 2, 3
"""Addresses in the random stream of a training. The harness draws held-out tracks at 0."""

Integers = Int64[np.ndarray, " batch"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Where anchors and their positives start, one pair per row.

    Args:
        track: Index of the recording.
        anchor: First sample of the anchor.
        positive: First sample of the positive, in the same recording.
    """

    track: Integers
    anchor: Integers
    positive: Integers


@runtime_checkable
class Batches(Protocol):
    """The batches of a training, by number."""

    @property
    def per_epoch(self) -> int: ...

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        """The pairs of one batch. The order comes from the epoch, all other draws from ``rng``."""
        ...


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments of some recordings, and how far each may be shifted.

    Args:
        track: Index of the recording.
        start: First sample.
        lowest: Smallest allowed shift, at most 0.
        highest: Largest allowed shift, at least 0.
    """

    track: Integers
    start: Integers
    lowest: Integers
    highest: Integers

    @classmethod
    def from_recordings(cls, recordings: Sequence[PcmAudio], samples: int, hop: int) -> "Segments":
        """List the full segments of each recording. Shifts of up to a hop stay inside it."""
        counts = np.array([max(0, (len(r) - samples) // hop + 1) for r in recordings])
        lengths = np.array([len(r) for r in recordings])
        track = np.repeat(np.arange(len(recordings)), counts)
        number = np.concatenate([np.arange(count) for count in counts])
        start = number * hop
        return cls(
            track,
            start,
            np.maximum(-hop, -start),
            np.minimum(hop, lengths[track] - samples - start),
        )

    def draw_pairs(
        self, rows: Integers, margin: int, rng: np.random.Generator, *, together: int = 1
    ) -> Pairs:
        """Draw a pair around each chosen segment: both are shifted, at most ``margin`` apart.

        Args:
            together: Number of consecutive rows whose anchors get the same shift. They keep the
                distances that they have in a database, except at the ends of a track, where
                shifts are cut.
        """
        lowest, highest = self.lowest[rows], self.highest[rows]
        if together > 1:
            shared = rng.integers(-margin, max(margin, 1 - margin), len(rows) // together)
            anchor = np.clip(np.repeat(shared, together), lowest, highest)
        else:
            anchor = _draw_integers(np.maximum(lowest, -margin), np.minimum(highest, margin), rng)
        positive = _draw_integers(
            np.maximum(anchor - margin, lowest), np.minimum(anchor + margin, highest), rng
        )
        start = self.start[rows]
        return Pairs(self.track[rows], start + anchor, start + positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffledSegments:
    """Each epoch has every segment once, in a new order. An incomplete last batch is dropped."""

    segments: Segments
    anchors: int
    margin: int
    seed: int

    @property
    def per_epoch(self) -> int:
        return len(self.segments.track) // self.anchors

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        epoch, batch = divmod(number, self.per_epoch)
        order = rng_at(self.seed, Stream.TRAINING, ORDER, epoch).permutation(
            len(self.segments.track)
        )
        rows = order[batch * self.anchors : (batch + 1) * self.anchors]
        return self.segments.draw_pairs(rows, self.margin, rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePerTrack:
    """No two anchors of a batch are from one track, so that no negative is the same music.

    Tracks take turns in a random order, and so do the segments of each track. All tracks occur
    equally often, up to a difference of 1. An epoch has as many anchors as there are segments, so
    segments of short tracks are repeated and some of long tracks are left out.

    Source: Araz et al. 2025, arXiv 2506.22661, section on batch composition.
    """

    segments: Segments
    anchors: int
    margin: int
    seed: int

    @property
    def per_epoch(self) -> int:
        return len(self.segments.track) // self.anchors

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        epoch, batch = divmod(number, self.per_epoch)
        order = rng_at(self.seed, Stream.TRAINING, ORDER, epoch)
        tracks, first, counts = np.unique(
            self.segments.track, return_index=True, return_counts=True
        )
        tracks_in_turn = order.permutation(len(tracks))
        keys = order.random(len(self.segments.track))
        turn, place = np.divmod(np.arange(self.anchors) + batch * self.anchors, len(tracks))
        chosen = tracks_in_turn[place]
        # Sorted by track, then by a random key: each track's own segments, shuffled.
        within = np.lexsort((keys, self.segments.track))
        rows = within[first[chosen] + turn % counts[chosen]]
        return self.segments.draw_pairs(rows, self.margin, rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralPerTrack:
    """Groups of ``per_track`` segments from one track, so that each anchor has hard negatives.

    The network then learns to tell apart not only tracks but also the segments of one track. Each
    epoch has every segment once, except those that fill no group, and groups that fill no batch.
    A batch may have several groups of one track.
    """

    segments: Segments
    anchors: int
    per_track: int
    margin: int
    seed: int

    @property
    def groups(self) -> int:
        """Number of full groups in an epoch."""
        return int((np.bincount(self.segments.track) // self.per_track).sum())

    @property
    def per_epoch(self) -> int:
        return self.groups // (self.anchors // self.per_track)

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        epoch, batch = divmod(number, self.per_epoch)
        order = rng_at(self.seed, Stream.TRAINING, ORDER, epoch)
        shuffled = np.lexsort((order.random(len(self.segments.track)), self.segments.track))
        counts = np.bincount(self.segments.track)
        first = np.concatenate(([0], np.cumsum(counts[:-1])))
        groups = counts // self.per_track
        # Start of each group among the shuffled segments. Groups of one track follow each other.
        starts = np.concatenate(
            [at + self.per_track * np.arange(n) for at, n in zip(first, groups, strict=True)]
        )
        size = self.anchors // self.per_track
        chosen = order.permutation(starts)[batch * size : (batch + 1) * size]
        rows = shuffled[(chosen[:, None] + np.arange(self.per_track)).ravel()]
        # One shift for each group: with a shift for each segment, neighbouring segments could
        # become the same music and still be negatives of each other. Segments of two groups of
        # one track still can.
        return self.segments.draw_pairs(rows, self.margin, rng, together=self.per_track)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnywhereInTrack:
    """Each epoch has one pair from each track, at a random position. Source: GraFPrint.

    Args:
        tracks: Indices of the recordings that are long enough.
        lengths: Their lengths in samples.
    """

    tracks: Integers
    lengths: Integers
    samples: int
    anchors: int
    margin: int
    seed: int

    @classmethod
    def from_recordings(
        cls, recordings: Sequence[PcmAudio], samples: int, *, anchors: int, margin: int, seed: int
    ) -> "AnywhereInTrack":
        """Take the recordings that are longer than a segment and the margin together."""
        lengths = np.array([len(recording) for recording in recordings])
        tracks = np.flatnonzero(lengths > samples + margin)
        return cls(
            tracks=tracks,
            lengths=lengths[tracks],
            samples=samples,
            anchors=anchors,
            margin=margin,
            seed=seed,
        )

    @property
    def per_epoch(self) -> int:
        return len(self.lengths) // self.anchors

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        epoch, batch = divmod(number, self.per_epoch)
        order = rng_at(self.seed, Stream.TRAINING, ORDER, epoch).permutation(len(self.lengths))
        chosen = order[batch * self.anchors : (batch + 1) * self.anchors]
        room = self.lengths[chosen] - self.samples - self.margin
        piece = _draw_integers(np.zeros_like(room), room, rng)
        shifts = rng.integers(0, max(1, self.margin), (2, len(chosen)))
        return Pairs(self.tracks[chosen], piece + shifts[0], piece + shifts[1])


def require_full_batch(batches: Batches, available: int, what: str, anchors: int) -> Batches:
    """Return ``batches`` if there are enough segments or tracks for one.

    Raises:
        FpbenchError: There are not.
    """
    if available < anchors:
        fewer = f"use --set anchors={available} or fewer, or train on more music"
        raise FpbenchError(
            f"anchors={anchors}, but there are only {available} {what} to train on",
            hint=fewer if available else "train on longer tracks",
        )
    return batches


def _draw_integers(low: Integers, high: Integers, rng: np.random.Generator) -> Integers:
    """Draw uniformly from [low, high); take low where that range is empty."""
    drawn: Integers = rng.integers(low, np.maximum(high, low + 1))
    return drawn
