"""``fpbench new``."""

from pathlib import Path

import click

from fpbench.scaffold import write_scaffold


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Start a plugin package that works, in a FOLDER that does not exist yet.

    Its name becomes the fingerprinter's name. Then replace `embed` with your model.
    """
    for path in write_scaffold(folder):
        click.echo(path)
    module = next(path.parent.name for path in sorted(folder.glob("*/__init__.py")))
    click.echo(f"\nTry it:  cd {folder} && fpbench check plugin:{module}", err=True)
