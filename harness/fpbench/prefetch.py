"""Threads that work a little ahead of the caller."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from fpbench.machine import usable_cores

AHEAD_BYTES = 1_000_000_000
"""Memory of what :func:`map_ahead` works on or keeps for the caller, if its sizes are known."""

_MOST_WORKERS = 32  # whatever the number of cores: a thread has buffers of its own

Item = TypeVar("Item")
Result = TypeVar("Result")


def default_workers() -> int:
    """Threads of :func:`map_ahead`: one per core that this process may use, but not hundreds."""
    return min(usable_cores(), _MOST_WORKERS)


def map_ahead(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | None = None,
    size_bytes: Callable[[Item], float] = lambda item: 0.0,
    ahead_bytes: float = AHEAD_BYTES,
) -> Iterator[Result]:
    """Like ``map``, but in threads: results in order, at most three per worker ahead of the caller.

    It uses threads, not processes, because decoding, resampling and hashing release the
    interpreter lock. On two cores, two threads read 1.96 times as fast as one, and two processes
    1.88 times.

    Args:
        work: What is done in threads.
        items: Its arguments.
        workers: Number of threads; None means :func:`default_workers`.
        size_bytes: Memory that the work on an item and its result take.
        ahead_bytes: Memory of all items that are worked on, waiting, or in use by the caller; a
            larger item is worked on alone.
    """
    workers = workers or default_workers()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read-ahead")
    pending: deque[tuple[Future[Result], float]] = deque()
    held = 0.0
    try:
        for item in items:
            size = size_bytes(item)
            while pending and held + size > ahead_bytes:
                future, done = pending.popleft()
                yield future.result()
                held -= done
            held += size
            pending.append((pool.submit(work, item), size))
            if len(pending) >= 3 * workers:
                future, done = pending.popleft()
                yield future.result()
                held -= done
        while pending:
            yield pending.popleft()[0].result()
    finally:
        # The work only reads files, so nothing is lost.
        pool.shutdown(wait=False, cancel_futures=True)


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the same items; a thread makes the next one while the caller uses the current one."""
    worker = ThreadPoolExecutor(1)
    try:
        upcoming = worker.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = worker.submit(next, items, None)
            yield item
    finally:
        worker.shutdown(wait=False)  # a draw by a large network takes minutes
