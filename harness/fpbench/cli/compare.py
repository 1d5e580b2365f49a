"""``fpbench compare``."""

from pathlib import Path

import click

import fpbench


@click.command()
@click.argument("first", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("second", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--level", default=0.95, show_default=True, help="Of the intervals.")
def compare(first: Path, second: Path, level: float) -> None:
    """Tell whether one system is better than another.

    FIRST and SECOND are results of the same queries, with their evidence beside them. Shown is how
    many points more FIRST hits, query by query, with intervals over tracks: much narrower than the
    two results' own would suggest. Where 0 is not in it, marked *, one of them is better.

    Results of one system with two generators, or two settings of an index, compare those.

    \b
    fpbench compare runs/mymodel.json runs/nafp.json --level 0.99
    """
    click.echo(fpbench.compare(first, second, level=level))
