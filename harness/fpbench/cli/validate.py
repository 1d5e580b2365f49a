"""``fpbench validate``."""

from pathlib import Path

import click

import fpbench
from fpbench.errors import FpbenchError
from fpbench.results.files import result_files


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True)
def validate(paths: tuple[Path, ...]) -> None:
    """Check results, and recompute their numbers from the evidence beside them.

    PATHS are result files or folders of them. A result without its evidence files is only checked
    against the format, with a message.
    """
    files = [file for path in paths for file in result_files(path)]
    if not files:
        raise FpbenchError(f"there are no results in {paths[0]}", hint="results end in .json")
    for file in files:
        for line in fpbench.validate(file):
            click.echo(line, err=True)
    click.echo(f"{len(files)} valid")
