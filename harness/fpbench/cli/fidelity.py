"""``fpbench fidelity``."""

from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from fpbench.cli.options import UserPath, WholeNumber, parse_key_values, seed_option, set_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.errors import FpbenchError
from fpbench.files import (
    make_folder,
    refuse_to_replace,
    refuse_unwritable,
    remove_stale,
    write_json,
)
from fpbench.generators.fidelity_report import TooFewError
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import TrackGenerator
from fpbench.review.fidelity_figure import plot_fidelity
from fpbench.review.fidelity_tables import fidelity_tables
from fpbench.review.figure_files import refuse_figure_name
from fpbench.runs.compared_files import (
    ComparedFiles,
    default_baselines,
    read_judged,
    read_judges,
    read_real,
    read_training,
    require_tracks,
)
from fpbench.runs.judging import Judgement, Judges, judge_fingerprints


@click.command(cls=PluginCommand)
@click.argument("real", type=UserPath())
@click.argument("synthetic", type=UserPath())
@click.option(
    "--train",
    type=UserPath(),
    metavar="FILE",
    help="Fingerprints that the generator was fitted to: adds a test for copying, and baselines "
    "are fitted to them. Without it, baselines are fitted to half of the tracks of REAL.",
)
@click.option(
    "--queries",
    type=UserPath(),
    metavar="FILE",
    help="Query fingerprints, for hit rates: row i is a degraded version of row i of --reference.",
)
@click.option(
    "--reference",
    type=UserPath(),
    metavar="FILE",
    help="Reference fingerprints that the queries match.",
)
@click.option(
    "--query-length",
    "length_s",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    metavar="SECONDS",
    help="Length of the queries: as many consecutive fingerprints of --queries, which are searched "
    "among runs of tracks. For generators of tracks, and files that say where tracks end.",
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    help="Generator to compare with; repeat for several.  "
    "[default: gaussian, resample; and resample-runs for tracks]",
)
@click.option(
    "--track-rows",
    type=WholeNumber(1),
    default=240,
    show_default=True,
    help="Consecutive rows of REAL that count as one track, if the file does not name tracks.",
)
@click.option(
    "--rows",
    type=WholeNumber(10),
    default=10_000,
    show_default=True,
    help="Maximum number of rows to compare, per set.",
)
@click.option(
    "--splits",
    type=WholeNumber(1),
    default=4,
    show_default=True,
    help="Number of random splits of the real tracks into halves.",
)
@seed_option()
@click.option("--generator", "name", help="Generator of SYNTHETIC, if its file does not name it.")
@set_option("Set an option of that generator; repeat for several.")
@click.option(
    "--foreign-generator",
    is_flag=True,
    help="Accept a generator that was fitted to another fingerprinter than REAL, for studies.",
)
@click.option(
    "--json",
    "json_path",
    type=UserPath(dir_okay=False),
    help="Also write the report as JSON.",
)
@click.option(
    "--figure",
    type=UserPath(dir_okay=False),
    help="Also plot it, as .png, .svg or .pdf.",
)
def fidelity(
    *,
    real: Path,
    synthetic: Path,
    train: Path | None,
    queries: Path | None,
    reference: Path | None,
    length_s: float | None,
    baselines: tuple[str, ...],
    track_rows: int,
    rows: int,
    splits: int,
    seed: int,
    name: str | None,
    pairs: tuple[str, ...],
    foreign_generator: bool,
    json_path: Path | None,
    figure: Path | None,
) -> None:
    """Measure how similar SYNTHETIC fingerprints are to REAL ones.

    REAL must hold tracks that the generator was not fitted to. SYNTHETIC is a file of fingerprints
    or a fitted generator. In each row of the table, compare the values with the column `real`, the
    noise floor, which is measured on other real tracks. Draws are independent and real rows come in
    tracks, so a perfect generator would not score exactly the same: the text above the table says
    how.

    A generator of tracks, or a file of tracks, is also compared by the similarity of fingerprints
    of one track, by the time between them, if REAL is a file of `fpbench extract`.
    """
    if (queries is None) != (reference is None):
        raise FpbenchError("--queries and --reference go together", hint="give both or neither")
    files = ComparedFiles(
        real=real, synthetic=synthetic, train=train, queries=queries, reference=reference
    )
    _prepare(json_path, figure)
    catalog = Catalog.load()
    held_out = read_real(files, foreign=foreign_generator)
    judged = read_judged(synthetic, catalog, Settings(options=parse_key_values(pairs)), name)
    in_tracks = isinstance(judged, TrackSet | TrackGenerator)
    judges = read_judges(files, held_out, track_rows=track_rows, length_s=length_s)
    if length_s is not None:
        require_tracks(judges, files, in_tracks=in_tracks)
    fit_to = read_training(train)
    try:
        judgement = judge_fingerprints(
            judged,
            judges,
            name=synthetic.name,
            catalog=catalog,
            baselines=baselines or default_baselines(judges, fit_to, in_tracks=in_tracks),
            training=fit_to,
            rows=rows,
            splits=splits,
            seed=seed,
        )
    except TooFewError as err:
        raise FpbenchError(
            f"fidelity cannot be measured: {err}",
            hint="give more fingerprints, a smaller --track-rows, or --train, which leaves all of "
            "REAL for the comparison",
        ) from err
    _write_report(judgement, judges, json_path, figure)


def _write_report(
    judgement: Judgement, judges: Judges, json_path: Path | None, figure: Path | None
) -> None:
    """Print the report, and write the files that were asked for."""
    write_result(fidelity_tables(judgement.report))
    if figure is not None:
        remove_stale(figure)  # of an older report
    if json_path is not None:
        write_json(json_path, asdict(judgement.report))
    if figure is not None:
        asked = None if judges.pairs is None else np.asarray(judges.pairs.queries)
        plot_fidelity(judgement.report, judgement.sets, figure, queries=asked)


def _prepare(json_path: Path | None, figure: Path | None) -> None:
    """Check the output files and make their folders before the long computation."""
    if json_path is not None and json_path.suffix != ".json":
        raise FpbenchError(f"'{json_path}' cannot hold the report", hint="end its name in .json")
    if figure is not None:
        refuse_figure_name(figure)
    if json_path is not None:
        refuse_to_replace(json_path, "the JSON report", keys={"statistics"}, option="--json")
    for path, option in ((json_path, "--json"), (figure, "--figure")):
        if path is not None:
            refuse_unwritable(path, option)
            make_folder(path.parent)
