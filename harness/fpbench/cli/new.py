"""``fpbench new``."""

import shlex
from importlib.util import find_spec
from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import KINDS, Catalog
from fpbench.scaffold import scaffold_module, scaffold_name, write_scaffold


@click.command()
@click.argument("folder", type=UserPath())
def new(folder: Path) -> None:
    """Create a working plugin package in a new FOLDER.

    The folder's name becomes the fingerprinter's name. Then put your model into `embed`.
    """
    name = scaffold_name(folder)
    module = scaffold_module(name)
    refuse_taken(name, module)
    for path in write_scaffold(folder):
        click.echo(path)
    say(
        f"\nTry it:  cd {shlex.quote(str(folder))} && fpbench check plugin:{module}",
    )


def refuse_taken(name: str, module: str) -> None:
    """Refuse names that conflict with installed plugins.

    Raises:
        FpbenchError: An installed plugin, one of its parts or a module has the name.
    """
    catalog = Catalog.load()
    for kind in KINDS:
        for offer in catalog.offers(kind):
            if name in (offer.entry.name, offer.source.plugin):
                raise FpbenchError(
                    f"plugin '{offer.source.plugin}' is installed and offers {kind} "
                    f"'{offer.entry.name}'",
                    hint=f"give the folder another name than '{name}'",
                )
    if find_spec(module) is not None:
        raise FpbenchError(
            f"a module called {module} is installed", hint="give the folder another name"
        )
