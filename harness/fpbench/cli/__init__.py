"""The ``fpbench`` command: one file per sub-command, imported only when it is asked for."""

import importlib
import logging
import os
import signal
import sys

import click

from fpbench.cli.installed_commands import installed_commands, load_command
from fpbench.errors import FpbenchError
from fpbench.interrupts import defer_interrupts

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

COMMANDS = {
    "run": "Measure hit rate against database size; write one result.",
    "compare": "Tell whether one system is better than another.",
    "validate": "Recompute and check results.",
    "plugins": "List everything that can be named on the command line.",
    "check": "Try a fingerprinter against the harness's rules.",
    "new": "Start a plugin package that works.",
    "extract": "Fingerprint audio files into one .npz file.",
    "train": "Train a fingerprinter.",
    "weights": "Import, fetch and list the authors' weights.",
    "fit": "Fit a generator to real fingerprints.",
    "generate": "Draw synthetic fingerprints into a file.",
    "fidelity": "Measure how like the real ones synthetic fingerprints are.",
}
"""Name and help line, so that ``fpbench --help`` imports none of them."""

logger = logging.getLogger(__name__)


class LazyGroup(click.Group):
    """Imports a command when it runs, and turns :class:`FpbenchError` into text."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(dict.fromkeys((*COMMANDS, *installed_commands())))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            points = installed_commands().get(cmd_name)
            return load_command(points) if points else None
        module = importlib.import_module(f"fpbench.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = list(COMMANDS.items())
        for name, points in installed_commands().items():
            if name in COMMANDS:
                logger.warning("%s is left out: fpbench has a command '%s'", points[0].value, name)
                continue
            try:
                rows.append((name, load_command(points).get_short_help_str(limit=80)))
            except FpbenchError as err:
                rows.append((name, f"(broken) {err.message}"))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with defer_interrupts():
                return super().invoke(ctx)
        except FpbenchError as err:
            if os.environ.get("FPBENCH_DEBUG"):
                raise
            click.echo(f"Error: {err.message}", err=True)
            if err.hint:
                click.echo(f"Hint: {err.hint}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("Stopped. The same command goes on from what is finished.", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fpbench-audio", prog_name="fpbench")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
def main(*, verbose: bool) -> None:
    """How often does a fingerprinter still find the right recording as the database grows?

    \b
    fpbench run                                  the embedded demo, start to finish
    fpbench run --fingerprinter plugin:mymodel   your own model (mymodel.py in this folder)
    fpbench leaderboard submissions              markdown tables
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr)
    # A reader that closes the pipe early (`| head`) is no error of ours.
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def command() -> None:
    """The program: :func:`main`, ended at once by Ctrl-C."""
    try:
        main()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stdout.flush()
            # Not by Python, which takes a thread for finished if waiting for it was interrupted
            # (CPython issue 90882); torch aborts the process if such a one still runs.
            os._exit(INTERRUPTED)
        raise
