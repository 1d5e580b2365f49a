"""``fpbench check``."""

import click
from tabulate import tabulate

from fpbench.cli.options import WEIGHTS_HELP, plugin_settings
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.fingerprints.conformance import run_checks
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.randomness import Stream, rng_at


@click.command(cls=PluginCommand)
@click.argument("name")
@plugin_settings(
    of="Set an option of the fingerprinter; repeat for several.",
    weights=WEIGHTS_HELP,
)
def check(name: str, settings: Settings) -> None:
    """Check a fingerprinter against the harness's rules.

    NAME is a fingerprinter as in `fpbench run --fingerprinter`, for example spectral-sketch,
    plugin:mymodel or plugin:path/to/file.py. The exit code is 1 if a rule is broken.
    """
    fingerprinter = Catalog.load().fingerprinter(name, settings)
    outcomes = run_checks(fingerprinter, name, rng_at(0, Stream.CHECK))
    rows = [(one.name, "pass" if one.passed else "FAIL", one.detail) for one in outcomes]
    write_result(tabulate(rows, headers=("rule", "", "detail"), tablefmt="simple"))
    broken = [one.name for one in outcomes if not one.passed]
    if broken:
        say(f"{name} breaks {len(broken)} of {len(outcomes)} rules")
        raise SystemExit(1)
