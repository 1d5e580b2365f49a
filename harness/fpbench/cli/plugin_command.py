"""Commands that run code of plugins: stdout is for results only, and nothing waits for input."""

from typing import Any

import click

from fpbench.cli.standard_streams import close_input, reserve_stdout

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


def write_result(text: str, *, err: bool = False) -> None:
    """Write a line to stdout, for people or scripts; to stderr if it is no result this time."""
    results = click.get_current_context().meta.get(_RESULTS)
    click.echo(text, file=None if err else results, err=err)
