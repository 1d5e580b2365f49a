"""``--engine``, ``--address`` and ``--workers``: the machines that work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fpbench.cli.options import Decorator, WholeNumber
from fpbench.errors import FpbenchError
from fpbench.runs.config import RunConfig

if TYPE_CHECKING:
    from fpbench.runs.workers.engines import EngineChoice

_NAMES = ("engine", "address", "workers")


def engine_options() -> Decorator:
    """``--engine``, ``--address`` and ``--workers``."""

    def add_options(command: Any) -> Any:
        for add in reversed(
            [
                click.option(
                    "--engine",
                    type=click.Choice(["local", "ray"]),
                    default="local",
                    help="What works: this process, or workers of a Ray cluster. Results have the "
                    "same bytes.  [default: local]",
                ),
                click.option(
                    "--address",
                    metavar="auto|HOST:PORT",
                    help="The Ray cluster.  [default: $RAY_ADDRESS, or one on this machine alone]",
                ),
                click.option(
                    "--workers",
                    type=WholeNumber(1),
                    help="Number of workers in the cluster.  [default: one per GPU with --device "
                    "cuda, else one per machine, with all its cores]",
                ),
            ]
        ):
            command = add(command)
        return command

    return add_options


def given_engine(options: dict[str, Any]) -> list[str]:
    """The options of an engine that were given."""
    given = {**options, "engine": None if options["engine"] == "local" else options["engine"]}
    return [name for name in _NAMES if given[name] is not None]


def refuse_engine_beside(options: dict[str, Any]) -> None:
    """Refuse the options of an engine beside one that starts no run, or a shard of one.

    Raises:
        FpbenchError: Both are given.
    """
    for other in ("shard", "write_config"):
        for name in given_engine(options):
            if options[other]:
                raise FpbenchError(
                    f"--{name} has no effect with --{other.replace('_', '-')}",
                    hint="leave one of them out",
                )


@contextmanager
def open_given_engine(options: dict[str, Any], config: RunConfig) -> Iterator["EngineChoice"]:
    """Join the given cluster for a run; a plan only checks the options.

    Raises:
        FpbenchError: As :func:`fpbench.runs.workers.engines.open_engine`.
    """
    # Imported here, so that `fpbench run --help` does not wait for SciPy.
    from fpbench.runs.workers.engines import LOCAL, EngineSettings, open_engine

    settings = EngineSettings(**{name: options[name] for name in _NAMES})
    settings.refuse_unused(config.protocol)
    if options["plan"]:
        yield LOCAL
        return
    with open_engine(settings, config) as choice:
        yield choice
