"""``fpbench compare``."""

from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import refuse_unwritable
from fpbench.review.comparison_tables import Pairs, make_comparisons


@click.command()
@click.argument("results", type=UserPath(), nargs=-1, required=True)
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option(
    "--pairs",
    type=click.Choice(["best", "all", "first"]),
    default="best",
    show_default=True,
    help="Show each system against the best one, show all pairs, or compare only the first result "
    "with each of the others.",
)
@click.option(
    "--best-at",
    metavar="METRIC,SIZE,TOLERANCE",
    help="Choose the best system at one point, such as hr@1,1M,0.25 or hr@1,1M,track, and not anew "
    "at each size and metric.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "latex", "json"]),
    default="table",
    show_default=True,
    help="Form of the output; a table has at most 100 columns.",
)
@click.option(
    "--queries",
    type=UserPath(dir_okay=False),
    metavar="FILE.csv",
    help="Also write the queries that one system finds and the other does not, with track, time, "
    "SNR, room and both ranks.",
)
def compare(
    results: tuple[Path, ...],
    *,
    level: float,
    pairs: Pairs,
    best_at: str | None,
    form: str,
    queries: Path | None,
) -> None:
    """Test whether one system is better than another.

    RESULTS are two or more result files for the same queries, with their evidence files beside
    them. The tables show the hit rate of one minus that of another, in percentage points, with
    paired confidence intervals over groups of tracks, or over tracks where groups are unknown.
    These are much narrower than the intervals of the results suggest. A * marks a difference by
    which one system is better, according to a sign-flip test over groups or tracks, with Holm's
    correction for the number of tests.

    Of more than two systems, each is shown minus the best at the same size and metric. The best is
    chosen by the same queries, so the correction is for the tests of all pairs.

    Below follow the false rejects of one minus those of another, at 10 % and 1 % of false accepts
    as far as there are enough queries: each system with a threshold of its own. They are not
    tested.

    A result that cannot be compared is named at the end, and left out.

    To compare two generators or two index settings, give results of one system.

    \b
    fpbench compare runs/mymodel.json runs/nafp.json --level 0.99
    fpbench compare runs/*.json --best-at hr@1,1M,track
    fpbench compare runs/*.json --pairs all --format csv > differences.csv
    fpbench compare runs/mymodel.json runs/nafp.json --queries flipped.csv
    """
    if queries is not None and queries.suffix != ".csv":
        raise FpbenchError(f"'{queries}' cannot hold the queries", hint="end its name in .csv")
    if queries is not None:
        refuse_unwritable(queries, "--queries")
    errors = ErrorCollector()
    found = make_comparisons(results, level, pairs=pairs, best_at=best_at, errors=errors)
    if queries is not None:
        found.write_flipped_queries(queries)
    click.echo(found.format(form))
    errors.raise_all()
