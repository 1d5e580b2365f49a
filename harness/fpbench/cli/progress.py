"""How far a command is, on stderr: a bar on a terminal, a line a minute in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from tqdm import tqdm

from fpbench.progress import Report
from fpbench.units import short_time

LINE_EVERY_S = 60.0


@contextmanager
def progress(title: str, *, leave: bool = True) -> Iterator[Report]:
    """Show what the report that it gives is told.

    What it is told first may be an earlier run's work, and counts for no speed.

    Args:
        title: What is being done.
        leave: Whether a finished bar stays on the terminal.
    """
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    with tqdm(total=1.0, desc=title, bar_format=_BAR, leave=leave) as bar:
        told = False

        def report(done: float, words: str) -> None:
            nonlocal told
            if not told:
                told = True
                bar.initial = bar.n = bar.last_print_n = done
            bar.set_postfix_str(words, refresh=False)
            bar.update(done - bar.n)

        yield report


_BAR = "{desc:<28} {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"


def _lines(title: str) -> Report:
    started_s = last_s = time.monotonic()
    first: tuple[float, float] | None = None

    def report(done: float, words: str) -> None:
        nonlocal last_s, first
        now_s = time.monotonic()
        first_s, first_done = first = first or (now_s, done)
        if now_s - last_s < LINE_EVERY_S:
            return
        last_s = now_s
        line = f"{title}: {done:.0%} after {short_time(now_s - started_s)}"
        if done > first_done:
            to_go_s = (1 - done) * (now_s - first_s) / (done - first_done)
            line += f", {short_time(to_go_s)} to go"
        click.echo(f"{line}, {words}", err=True)

    return report
