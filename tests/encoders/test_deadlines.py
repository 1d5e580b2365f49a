"""Nothing is waited for longer than a deadline."""

import threading
from collections.abc import Iterator

import pytest

from fpbench.encoders.deadlines import iterate_until


def test_yields_what_the_generator_yields() -> None:
    assert list(iterate_until(lambda: (n for n in range(100)), 60.0)) == list(range(100))


def test_passes_an_error_on_after_the_items_before_it() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    items = iterate_until(fail, 60.0)
    assert next(items) == 1
    with pytest.raises(KeyError, match="two"):
        next(items)


def test_ends_at_the_deadline_although_the_generator_waits() -> None:
    release = threading.Event()

    def wait() -> Iterator[int]:
        yield 1
        release.wait()

    items = iterate_until(wait, 0.05)
    assert next(items) == 1
    with pytest.raises(TimeoutError, match=r"longer than 0\.05 s"):
        next(items)
    release.set()


def test_the_generator_is_closed_when_the_caller_stops() -> None:
    closed = threading.Event()

    def count() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    items = iterate_until(count, 60.0)
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert closed.wait(10)
