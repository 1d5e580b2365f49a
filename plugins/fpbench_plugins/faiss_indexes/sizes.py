"""The size of a FAISS index, which FAISS itself does not say."""

from typing import Any

import faiss

_AT_ONCE = 4 << 20


def size_bytes(index: Any) -> int:
    """Bytes of an index as FAISS writes it to a file, which are nearly those in memory.

    Codes, numbers of rows, links and centroids count; nothing is kept of what is written.
    """
    total = 0

    def count(piece: bytes) -> None:
        nonlocal total
        total += len(piece)

    writer = faiss.PyCallbackIOWriter(count, _AT_ONCE)  # type: ignore[attr-defined]  # by SWIG
    faiss.write_index(index, writer)
    del writer  # it writes what it still holds when it goes
    return total
