"""``fpbench validate``."""

from pathlib import Path

import click

import fpbench
from fpbench.cli.options import UserPath
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.results.files import result_files


@click.command()
@click.argument("paths", type=UserPath(), nargs=-1, required=True)
def validate(paths: tuple[Path, ...]) -> None:
    """Check results, and recompute their numbers from the evidence beside them.

    PATHS are result files or folders of them. A result without its evidence files is only checked
    against the format, with a message. Files with errors do not keep the others from being checked.
    """
    errors, files = ErrorCollector(), list[Path]()
    for path in paths:
        with errors.collect():
            files += result_files(path)
    if not files and not errors:
        raise FpbenchError(f"there are no results in {paths[0]}", hint="results end in .json")
    valid = 0
    for file in files:
        with errors.collect():
            for line in fpbench.validate(file):
                click.echo(line, err=True)
            valid += 1
    if valid:
        click.echo(f"{valid} valid")
    errors.raise_all()
