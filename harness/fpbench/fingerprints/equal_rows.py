"""Finds fingerprints that occur in two sets, bit for bit."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32, UInt64

from fpbench.plugin.fingerprinters import Vectors

_ROWS_AT_ONCE = 1 << 15


def find_equal_rows(
    rows: Float32[np.ndarray, "rows dim"], among: Float32[np.ndarray, "others dim"]
) -> Bool[np.ndarray, " rows"]:
    """Which rows equal one of the others; 0.0 and -0.0 are equal.

    All rows are read, in blocks: of the others, only eight bytes each are in memory.
    """
    found = np.zeros(len(rows), dtype=bool)
    if len(among) == 0:
        return found
    hashes = np.concatenate([_hash_rows(block) for _, block in _blocks(among)])
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    for start, block in _blocks(rows):
        wanted = _hash_rows(block)
        places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        candidates = np.flatnonzero(ordered[places] == wanted)
        # Sorted, because a memory map is read faster in order.
        partners = order[places[candidates]]
        by_partner = np.argsort(partners, kind="stable")
        candidates, partners = candidates[by_partner], partners[by_partner]
        equal = (block[candidates] == among[partners]).all(axis=1)
        found[start + candidates[equal]] = True
    return found


def _blocks(rows: Float32[np.ndarray, "rows dim"]) -> Iterator[tuple[int, Vectors]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield start, rows[start : start + _ROWS_AT_ONCE]


def _hash_rows(rows: Float32[np.ndarray, "rows dim"]) -> UInt64[np.ndarray, " rows"]:
    """A hash of each row; a sum of whole numbers does not depend on the order of its terms."""
    bits = np.ascontiguousarray(rows + np.float32(0)).view(np.uint32)
    factors = np.random.default_rng(0).integers(1 << 63, size=rows.shape[1], dtype=np.uint64)
    hashes: UInt64[np.ndarray, " rows"] = np.einsum("ij,j->i", bits, 2 * factors + 1)
    return hashes
