"""Work ahead keeps its order and its bounds, and holds nobody up."""

import threading
from collections.abc import Iterator

import pytest

from fpbench import FpbenchError
from fpbench.prefetch import map_ahead, prefetch


def test_map_ahead_is_bounded_and_in_order() -> None:
    taken: list[int] = []

    def items() -> "object":
        for item in range(100):
            taken.append(item)
            yield item

    results = map_ahead(lambda item: item * 10, items(), workers=2)
    assert next(results) == 0
    assert len(taken) == 6
    assert list(results) == list(range(10, 1000, 10))


def test_what_nobody_waits_for_holds_nobody_up() -> None:
    begun, closed, waited_for = threading.Event(), threading.Event(), []

    def work(item: int) -> int:
        if item > 0:
            begun.set()
            if not closed.wait(20):
                waited_for.append(item)
        return item

    results = map_ahead(work, range(9), workers=1)
    assert next(results) == 0
    assert begun.wait(20)
    results.close()
    closed.set()
    assert waited_for == []


def test_ahead_keeps_the_items_and_their_order() -> None:
    assert list(prefetch(iter(range(5)))) == list(range(5))


def test_ahead_waits_for_nothing_that_nobody_wants() -> None:
    closed, waited_for = threading.Event(), []

    def drawn() -> Iterator[int]:
        yield 0
        if not closed.wait(20):
            waited_for.append(1)
        yield 1

    items = prefetch(drawn())
    assert next(items) == 0
    items.close()
    closed.set()
    assert waited_for == []


def test_ahead_hands_errors_on() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise FpbenchError("broken generator")

    with pytest.raises(FpbenchError, match="broken generator"):
        list(prefetch(broken()))
