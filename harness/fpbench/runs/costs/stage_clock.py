"""Measures elapsed time, processor time and peak memory of the stages of one process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc_pid_clear_refs(5)


@dataclass(slots=True)
class Elapsed:
    """What a stage has taken so far.

    Args:
        wall_s: Elapsed time.
        processor_s: Time of all processors together, in all threads of this process, and in
            processes that it started and that have ended where those measure nothing themselves.
        peak_memory_bytes: Largest memory of the process; None where the system does not say it.
    """

    wall_s: float = 0.0
    processor_s: float = 0.0
    peak_memory_bytes: int | None = None


class StageClock:
    """Measures stages that may lie within one another; each second belongs to the innermost one.

    Only one thread may open stages. The kernel's peak of memory is set back between stages, so
    that another measurement of this process would see that of the last stage only.

    Attributes:
        total: All time since the clock was made, within stages and between them.
    """

    def __init__(self) -> None:
        self.total = Elapsed()
        self._open: list[Elapsed] = []
        self._wall_s, self._processor_s = time.perf_counter(), time.process_time()
        self._has_peaks = _reset_peak()

    @contextmanager
    def measure(self, elapsed: Elapsed, *, with_processes: bool = False) -> Iterator[None]:
        """Add what the block takes, without the stages within it.

        Args:
            with_processes: Whether processes that end in the block count. Those of stages that
                workers carry out measure themselves.
        """
        self.advance()
        self._open.append(elapsed)
        ended_s = _of_ended_processes_s()
        try:
            yield
        finally:
            self.advance()
            self._open.pop()
            if with_processes:
                for one in (elapsed, self.total):
                    one.processor_s += _of_ended_processes_s() - ended_s

    def advance(self) -> None:
        """Add the time since the last call to the total and to the innermost stage."""
        wall_s, processor_s = time.perf_counter(), time.process_time()
        peak = None
        if self._has_peaks:
            peak = _peak_bytes()
            _reset_peak()
        for elapsed in (self.total, *self._open[-1:]):
            elapsed.wall_s += wall_s - self._wall_s
            elapsed.processor_s += processor_s - self._processor_s
            if peak is not None:
                elapsed.peak_memory_bytes = max(peak, elapsed.peak_memory_bytes or 0)
        self._wall_s, self._processor_s = wall_s, processor_s


def _of_ended_processes_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _reset_peak() -> bool:
    """Set the kernel's peak of this process's memory to what it has now; whether it could."""
    try:
        _RESET.write_text(_RESET_PEAK, encoding="ascii")
    except OSError:  # no Linux, or a container that forbids it
        return False
    return _peak_bytes() is not None


def _peak_bytes() -> int | None:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    kilobytes = next(found, None)
    return None if kilobytes is None else 1024 * int(kilobytes)
