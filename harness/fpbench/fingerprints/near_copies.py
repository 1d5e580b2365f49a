"""Finds tracks that share a stretch of one recording, by their fingerprints.

A copy in another codec, rate or level, or one that is shifted or cut, has other samples, but
fingerprints that follow those of the original in time. What "alike" means differs between systems,
so it is read off the tracks themselves: in a copy, a fingerprint is more like its partner in the
original than like its own neighbour in time, even where the copy is shifted by half a hop. Music
that only sounds alike is not, over several seconds and in the same order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.cache import Store
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.hashing import code_key, content_key
from fpbench.plugin.fingerprinters import Vectors
from fpbench.progress import Report
from fpbench.results.data import NearCopy

STRETCH = 10
"""Fingerprints in a row that have to be alike."""

ALIKE = 0.85
"""Largest distance between copies, relative to that between neighbours in time.

Over 10 fingerprints of hop 0.5 s, transcodes that were shifted by up to half a hop are at 0.75 at
most with the spectral sketch, and at 0.36 with NAFP; the most similar stretches of different music,
of 130 tracks, are at 1.17 and 1.37.
"""

_KIND = "near-copies"
_STEADY = 0.005  # smallest distance of neighbours that shows an order in time
_PRODUCTS = 1e11  # of two numbers: some seconds
_PROBE_STEP = 4  # fingerprints, so that every stretch holds two probes
_FEWEST_PROBES = 4  # of a track of the reference, whatever the number of fingerprints
_COLUMNS = [one.name for one in fields(NearCopy)]
_NEIGHBOURS = 12  # of a fingerprint: the neighbours in time of a few copies are among them
_PROBES_AT_ONCE = 1 << 10
_ROWS_AT_ONCE = 1 << 15
_WINDOWS_AT_ONCE = 1 << 12


@dataclass(frozen=True, slots=True)
class _Rows:
    """The fingerprints of several sets, one after another.

    Args:
        vectors: Those of each set.
        first: First row of each track, and the number of rows.
        track: Track of each row, counted over all sets.
        usable: Whether each row holds music.
    """

    vectors: Sequence[Float32[np.ndarray, "_ dim"]]
    first: Int64[np.ndarray, " borders"]
    track: Int64[np.ndarray, " rows"]
    usable: Bool[np.ndarray, " rows"]

    @classmethod
    def of(cls, sets: Sequence[FingerprintSet]) -> "_Rows":
        before = np.cumsum([0, *(len(one.tracks) for one in sets)])
        tracks = [one.track + start for one, start in zip(sets, before[:-1], strict=True)]
        track = np.concatenate(tracks).astype(np.int64)
        return cls(
            [one.vectors for one in sets],
            np.searchsorted(track, np.arange(before[-1] + 1)),
            track,
            ~np.concatenate([one.silent for one in sets]),
        )

    def take(self, rows: Int64[np.ndarray, " some"]) -> Vectors:
        """Some rows, scaled to length 1."""
        taken = np.empty((len(rows), self.vectors[0].shape[1]), dtype=np.float32)
        start = 0
        for vectors in self.vectors:
            here = (rows >= start) & (rows < start + len(vectors))
            taken[here] = vectors[rows[here] - start]
            start += len(vectors)
        taken /= np.maximum(np.linalg.norm(taken, axis=1, keepdims=True), np.float32(1e-12))
        return taken

    def blocks(self) -> Iterator[tuple[int, Vectors]]:
        for start in range(0, len(self.track), _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, len(self.track))
            yield start, self.take(np.arange(start, stop))


def find_near_copies(
    store: Store, reference: FingerprintSet, distractors: FingerprintSet, report: Report
) -> list[NearCopy]:
    """Find pairs of tracks that share a stretch of one recording.

    All tracks are compared with all others at some of their fingerprints: in a small dataset at
    every fourth, in a large one at a few of each track of the reference.

    Args:
        store: Keeps the pairs.
        reference: Fingerprints of the reference.
        distractors: Those of the distractors.
        report: Called after each part of the search.

    Returns:
        Pairs in the order of the tracks, the reference before the distractors; of two tracks, the
        later one is the copy.
    """
    names = [*reference.tracks, *distractors.tracks]
    code = code_key(__name__)
    key = content_key(code=code, reference=reference.key, distractors=distractors.key, names=names)
    arrays = store.read(_KIND, key)
    if arrays is None:
        found = _search(reference, distractors, report)
        arrays = {name: np.array([getattr(one, name) for one in found]) for name in _COLUMNS}
        store.write(_KIND, key, arrays)
    rows = zip(*(arrays[name].tolist() for name in _COLUMNS), strict=True)
    return [NearCopy(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _search(
    reference: FingerprintSet, distractors: FingerprintSet, report: Report
) -> list[NearCopy]:
    sets = (reference, distractors)
    rows = _Rows.of(sets)
    if len(rows.track) == 0:
        return []
    steps = _neighbour_distances(rows)
    probes = _choose_probes(rows, reference)
    pairs: set[tuple[int, int, int]] = set()
    for done in range(0, len(probes), _PROBES_AT_ONCE):
        some = probes[done : done + _PROBES_AT_ONCE]
        found = _nearest_in_other_tracks(rows, some)
        pairs |= _alike(rows, steps, np.repeat(some, found.shape[1]), found.reshape(-1))
        report((done + len(some)) / len(probes), f"{done + len(some):,} fingerprints")
    longest: dict[tuple[int, int], NearCopy] = {}
    starts_s = np.concatenate([one.start_s for one in sets])
    names = [name for one in sets for name in one.tracks]
    for track, other, offset in sorted(pairs):
        copy = _describe(rows, steps, (track, other, offset), starts_s, names)
        known = longest.get((track, other))
        if known is None or copy.length_s > known.length_s:
            longest[track, other] = copy
    return list(longest.values())


def _neighbour_distances(rows: _Rows) -> Float32[np.ndarray, " rows"]:
    """Distance 1 - cosine of each row from the next of its track; of the last, from the one before.

    It is 2, as of no neighbour, where there is no other row.
    """
    count = len(rows.track)
    steps = np.full(count, 2, dtype=np.float32)
    for start in range(0, count - 1, _ROWS_AT_ONCE):
        block = rows.take(np.arange(start, min(start + _ROWS_AT_ONCE + 1, count)))
        steps[start : start + len(block) - 1] = 1 - np.einsum("ij,ij->i", block[:-1], block[1:])
    last = rows.first[1:] - 1
    several = np.diff(rows.first) > 1
    steps[last[several]] = steps[last[several] - 1]
    steps[last[np.diff(rows.first) == 1]] = 2
    return steps


def _choose_probes(rows: _Rows, reference: FingerprintSet) -> Int64[np.ndarray, " probes"]:
    """Rows to search for, evenly spread over the tracks, as many as are affordable."""
    dim = rows.vectors[0].shape[1]
    affordable = int(_PRODUCTS / (len(rows.track) * dim))
    usable = np.flatnonzero(rows.usable)[::_PROBE_STEP]
    if len(usable) <= affordable:
        return usable
    border = int(np.searchsorted(usable, len(reference.vectors)))
    wanted = max(affordable // 2, _FEWEST_PROBES * len(reference.tracks))
    chosen = _thin_out(usable[:border], wanted)
    left = affordable - len(chosen)
    # One probe in a track would find little.
    few = left < 2 * (len(rows.first) - 1 - len(reference.tracks))
    return chosen if few else np.concatenate([chosen, _thin_out(usable[border:], left)])


def _thin_out(rows: Int64[np.ndarray, " rows"], count: int) -> Int64[np.ndarray, " fewer"]:
    """At most ``count`` of the rows, at equal distances."""
    return rows[:: max(1, -(-len(rows) // max(1, count)))]


def _nearest_in_other_tracks(
    rows: _Rows, probes: Int64[np.ndarray, " probes"]
) -> Int64[np.ndarray, "probes k"]:
    """The nearest usable rows of other tracks; -1 where there are too few."""
    import torch

    queries = torch.from_numpy(rows.take(probes))
    own = torch.from_numpy(rows.track[probes])[:, None]
    scores = torch.full((len(probes), _NEIGHBOURS), -torch.inf)
    ids = torch.full((len(probes), _NEIGHBOURS), -1, dtype=torch.int64)
    for start, block in rows.blocks():
        track = rows.track[start : start + len(block)]
        usable = torch.from_numpy(rows.usable[start : start + len(block)])
        products = queries @ torch.from_numpy(block).T
        products[:, ~usable] = -torch.inf
        products.masked_fill_(own == torch.from_numpy(track), -torch.inf)
        best = products.topk(min(_NEIGHBOURS, len(block)), dim=1)
        scores, order = torch.cat([scores, best.values], dim=1).topk(_NEIGHBOURS, dim=1)
        ids = torch.cat([ids, best.indices + start], dim=1).gather(1, order)
    ids[scores == -torch.inf] = -1
    nearest: Int64[np.ndarray, "probes k"] = ids.numpy()
    return nearest


def _alike(
    rows: _Rows,
    steps: Float32[np.ndarray, " rows"],
    probes: Int64[np.ndarray, " candidates"],
    found: Int64[np.ndarray, " candidates"],
) -> set[tuple[int, int, int]]:
    """The later track, the earlier track and the offset of candidates that are copies around it."""
    probes, found = probes[found >= 0], found[found >= 0]
    early, late = np.minimum(probes, found), np.maximum(probes, found)
    first_early, last_early = rows.first[rows.track[early]], rows.first[rows.track[early] + 1]
    first_late, last_late = rows.first[rows.track[late]], rows.first[rows.track[late] + 1]
    lowest = np.maximum(first_early - early, first_late - late)
    highest = np.minimum(last_early - early, last_late - late) - STRETCH
    fits = lowest <= highest
    shift = np.clip(-STRETCH // 2, lowest, np.maximum(lowest, highest))
    starts = np.unique(np.stack([early + shift, late + shift], axis=1)[fits], axis=0)
    pairs: set[tuple[int, int, int]] = set()
    for at in range(0, len(starts), _WINDOWS_AT_ONCE):
        windows = starts[at : at + _WINDOWS_AT_ONCE, :, None] + np.arange(STRETCH)
        one, other = windows[:, 0], windows[:, 1]
        ratios = _distances(rows, one, other).mean(axis=1) / _own_steps(rows, steps, one, other)
        for here, there in starts[at : at + _WINDOWS_AT_ONCE][ratios <= ALIKE].tolist():
            pairs.add((int(rows.track[there]), int(rows.track[here]), there - here))
    return pairs


def _distances(
    rows: _Rows,
    one: Int64[np.ndarray, "windows stretch"],
    other: Int64[np.ndarray, "windows stretch"],
) -> Float32[np.ndarray, "windows stretch"]:
    left, right = (rows.take(each.reshape(-1)) for each in (one, other))
    distances: Float32[np.ndarray, "windows stretch"] = 1 - np.einsum(
        "ij,ij->i", left, right
    ).reshape(one.shape)
    return distances


def _own_steps(
    rows: _Rows,
    steps: Float32[np.ndarray, " rows"],
    one: Int64[np.ndarray, "windows stretch"],
    other: Int64[np.ndarray, "windows stretch"],
) -> Float32[np.ndarray, " windows"]:
    """Mean distance of neighbours in the steadier of the two; 0 where a window shows no order."""
    own = np.minimum(steps[one].mean(axis=1), steps[other].mean(axis=1))
    shown = rows.usable[one].all(axis=1) & rows.usable[other].all(axis=1) & (own >= _STEADY)
    return np.where(shown, own, np.float32(1e-9))


def _describe(
    rows: _Rows,
    steps: Float32[np.ndarray, " rows"],
    pair: tuple[int, int, int],
    starts_s: np.ndarray,
    names: Sequence[str],
) -> NearCopy:
    """Follow a pair along its offset as far as its windows are alike."""
    track, other, offset = pair
    start = max(rows.first[other], rows.first[track] - offset)
    stop = min(rows.first[other + 1], rows.first[track + 1] - offset)
    (along,) = _distances(rows, np.arange(start, stop)[None], np.arange(start, stop)[None] + offset)
    windows = np.arange(start, stop - STRETCH + 1)[:, None] + np.arange(STRETCH)
    distances = along[windows - start]
    ratios = distances.mean(axis=1) / _own_steps(rows, steps, windows, windows + offset)
    alike = np.flatnonzero(ratios <= ALIKE)
    # A window may hold some rows beyond the end of what is alike.
    inside = np.arange(windows[alike[0], 0], windows[alike[-1], -1] + 1)
    own = np.minimum(steps[inside], steps[inside + offset])
    close = inside[along[inside - start] <= own]
    first, last = (close[0], close[-1]) if len(close) else (inside[0], inside[-1])
    hop_s = float(np.median(np.diff(starts_s[windows[alike[0]]])))
    return NearCopy(
        track=names[track],
        of=names[other],
        start_s=round(float(starts_s[first + offset]), 3),
        of_start_s=round(float(starts_s[first]), 3),
        length_s=round(float(starts_s[last] - starts_s[first]) + hop_s, 3),
        similarity=round(float(1 - distances[alike].mean()), 4),
    )
