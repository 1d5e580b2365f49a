"""The ``fpbench`` command: one file per sub-command, imported only when the command runs."""

import importlib
import logging
import os
import sys

import click

from fpbench.cli.groups import CommandGroup
from fpbench.cli.installed_commands import installed_commands, load_command
from fpbench.cli.standard_streams import end_stdout
from fpbench.cli.terminal import prepare_streams, refuse_lost_output, say, show_record
from fpbench.errors import FpbenchError
from fpbench.interrupts import defer_interrupts
from fpbench.machine import limit_threads

INTERRUPTED = 130
"""Exit code after Ctrl-C, the same as in shells."""

COMMANDS = {
    "run": "Measure hit rate against database size; write one result.",
    "tasks": "List named settings of a run, for comparable results.",
    "data": "List and build the public datasets that tasks are measured on.",
    "compare": "Test whether one system is better than another.",
    "export": "Write results as CSV, Parquet, LaTeX or for the Hugging Face Hub.",
    "validate": "Recompute and check results.",
    "adopt": "Import what an authors' evaluation script wrote as a result.",
    "audit": "Make random parts of a result again, to find forgeries.",
    "reproduce": "Run a result again, and compare every number.",
    "submit": "Check a result, and put it into submissions/.",
    "review": "Review a pull request that submits results.",
    "cache": "Show how large the cache is; remove what was not used for long.",
    "plugins": "List all fingerprinters, datasets, generators and other plugin parts.",
    "check": "Check a fingerprinter against the harness's rules.",
    "new": "Create a working plugin package.",
    "extract": "Fingerprint audio files into one .npz file.",
    "train": "Train a fingerprinter.",
    "weights": "Import, download and list the authors' weights.",
    "fit": "Fit a generator to real fingerprints.",
    "generate": "Draw synthetic fingerprints into a file.",
    "fidelity": "Measure how similar synthetic fingerprints are to real ones.",
}
"""Help line of each command by name, so that ``fpbench --help`` imports no command."""

logger = logging.getLogger(__name__)


class LazyGroup(CommandGroup):
    """Imports a command when it runs, and prints :class:`FpbenchError` as text."""

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
            refuse_lost_folder()
            with defer_interrupts():
                return super().invoke(ctx)
        except FpbenchError as err:
            if os.environ.get("FPBENCH_DEBUG"):
                raise
            say(f"Error: {err.message}")
            if err.hint:
                say(f"Hint: {err.hint}")
            sys.exit(2)
        except KeyboardInterrupt:
            say("Stopped. Run the same command again to continue.")
            sys.exit(INTERRUPTED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fpbench-audio", prog_name="fpbench")
@click.option("-v", "--verbose", is_flag=True, help="Log more details to stderr.")
def main(*, verbose: bool) -> None:
    """Benchmark audio fingerprinting: hit rate against database size.

    \b
    fpbench run                                  run the included demo
    fpbench run --fingerprinter plugin:mymodel   measure your model, mymodel.py in this folder
    fpbench leaderboard submissions              print result tables as Markdown
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(show_record)


def refuse_lost_folder() -> None:
    """Refuse to start in a folder that was removed, which most libraries take for a bug.

    Raises:
        FpbenchError: There is no working directory.
    """
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd() is the same
    except OSError as err:
        raise FpbenchError(
            f"the current folder cannot be used: {err.strerror}", hint="change to another folder"
        ) from err


def command() -> None:
    """Run :func:`main`; Ctrl-C ends the process immediately."""
    prepare_streams()
    limit_threads()
    try:
        main()
    except OSError as err:
        if err.filename is not None:  # a bug: errors of files have names and are translated
            raise
        refuse_lost_output(err)
        sys.exit(2)
    except SystemExit as end:
        end_stdout()
        if end.code == INTERRUPTED:
            # A normal exit is not safe: Python takes a thread as finished if waiting for it was
            # interrupted (CPython issue 90882), and torch aborts the process if it still runs.
            os._exit(INTERRUPTED)
        raise
