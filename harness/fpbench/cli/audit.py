"""``fpbench audit``."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from fpbench.cache import Store
from fpbench.cache_users import use_cache
from fpbench.cli.options import UserPath, WholeNumber, cache_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import ProgressStages
from fpbench.results.files import read_result


@click.command(cls=PluginCommand)
@click.argument("result", type=UserPath(dir_okay=False))
@click.option(
    "--blocks",
    type=WholeNumber(1),
    default=3,
    show_default=True,
    help="Number of random blocks of each search that are made again.",
)
@click.option(
    "--queries",
    type=WholeNumber(1),
    default=20,
    show_default=True,
    help="Number of random queries that they are searched for.",
)
@click.option("--fingerprinter", help="Where the fingerprinter is here, such as plugin:FILE.py.")
@click.option("--dataset", help="Where the dataset is here, such as folder:DIR.")
@click.option(
    "--weights", type=UserPath(dir_okay=False), help="Where the fingerprinter's weights are here."
)
@click.option(
    "--generator-weights",
    type=UserPath(dir_okay=False),
    help="File of the result's generator.  [default: fit it again, which gives the same generator "
    "only on a like machine]",
)
@cache_option()
def audit(result: Path, blocks: int, queries: int, cache: Path | None, **places: Any) -> None:
    """Make random parts of a result's evidence again, and compare them.

    \b
    fpbench audit submissions/nafp/demo-v1.json
    fpbench audit runs/mine.json --blocks 10 --queries 100

    For maintainers who have the plugin: reference and queries are fingerprinted, and a few blocks
    are drawn and searched, so that a result of a hundred million distractors is checked in seconds.
    The probability that a forgery slips through is in the table. The exit code is 1 if scores
    differ by more than rounding. `fpbench validate` checks that the result follows from its
    evidence.
    """
    # Imported here, so that `fpbench audit --help` does not wait for SciPy.
    from fpbench.runs.arguments import config_from_arguments
    from fpbench.runs.audit import Sample
    from fpbench.runs.audit import audit as make_audit
    from fpbench.runs.prepare import prepare

    published = read_result(result)
    if published.protocol is not None:
        raise FpbenchError(
            f"{result} follows the protocol {published.protocol.name}, of which no parts are made "
            "again",
            hint="make all of it again with `fpbench reproduce`",
        )
    catalog, store, stage = Catalog.load(), Store.open(cache), ProgressStages()
    store.refuse_unwritable()
    click.get_current_context().with_resource(use_cache(store.root))
    config = config_from_arguments(result, places, "the command line", catalog)
    prepared = prepare(config, catalog, store, stage)
    sample = Sample(rng=np.random.default_rng(), blocks=blocks, queries=queries)
    found = make_audit(prepared, published, result, sample, stage)
    write_result(found.text())
    if not found.passed:
        raise SystemExit(1)
