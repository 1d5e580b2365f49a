"""Commands that run code of plugins: stdout is for results only, and nothing waits for input."""

from typing import Any

import click

from fpbench.cli.standard_streams import close_input, reserve_stdout
from fpbench.tables import show_lines

_RESULTS = "fpbench.results"


class PluginCommand(click.Command):
    """A command whose results are written with :func:`write_result`.

    While it runs, all else that is written to stdout goes to stderr: what plugins print, in any
    thread, what libraries of C code write, and what programs write that plugins start.
    """

    def invoke(self, ctx: click.Context) -> Any:
        with reserve_stdout() as results, close_input():
            ctx.meta[_RESULTS] = results
            return super().invoke(ctx)


def write_result(text: str, *, err: bool = False, exact: bool = False) -> None:
    """Write lines to stdout, for people or scripts.

    Args:
        err: Whether to write them to stderr, because they are no result this time.
        exact: Whether they are for scripts. In those for people, characters that a terminal would
            obey, such as those of file names, are shown.
    """
    results = click.get_current_context().meta.get(_RESULTS)
    click.echo(text if exact else show_lines(text), file=None if err else results, err=err)
