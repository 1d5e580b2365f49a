"""Work ahead keeps the order and the bound, and closing waits for no work."""

import threading
from collections.abc import Iterator

import pytest

from fpbench import FpbenchError
from fpbench.prefetch import map_ahead, prefetch


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
