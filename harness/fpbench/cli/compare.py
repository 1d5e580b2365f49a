"""``fpbench compare``."""

from pathlib import Path

import click

import fpbench


@click.command()
@click.argument("first", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("second", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
def compare(first: Path, second: Path, level: float) -> None:
    """Test whether one system is better than another.

    FIRST and SECOND are result files for the same queries, with their evidence files beside them.
    The tables show the hit rate of FIRST minus that of SECOND, in percentage points, with paired
    confidence intervals over tracks. These are much narrower than the intervals of the two results
    suggest. A * marks a difference whose interval does not contain 0: one system is better.

    To compare two generators or two index settings, give two results of one system.

    \b
    fpbench compare runs/mymodel.json runs/nafp.json --level 0.99
    """
    click.echo(fpbench.compare(first, second, level=level))
