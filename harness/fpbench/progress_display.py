"""Shows the progress of long tasks on stderr, as a bar or as log lines."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from fpbench.progress import Report
from fpbench.units import short_time

FIRST_LINE_S = 5.0
LINE_EVERY_S = 60.0

_BAR = "{desc:<28} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"


@contextmanager
def show_progress(title: str, *, leave: bool = True) -> Iterator[Report]:
    """Yield a progress callback, and show its values on stderr.

    A terminal and Jupyter show a bar; a log gets a line after five seconds, then one per minute.
    The first value may be the work of an earlier run, so it does not count for the speed.

    Args:
        title: Name of the task.
        leave: Whether a finished bar stays visible.
    """
    with ProgressStages(leave=leave)(title) as report:
        yield report


class ProgressStages:
    """Shows the stages of one command like :func:`show_progress`; a :data:`Stage`.

    Stages that are too short for a line of their own add up: a log gets its next line after five
    seconds without one, whatever their number.

    Args:
        leave: Whether finished bars stay visible.
    """

    def __init__(self, *, leave: bool = False) -> None:
        self._leave = leave
        self._quiet_s = 0.0

    @contextmanager
    def __call__(self, title: str) -> Iterator[Report]:
        if _is_closed(sys.stderr):
            with hide_progress(title) as report:
                yield report
            return
        if sys.stderr.isatty() or _in_notebook():
            with _bar(title, leave=self._leave) as report:
                yield report
            return
        lines = LogLines(title)
        finished = threading.Event()
        start_s = time.monotonic()
        first_s = max(0.0, FIRST_LINE_S - self._quiet_s)
        # A thread, because some tasks report nothing for minutes.
        writer = threading.Thread(target=lines.write_until, args=(finished, first_s), daemon=True)
        writer.start()
        try:
            yield lines.report
        finally:
            finished.set()
            writer.join()
            before_s = 0.0 if lines.written else self._quiet_s
            self._quiet_s = before_s + time.monotonic() - start_s


@contextmanager
def hide_progress(title: str) -> Iterator[Report]:
    """Yield a progress callback that shows nothing; a :data:`Stage`."""
    yield lambda done, words: None


@contextmanager
def _bar(title: str, *, leave: bool) -> Iterator[Report]:
    from tqdm import tqdm

    # A notebook stores every state of the bar that is shown.
    interval_s = 0.1 if sys.stderr.isatty() else 1.0
    with tqdm(total=1.0, desc=title, bar_format=_BAR, leave=leave, mininterval=interval_s) as bar:
        started = False

        def report(done: float, words: str) -> None:
            nonlocal started
            if not started:
                started = True
                bar.initial = bar.n = bar.last_print_n = done
            bar.set_postfix_str(words, refresh=False)
            bar.update(done - bar.n)

        yield report


def _is_closed(stream: object) -> bool:
    """Whether nobody can read a stream: programs without a terminal may have none."""
    return stream is None or getattr(stream, "closed", False) is True


def _in_notebook() -> bool:
    """Whether Jupyter shows stderr: it is not a terminal, but can redraw a line like one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


class LogLines:
    """Log lines about the progress of a task.

    Args:
        title: Name of the task.
        clock: Clock in seconds, with any zero.

    Attributes:
        written: Number of lines that were written.
    """

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._clock = clock
        self._started_s = clock()
        self.written = 0
        self._reports: list[tuple[float, float, str]] = []  # the first and the last

    def report(self, done: float, words: str) -> None:
        """Receive progress; a :data:`Report`."""
        self._reports = [*self._reports[:1], (self._clock(), done, words)]

    def line(self) -> str:
        """The current line, such as ``draw: 20% after 2 min, 8 min to go, 120 rows``."""
        after = short_time(self._clock() - self._started_s)
        reports = self._reports
        if not reports:
            return f"{self._title}: running for {after}"
        (first_s, first_done, _), (last_s, done, words) = reports[0], reports[-1]
        line = f"{self._title}: {done:.0%} after {after}"
        if done > first_done:
            to_go_s = (1 - done) * (last_s - first_s) / (done - first_done)
            line += f", {short_time(to_go_s)} to go"
        return f"{line}, {words}"

    def write_until(
        self,
        finished: threading.Event,
        first_s: float = FIRST_LINE_S,
        every_s: float = LINE_EVERY_S,
    ) -> None:
        """Write lines to stderr until ``finished`` is set, the first after ``first_s`` seconds."""
        wait_s = first_s
        while not finished.wait(wait_s):
            self.written += 1
            with suppress(OSError, ValueError):  # nobody reads it, or the stream was closed
                sys.stderr.write(f"{self.line()}\n")
                sys.stderr.flush()
            wait_s = every_s
