"""Chooses the stretches of music that one training step sees twice: once clean, once degraded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from fpbench import FpbenchError, PcmAudio, Stream, rng_at

ORDER, DRAWS, VALIDATION = 1, 2, 3
"""Parts of a training's stream of draws; 0 is the harness's choice of held-out tracks."""

Integers = Int64[np.ndarray, " batch"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Where anchors and their positives start, one pair per row.

    Args:
        track: Which recording.
        anchor: First sample of the anchor.
        positive: First sample of the positive, in the same recording.
    """

    track: Integers
    anchor: Integers
    positive: Integers


@runtime_checkable
class Batches(Protocol):
    """Every batch of a training by its number."""

    @property
    def per_epoch(self) -> int: ...

    def pairs(self, number: int, rng: np.random.Generator) -> Pairs:
        """The pairs of one batch; what is not fixed by the epoch's order comes from ``rng``."""
        ...


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments of some recordings, and how far each may be shifted.

    Args:
        start: First sample.
        lowest: Allowed shift, at most 0.
        highest: Allowed shift, at least 0.
    """

    track: Integers
    start: Integers
    lowest: Integers
    highest: Integers

    @classmethod
    def from_recordings(cls, recordings: Sequence[PcmAudio], samples: int, hop: int) -> "Segments":
        """The full segments of each recording; shifts of up to a hop stay inside it."""
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
        """Pairs around chosen segments: each end shifted, at most ``margin`` apart.

        Args:
            together: So many rows after each other have anchors shifted alike, which keeps the
                distances that they have in a database, except at a track's ends, where shifts
                are cut.
        """
        lowest, highest = self.lowest[rows], self.highest[rows]
        if together > 1:
            alike = rng.integers(-margin, max(margin, 1 - margin), len(rows) // together)
            anchor = np.clip(np.repeat(alike, together), lowest, highest)
        else:
            anchor = _draw_integers(np.maximum(lowest, -margin), np.minimum(highest, margin), rng)
        positive = _draw_integers(
            np.maximum(anchor - margin, lowest), np.minimum(anchor + margin, highest), rng
        )
        start = self.start[rows]
        return Pairs(self.track[rows], start + anchor, start + positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffledSegments:
    """Each epoch all segments once, in a new order; a last incomplete batch is dropped."""

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
    """No two anchors of a batch from one track, so that no negative is the same music.

    Tracks take turns in an order of the epoch, and so do the segments within each track. All
    tracks come equally often, give or take one: in an epoch of as many anchors as there are
    segments, those of short tracks are repeated and some of long ones left out.

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
    """Groups of ``per_track`` segments from one track, so that each anchor has negatives in it.

    What tells one moment of a piece from another is then learnt, not only what tells pieces apart.
    Each epoch all segments once, except those left over from groups, and groups from batches. A
    batch may hold several groups of one track.
    """

    segments: Segments
    anchors: int
    per_track: int
    margin: int
    seed: int

    @property
    def groups(self) -> int:
        """Whole ones in an epoch."""
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
        # Where each group starts among the shuffled segments, the groups of a track in a row.
        starts = np.concatenate(
            [at + self.per_track * np.arange(n) for at, n in zip(first, groups, strict=True)]
        )
        size = self.anchors // self.per_track
        chosen = order.permutation(starts)[batch * size : (batch + 1) * size]
        rows = shuffled[(chosen[:, None] + np.arange(self.per_track)).ravel()]
        # Each on its own, neighbours could become the same music and still be told apart. Those in
        # two groups of one track still can, as each group has its own shift.
        return self.segments.draw_pairs(rows, self.margin, rng, together=self.per_track)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnywhereInTrack:
    """Each epoch one pair from each track, from a random place in it. Source: GraFPrint.

    Args:
        tracks: Those long enough, by their number among all recordings.
        lengths: Of these, in samples.
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
        """Recordings that are longer than a segment and the margin."""
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
    """The same batches.

    Raises:
        FpbenchError: There is less than one batch of what its anchors are taken from.
    """
    if available < anchors:
        fewer = f"--set anchors={available} or fewer, or train on more music"
        raise FpbenchError(
            f"anchors={anchors}, but there are only {available} {what} to train on",
            hint=fewer if available else "train on longer tracks",
        )
    return batches


def _draw_integers(low: Integers, high: Integers, rng: np.random.Generator) -> Integers:
    """Uniform in [low, high), or low where that is empty."""
    drawn: Integers = rng.integers(low, np.maximum(high, low + 1))
    return drawn
