"""``fpbench plugins``."""

import click
from tabulate import tabulate

from fpbench.plugin.catalog import KINDS, Catalog


@click.command()
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only this kind.")
@click.option("--details", is_flag=True, help="Papers, sources and licences, too.")
def plugins(kind: str | None, *, details: bool) -> None:
    """List everything that can be named on the command line, and who provides it.

    Other people's plugins are found once their distribution is installed; `plugin:mymodel` needs
    no installation.
    """
    catalog = Catalog.load()
    offers = [offer for one in ([kind] if kind else KINDS) for offer in catalog.offers(one)]
    rows = [
        (
            offer.kind,
            offer.entry.name + (f":{offer.entry.argument}" if offer.entry.argument else ""),
            offer.entry.summary,
            f"{offer.source.distribution} {offer.source.version}",
        )
        for offer in offers
    ]
    click.echo(tabulate(rows, headers=("kind", "name", "summary", "from"), tablefmt="simple"))
    if details:
        for offer in offers:
            if offer.entry.details:
                click.echo(f"\n{offer.kind} {offer.entry.name}")
                click.echo(tabulate(list(offer.entry.details.items()), tablefmt="plain"))
    for fault in catalog.faults:
        click.echo(f"\nError: {fault.error.message}", err=True)
        if fault.error.hint:
            click.echo(f"Hint: {fault.error.hint}", err=True)
    if catalog.faults:
        raise SystemExit(1)
