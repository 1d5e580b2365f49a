"""``fpbench reproduce``."""

from pathlib import Path
from typing import Any

import click

from fpbench.cli.options import UserPath, cache_option, out_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.results.files import read_result
from fpbench.review.reproduction import compare_with_rerun


@click.command(cls=PluginCommand)
@click.argument("result", type=UserPath(dir_okay=False))
@click.option("--fingerprinter", help="Where the fingerprinter is here, such as plugin:FILE.py.")
@click.option("--dataset", help="Where the dataset is here, such as folder:DIR.")
@click.option(
    "--weights", type=UserPath(dir_okay=False), help="Where the fingerprinter's weights are here."
)
@click.option(
    "--generator-weights",
    type=UserPath(dir_okay=False),
    help="Where the fitted generator is here, if the run did not fit one.",
)
@out_option("Result of the new run, with its evidence beside it.", metavar="FILE.json")
@cache_option()
def reproduce(result: Path, out: Path, **places: Any) -> None:
    """Run the settings of a result again, and compare every number.

    \b
    fpbench reproduce submissions/nafp/demo-v1.json --out runs/again.json

    Everything comes from the result: settings, seeds, hashes of weights. Files that it names
    without their folder are looked for in the current folder and beside the result; the options say
    where else they are. The exit code is 1 if a rate lies outside the joint interval of the runs.
    """
    # Imported here, so that `fpbench reproduce --help` does not wait for SciPy.
    import fpbench

    published = read_result(result)
    again = fpbench.run(config=result, out=out, **places)
    reproduction = compare_with_rerun(published, again)
    write_result(reproduction.text())
    if not reproduction.succeeded:
        raise SystemExit(1)
