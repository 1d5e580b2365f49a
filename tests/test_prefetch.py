"""Work ahead keeps the order and the bound, and closing waits for no work."""

import threading
from collections.abc import Iterator

import pytest

from fpbench import FpbenchError
from fpbench.prefetch import default_workers, map_ahead, prefetch


def test_map_ahead_is_bounded_and_in_order() -> None:
    requested: list[int] = []

    def items() -> "object":
        for item in range(100):
            requested.append(item)
            yield item

    results = map_ahead(lambda item: item * 10, items(), workers=2)
    assert next(results) == 0
    assert len(requested) == 6
    assert list(results) == list(range(10, 1000, 10))


def test_many_cores_hold_no_more_than_the_memory_allows() -> None:
    requested: list[int] = []

    def items() -> Iterator[int]:
        for item in (40, 30, 20, 90, 50, 200, 10, 10):
            requested.append(item)
            yield item

    results = map_ahead(
        lambda item: item, items(), workers=192, size_bytes=float, ahead_bytes=100.0
    )
    # Each waits for those before it until they fit together; 200 is worked on alone.
    after = [(result, len(requested)) for result in results]
    assert after == [(40, 4), (30, 4), (20, 4), (90, 5), (50, 6), (200, 7), (10, 8), (10, 8)]


def test_work_ahead_has_a_thread_for_each_core_but_not_hundreds() -> None:
    assert 1 <= default_workers() <= 32


def test_closing_map_ahead_waits_for_no_work() -> None:
    started, closed, waited_for = threading.Event(), threading.Event(), []

    def work(item: int) -> int:
        if item > 0:
            started.set()
            if not closed.wait(20):
                waited_for.append(item)
        return item

    results = map_ahead(work, range(9), workers=1)
    assert next(results) == 0
    assert started.wait(20)
    results.close()
    closed.set()
    assert waited_for == []


def test_prefetch_keeps_the_items_and_their_order() -> None:
    assert list(prefetch(iter(range(5)))) == list(range(5))


def test_closing_prefetch_waits_for_no_item() -> None:
    closed, waited_for = threading.Event(), []

    def draws() -> Iterator[int]:
        yield 0
        if not closed.wait(20):
            waited_for.append(1)
        yield 1

    items = prefetch(draws())
    assert next(items) == 0
    items.close()
    closed.set()
    assert waited_for == []


def test_prefetch_raises_errors_of_the_iterator() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise FpbenchError("broken generator")

    with pytest.raises(FpbenchError, match="broken generator"):
        list(prefetch(broken()))
