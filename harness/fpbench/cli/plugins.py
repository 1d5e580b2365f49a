"""``fpbench plugins``."""

import click
from tabulate import tabulate

from fpbench.plugin.catalog import KINDS, Catalog


@click.command()
@click.option("--kind", type=click.Choice(list(KINDS)), help="List only this kind.")
@click.option("--details", is_flag=True, help="Also show papers, sources and licences.")
def plugins(kind: str | None, *, details: bool) -> None:
    """List all fingerprinters, datasets, generators and other plugin parts, with their package.

    Plugins of other people appear here after `pip install`. A module in this folder needs no
    installation: name it as `plugin:mymodel`.
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
