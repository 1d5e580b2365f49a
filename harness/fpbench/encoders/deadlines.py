"""A deadline for work that may wait for ever, such as for a server."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import TypeVar

T = TypeVar("T")

_WAITING = 4
"""Most items that are made before they are asked for."""


def iterate_until(make: Callable[[], Iterator[T]], deadline_s: float) -> Iterator[T]:
    """Yield what a generator yields, but wait no longer than a deadline, whatever it waits for.

    A socket has only a timeout for each operation: a server that sends a byte a minute never
    exceeds it.

    Args:
        make: Makes the generator, which runs in a thread; it is closed when the caller stops.
        deadline_s: Longest time for all items together.

    Raises:
        TimeoutError: The generator has not ended at the deadline.
    """
    items: queue.Queue[T | None] = queue.Queue(_WAITING)
    errors: list[BaseException] = []
    stopped = threading.Event()

    def put(item: T | None) -> None:
        written = False
        while not (written or stopped.is_set()):
            with suppress(queue.Full):
                items.put(item, timeout=0.1)
                written = True

    def work() -> None:
        try:
            with closing(make()) as generator:  # type: ignore[type-var]
                for item in generator:
                    put(item)
                    if stopped.is_set():
                        return
        except BaseException as err:
            errors.append(err)
        put(None)

    threading.Thread(target=work, daemon=True).start()
    end = time.monotonic() + deadline_s
    try:
        while (item := _take(items, end, deadline_s)) is not None:
            yield item
        if errors:
            raise errors[0]
    finally:
        stopped.set()


def _take(items: "queue.Queue[T | None]", end: float, deadline_s: float) -> T | None:
    try:
        return items.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        raise TimeoutError(f"it took longer than {deadline_s:g} s") from None
