"""Threads that simulate several batches of queries at the same time."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import TypeVar

from fpbench.machine import arithmetic_threads
from fpbench.plugin.fingerprinters import Vectors
from fpbench.prefetch import map_ahead
from fpbench.search.splitting import Decode, Noise

Batch = TypeVar("Batch")
Outcome = TypeVar("Outcome")

COPIES = 6
"""Memory of a batch that is simulated, as a multiple of the noise of its particles."""


class StoppedError(Exception):
    """Nobody waits for the outcome of a simulation any more."""


def simulate_in_threads(
    simulate: Callable[[Batch, Decode], Outcome],
    batches: Iterable[Batch],
    decode: Decode,
    *,
    noise_bytes: int,
    threads: int | None = None,
) -> Iterator[Outcome]:
    """Simulate batches, each in one thread, and yield their outcomes in order.

    A network decodes with all cores, but all else that a simulation does would keep one of them.
    Batches are independent, so that the number of threads changes no outcome.

    Args:
        simulate: Simulates a batch with a function that decodes.
        batches: The batches.
        decode: Turns noise into fingerprints; threads call it at the same time.
        noise_bytes: Memory of the noise of a batch, which limits the number of threads.
        threads: Number of threads; None means those of libraries that compute.
    """
    stopped = Event()

    def decode_unless_stopped(noise: Noise) -> Vectors:
        # Without this, Ctrl-C or an error of one batch would wait for the others, which may take
        # an hour with a large network.
        if stopped.is_set():
            raise StoppedError
        return decode(noise)

    try:
        yield from map_ahead(
            lambda batch: simulate(batch, decode_unless_stopped),
            batches,
            workers=threads or arithmetic_threads(),
            size_bytes=lambda _batch: COPIES * noise_bytes,
        )
    finally:
        stopped.set()
