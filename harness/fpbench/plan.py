"""What a run will need, said before it starts."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tabulate import tabulate

from fpbench.errors import FpbenchError
from fpbench.fingerprinting import fingerprint_tracks
from fpbench.interfaces import AnyFingerprinter
from fpbench.sizes import short_hours, short_size
from fpbench.store import Store

_DECODING_RATE = 1500.0  # seconds of ogg read and resampled in a second, two threads
_ENCODING_ROWS = 300_000.0  # rows a second into IVF-PQ codes, two cores
_CODE_PAIRS = 2.5e8  # query-row pairs a second that an approximate index gets through, two cores
_LIBRARIES_BYTES = 700_000_000  # torch, faiss, scipy and matplotlib loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One stage's work and what it takes; ``seconds`` is 0 where the result is in the cache."""

    stage: str
    work: str
    seconds: float
    memory_bytes: float
    disk_bytes: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages. Memory is the largest of them, time and disk the sum."""

    needs: Sequence[Need]

    @property
    def memory_bytes(self) -> float:
        """At the peak, libraries included."""
        return _LIBRARIES_BYTES + max(need.memory_bytes for need in self.needs)

    @property
    def disk_bytes(self) -> float:
        """In the cache, when all is done."""
        return sum(need.disk_bytes for need in self.needs)

    def table(self) -> str:
        """For people; the times are estimates from short trials on this machine."""
        rows = [
            (n.stage, n.work, _duration(n.seconds), _size(n.memory_bytes), _size(n.disk_bytes))
            for n in self.needs
        ]
        total = sum(need.seconds for need in self.needs)
        rows.append(("all", "", _duration(total), _size(self.memory_bytes), _size(self.disk_bytes)))
        headers = ("stage", "work", "about", "memory", "disk")
        return tabulate(rows, headers=headers, colalign=("left", "left", "right", "right", "right"))


def fingerprinting_need(
    stage: str, duration_s: float, rate: float, spec_bytes_per_s: float
) -> Need:
    """Reading and fingerprinting audio.

    Args:
        stage: Its title.
        duration_s: Of audio; 0 if it is in the cache.
        rate: Seconds of audio that the fingerprinter takes in a second.
        spec_bytes_per_s: Bytes of fingerprints for a second of audio.
    """
    return Need(
        stage=stage,
        work=f"{short_hours(duration_s / 3600)} of audio" if duration_s else "in the cache",
        seconds=duration_s * (1 / rate + 1 / _DECODING_RATE),
        memory_bytes=200e6,
        disk_bytes=2 * duration_s * spec_bytes_per_s,
    )


def search_need(
    stage: str, n_queries: int, rows: int, dim: int, *, exact: bool, grown: bool, evidence: float
) -> Need:
    """Searching all blocks of one index.

    Args:
        stage: Its title.
        n_queries: Vectors searched with.
        rows: Of the largest database.
        dim: Of a vector.
        exact: Whether every row is compared with every query in full.
        grown: Whether the index keeps every row in memory.
        evidence: Bytes on disk.
    """
    cores = os.cpu_count() or 1
    pairs = float(n_queries) * rows
    if exact:
        seconds = 2 * dim * pairs / product_rate(n_queries, dim)
    else:
        seconds = (pairs / _CODE_PAIRS + rows / _ENCODING_ROWS) * 2 / cores
    return Need(
        stage=stage,
        work=f"{n_queries} queries × {short_size(rows)}",  # noqa: RUF001 - a product
        seconds=seconds,
        memory_bytes=500e6 + (4.5 * dim * rows if grown else 0),
        disk_bytes=evidence,
    )


def product_rate(n_queries: int, dim: int) -> float:
    """Multiplications and additions a second of a float32 matrix product, from a short trial."""
    import torch

    queries = torch.zeros((max(n_queries, 64), dim))
    rows = torch.zeros((dim, 2_000))
    out = queries @ rows
    start, times = time.perf_counter(), 0
    while time.perf_counter() - start < 0.1:
        torch.matmul(queries, rows, out=out)
        times += 1
    return 2.0 * queries.numel() * 2_000 * times / (time.perf_counter() - start)


def fingerprinting_rate(fingerprinter: AnyFingerprinter, name: str) -> float:
    """Seconds of audio that a fingerprinter takes in a second, from two short trials.

    The first one warms up and is not counted.
    """
    rate_hz = fingerprinter.spec.sample_rate_hz
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 30 * rate_hz).astype(np.float32)
    elapsed = 1.0
    for _ in range(2):
        start = time.perf_counter()
        for _ in fingerprint_tracks(fingerprinter, name, [noise]):
            pass
        elapsed = time.perf_counter() - start
    return 30.0 / elapsed


def refuse_what_cannot_fit(plan: Plan, store: Store, out: Path) -> None:
    """Stop before hours of work that would end in a full disk or an out-of-memory kill.

    Raises:
        FpbenchError: Says what is missing and what would fit.
    """
    available = available_memory_bytes()
    if plan.memory_bytes > available:
        raise FpbenchError(
            f"the run needs {_size(plan.memory_bytes)} of memory; {_size(available)} are free",
            hint="smaller --sizes, or an index that works block by block: exact or ivfpq",
        )
    for folder in (store.root, out.parent):
        free = shutil.disk_usage(_existing(folder)).free
        if plan.disk_bytes > free:
            raise FpbenchError(
                f"the run needs {_size(plan.disk_bytes)} on disk; {folder} has {_size(free)} free",
                hint="fewer queries or smaller --sizes, or --cache on a larger disk",
            )


def available_memory_bytes() -> float:
    """What a new process can take without swapping; infinite where the system does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return 1024.0 * int(fields["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return float("inf")


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
