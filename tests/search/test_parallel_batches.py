"""Batches are simulated at the same time, in order, and no longer than somebody waits."""

from threading import Barrier, Event

import numpy as np
import pytest

from fpbench.search.parallel_batches import StoppedError, simulate_in_threads
from fpbench.search.splitting import Decode

NOISE = np.zeros((1, 2), dtype=np.float32)


def test_outcomes_are_in_the_order_of_their_batches() -> None:
    together = Barrier(2)

    def simulate(batch: int, decode: Decode) -> int:
        together.wait(20)  # passes only if two are simulated at the same time
        return batch + int(decode(NOISE)[0, 0])

    found = simulate_in_threads(
        simulate, range(6), lambda noise: noise + 10, noise_bytes=1, threads=2
    )
    assert list(found) == [10, 11, 12, 13, 14, 15]


def test_batches_that_do_not_fit_into_memory_wait() -> None:
    def simulate(batch: int, decode: Decode) -> int:
        running.append(batch)
        most.append(len(running))
        decode(NOISE)
        running.remove(batch)
        return batch

    running: list[int] = []
    most: list[int] = []
    found = simulate_in_threads(
        simulate, range(8), lambda noise: noise, noise_bytes=10**9, threads=4
    )
    assert list(found) == list(range(8))
    assert max(most) == 1


def test_an_error_of_one_batch_ends_the_others() -> None:
    started, failed, ended = Event(), Event(), Event()

    def simulate(batch: int, decode: Decode) -> None:
        if batch == 0:
            started.wait(20)
            raise ValueError("broken")
        started.set()
        failed.wait(20)
        try:
            decode(NOISE)
        except StoppedError:
            ended.set()

    found = simulate_in_threads(simulate, range(2), lambda noise: noise, noise_bytes=1, threads=2)
    with pytest.raises(ValueError, match="broken"):
        next(found)
    failed.set()
    assert ended.wait(20)
