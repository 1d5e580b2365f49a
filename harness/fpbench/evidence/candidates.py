"""Merging the candidates of several parts of a database, in one total order."""

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.plugin.indexes import Candidates


def empty_candidates(queries: int, k: int) -> Candidates:
    """The candidates of an empty database: all ids are -1."""
    return Candidates(
        np.full((queries, k), -1, dtype=np.int64),
        np.full((queries, k), np.inf, dtype=np.float32),
        np.full((queries, k), -np.inf, dtype=np.float32),
    )


def merge_candidates(a: Candidates, b: Candidates) -> Candidates:
    """The candidates with the k smallest keys, from two parts with k candidates each.

    At equal keys those of ``a`` come first. If all ids of ``b`` are higher than those of ``a``, the
    order is (key, id).
    """
    keys = np.concatenate([a.keys, b.keys], axis=1)
    best = smallest_columns(keys, a.keys.shape[1])
    return Candidates(
        np.take_along_axis(np.concatenate([a.ids, b.ids], axis=1), best, axis=1),
        np.take_along_axis(keys, best, axis=1),
        np.take_along_axis(np.concatenate([a.scores, b.scores], axis=1), best, axis=1),
    )


def keep_first_rows(candidates: Candidates, rows: int) -> Candidates:
    """The candidates among the first rows of their block; the others become empty places."""
    kept = candidates.ids < rows
    return Candidates(
        np.where(kept, candidates.ids, -1),
        np.where(kept, candidates.keys, np.float32(np.inf)),
        np.where(kept, candidates.scores, np.float32(-np.inf)),
    )


def smallest_columns(
    keys: Float32[np.ndarray, "queries columns"], k: int
) -> Int64[np.ndarray, "queries k"]:
    """Columns of the k smallest keys in each row; at equal keys the left one comes first.

    Key and column are packed into one integer, because sorting integers is ten times faster than a
    stable sort of floats.
    """
    bits = (keys + np.float32(0)).view(np.int32)  # adding 0 turns -0.0 into 0.0
    ordered = np.where(bits < 0, np.int32(-(2**31)) - bits, bits)  # negative floats run backwards
    packed = ordered.astype(np.int64) << 32 | np.arange(keys.shape[1])
    packed.sort(axis=1)
    columns: Int64[np.ndarray, "queries k"] = packed[:, :k] & 0xFFFFFFFF
    return columns


def best_match_rank(
    scores: Float32[np.ndarray, "queries k"], match: Bool[np.ndarray, "queries k"]
) -> Int64[np.ndarray, " queries"]:
    """How many candidates rank before the best match, by score; k where there is no match.

    A tie counts against the system: a wrong candidate with the match's score ranks before it.
    """
    best = np.where(match, scores, -np.inf).max(axis=1, initial=-np.inf)
    before = (~match & (scores >= best[:, None])).sum(axis=1)
    rank: Int64[np.ndarray, " queries"] = np.where(match.any(axis=1), before, scores.shape[1])
    return rank
