"""Commands of installed distributions, from the entry-point group ``fpbench.commands``."""

import importlib.metadata

import click

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame

GROUP = "fpbench.commands"


def installed_commands() -> dict[str, list[importlib.metadata.EntryPoint]]:
    """Entry points by command name, sorted; a name with several entry points cannot be used."""
    commands: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        commands.setdefault(point.name, []).append(point)
    return dict(sorted(commands.items()))


def load_command(points: list[importlib.metadata.EntryPoint]) -> click.Command:
    """Import a command, whose module should do heavy imports only when the command runs.

    Raises:
        FpbenchError: It cannot be imported or is not a command, or several commands have its name;
            the message names the distributions.
    """
    name, origins = points[0].name, sorted(map(_distribution, points))
    if len(points) > 1:
        raise FpbenchError(
            f"{' and '.join(origins)} both have a command '{name}'", hint="uninstall one of them"
        )
    with blame(origins[0], f"importing its command '{name}'"):
        command = points[0].load()
    if not isinstance(command, click.Command):
        raise FpbenchError(
            f"plugin '{origins[0]}' breaks a rule: its command '{name}' is "
            f"{type(command).__name__}, not click.Command",
            hint=f"make the entry point {points[0].value} refer to a click command",
        )
    return command


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
