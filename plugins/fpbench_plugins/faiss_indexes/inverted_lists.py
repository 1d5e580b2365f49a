"""Searches inverted lists for many queries at once.

FAISS goes through its lists for each query by itself, and adds up numbers of a table for each code.
Where many queries visit each list, it is faster to decode a list once, and to multiply its rows
with all of these queries.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import faiss
import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8

from fpbench import Vectors
from fpbench.plugin.devices import has_bfloat16
from fpbench_plugins.building_blocks.compute.one_thread import use_one_thread
from fpbench_plugins.building_blocks.compute.sieve import Workspace
from fpbench_plugins.faiss_indexes.list_panel import TURNS, ListPanel, ListRows, prepare_list

PANEL_QUERIES = 16_384
VISITORS = 100  # of each list, in the mean, from which on this is faster than FAISS
ROWS_AT_ONCE = 4_096  # of a list; with the queries of a panel, they bound the memory of products

Decode = Callable[[Any, int], Float32[np.ndarray, "rows dim"]]
"""The rows of a list of an index, as their codes have them."""


def are_many(queries: Vectors, index: Any) -> bool:
    """Whether these are so many queries that :func:`search_lists` is faster than FAISS."""
    return bool(len(queries) * min(index.nprobe, index.nlist) >= VISITORS * index.nlist)


def search_lists(
    index: Any,
    decode: Decode,
    queries: Vectors,
    k: int,
    within: Float32[np.ndarray, " queries"] | None = None,
) -> tuple[Int64[np.ndarray, "queries k"], Float32[np.ndarray, "queries k"]]:
    """The k rows with the smallest (distance, id), among those of the lists that FAISS searches.

    Distances are those of FAISS, but for their rounding. So ids are those of FAISS, except where
    two distances differ by less than that.

    Args:
        index: An index of FAISS with inverted lists.
        decode: Decodes one of its lists.
        queries: The queries, finite.
        k: Rows to find.
        within: Largest distance of a row to each query that is of use: rows beyond it need not be
            found, which saves time. None means that all are of use.
    """
    if within is None:
        within = np.full(len(queries), np.inf, dtype=np.float32)
    dtype = torch.bfloat16 if has_bfloat16("cpu") else torch.float32
    _, visits = index.quantizer.search(queries, min(index.nprobe, index.nlist))
    threads = torch.get_num_threads()
    parts = min(max(threads, -(-len(queries) // PANEL_QUERIES)), len(queries))
    panels = [
        ListPanel(some, visited, lists=index.nlist, k=k, within=reach, dtype=dtype)
        for some, visited, reach in zip(
            torch.from_numpy(queries).tensor_split(parts),
            np.array_split(visits, parts),
            torch.from_numpy(within.copy()).tensor_split(parts),
            strict=True,
        )
    ]
    with ThreadPoolExecutor(threads, "lists", _start_thread) as pool:
        tasks = [
            pool.submit(_visit_all, panels[i::threads], index, decode, dtype)
            for i in range(threads)
        ]
        for task in tasks:
            task.result()
    # Otherwise new threads of torch would start with the setting of the pool's threads.
    torch.set_num_threads(threads)
    ids, keys = zip(*(panel.result() for panel in panels), strict=True)
    return np.concatenate(ids), np.concatenate(keys)


def _start_thread() -> None:
    use_one_thread()
    faiss.omp_set_num_threads(1)


def _visit_all(panels: Sequence[ListPanel], index: Any, decode: Decode, dtype: torch.dtype) -> None:
    workspace = Workspace()
    for turn, number in product(TURNS, range(index.nlist)):
        visited = [panel for panel in panels if panel.has_visitors(turn, number)]
        for some in _read_list(index, decode, number, dtype) if visited else []:
            for panel in visited:
                panel.visit(turn, number, some, workspace)


def _read_list(index: Any, decode: Decode, number: int, dtype: torch.dtype) -> Sequence[ListRows]:
    size = index.invlists.list_size(number)
    if size == 0:
        return []
    ids = faiss.rev_swig_ptr(index.invlists.get_ids(number), size)
    rows = decode(index, number)
    return [
        prepare_list(ids[at : at + ROWS_AT_ONCE], rows[at : at + ROWS_AT_ONCE], dtype)
        for at in range(0, size, ROWS_AT_ONCE)
    ]


def decode_codes(index: Any, number: int) -> Float32[np.ndarray, "rows dim"]:
    """The rows of a list of IVF-PQ: its centroid and the decoded residuals."""
    rows: Float32[np.ndarray, "rows dim"] = index.pq.decode(_read_codes(index, number))
    rows += index.quantizer.reconstruct(number)
    return rows


def decode_vectors(index: Any, number: int) -> Float32[np.ndarray, "rows dim"]:
    """The rows of a list of vectors that are not compressed."""
    return _read_codes(index, number).view(np.float32)


def _read_codes(index: Any, number: int) -> UInt8[np.ndarray, "rows bytes"]:
    lists = index.invlists
    size = lists.list_size(number)
    codes: UInt8[np.ndarray, " bytes"] = faiss.rev_swig_ptr(
        lists.get_codes(number), size * lists.code_size
    )
    return codes.reshape(size, lists.code_size)
