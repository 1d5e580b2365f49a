"""Queries in one file, and in another one the reference that they match row by row."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.fingerprints.files import open_table, refuse_two_systems, select_rows
from fpbench.plugin.fingerprinters import Vectors
from fpbench.stretches import number_stretches


@dataclass(frozen=True, slots=True)
class VectorPairs:
    """Queries, and a reference whose first rows match them one by one.

    Args:
        queries: Fingerprints of the queries.
        reference: Fingerprints of the reference.
        query_stretches: Number of the stretch of each query, see
            :func:`fpbench.stretches.number_stretches`; None if one of the files has no tracks.
        reference_stretches: Likewise of each row of the reference.
    """

    queries: Vectors
    reference: Float32[np.ndarray, "rows dim"]
    query_stretches: Int64[np.ndarray, " queries"] | None = None
    reference_stretches: Int64[np.ndarray, " rows"] | None = None


def read_pairs(queries: Path, reference: Path) -> VectorPairs:
    """Read queries and references; row i of the queries is a degraded row i of the references.

    A pair is left out if one of its rows is marked as silent or not finite. Marked references
    without a query are left out, too.

    Raises:
        FpbenchError: See :func:`read_vectors`; or there are no queries, there are more queries than
            references, or the dimensions or the fingerprinters differ.
    """
    query_table, reference_table = open_table(queries), open_table(reference)
    refuse_two_systems({queries: query_table.system, reference: reference_table.system})
    n, dim = query_table.vectors.shape
    if dim != reference_table.vectors.shape[1]:
        raise FpbenchError(
            f"'{queries}' has {dim} columns, '{reference}' has {reference_table.vectors.shape[1]}",
            hint="give two files from one fingerprinter",
        )
    if n > len(reference_table.vectors):
        raise FpbenchError(
            f"'{queries}' has {n} rows, '{reference}' only {len(reference_table.vectors)}",
            hint="give files in which query row i is a degraded reference row i",
        )
    usable = reference_table.usable
    usable[:n] &= query_table.usable
    if not usable[:n].any():
        raise FpbenchError(
            f"'{queries}' holds no queries that can be used", hint="give another file"
        )
    pairs = VectorPairs(
        select_rows(query_table.vectors, usable[:n]), select_rows(reference_table.vectors, usable)
    )
    of_queries, of_reference = query_table.tracks, reference_table.tracks
    if of_queries is None or of_reference is None:
        return pairs
    # A query ends where its own track does, or that of its matches.
    ends = (np.diff(of_queries) != 0) | (np.diff(of_reference[:n]) != 0)
    part = np.concatenate([[0], np.cumsum(ends)])
    rows, of_query = np.flatnonzero(usable), np.flatnonzero(usable[:n])
    return replace(
        pairs,
        query_stretches=number_stretches(of_query, part[of_query]),
        reference_stretches=number_stretches(rows, of_reference[rows]),
    )
