"""``fpbench fidelity``."""

import filecmp
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from jaxtyping import Int64

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
from fpbench.fingerprints.files import (
    READABLE,
    VectorFile,
    read_pairs,
    read_vectors,
    refuse_not_finite,
    refuse_two_systems,
)
from fpbench.generators.fidelity_report import TooFewError
from fpbench.generators.files import is_fitted_to, load_generator
from fpbench.generators.judging import Judges, judge_fingerprints
from fpbench.generators.provenance import read_provenance, refuse_other_system
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.systems import SystemIdentity
from fpbench.review.fidelity_figure import plot_fidelity
from fpbench.review.fidelity_tables import fidelity_tables
from fpbench.review.figure_files import refuse_figure_name
from fpbench.runs.generator import BASELINES


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
    "--baseline",
    "baselines",
    multiple=True,
    default=BASELINES,
    show_default=True,
    help="Generator to compare with; repeat for several.",
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
    """
    if (queries is None) != (reference is None):
        raise FpbenchError("--queries and --reference go together", hint="give both or neither")
    _prepare(json_path, figure)
    catalog = Catalog.load()
    held_out = _read(real)
    _refuse_seen(real, synthetic, train)
    _refuse_other_systems(
        real, held_out.system, synthetic, (train, queries, reference), allow=foreign_generator
    )
    query_rows, reference_rows = _queries(queries, reference)
    judges = Judges(
        vectors=np.asarray(held_out.vectors),
        tracks=_tracks(held_out, track_rows),
        queries=query_rows,
        reference=reference_rows,
    )
    judged: np.ndarray | FingerprintGenerator
    if synthetic.suffix in READABLE:
        judged = np.asarray(_read(synthetic).vectors)
    else:
        settings = Settings(options=parse_key_values(pairs))
        judged = load_generator(synthetic, catalog, settings, name)
    try:
        judgement = judge_fingerprints(
            judged,
            judges,
            name=synthetic.name,
            catalog=catalog,
            baselines=baselines,
            training=None if train is None else np.asarray(_read(train).vectors),
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
    write_result(fidelity_tables(judgement.report))
    if figure is not None:
        remove_stale(figure)  # of an older report
    if json_path is not None:
        write_json(json_path, asdict(judgement.report))
    if figure is not None:
        plot_fidelity(judgement.report, judgement.sets, figure, queries=query_rows)


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


def _refuse_seen(real: Path, synthetic: Path, train: Path | None) -> None:
    """Refuse training data and the synthetic set itself as REAL: the result would be perfect."""
    hint = "REAL must hold tracks that the generator was not fitted to"
    for what, other in (("SYNTHETIC", synthetic), ("--train", train)):
        if other is not None and _same(real, other):
            raise FpbenchError(f"REAL '{real}' and {what} '{other}' are the same", hint=hint)
    if synthetic.suffix not in READABLE and is_fitted_to(synthetic, real):
        raise FpbenchError(f"'{synthetic}' was fitted to REAL '{real}' itself", hint=hint)


def _refuse_other_systems(
    real: Path,
    system: SystemIdentity | None,
    synthetic: Path,
    others: Sequence[Path | None],
    *,
    allow: bool,
) -> None:
    """Refuse files of another system than REAL; for studies, only SYNTHETIC may be of another."""
    if synthetic.suffix in READABLE:
        others = others if allow else (*others, synthetic)
    else:
        refuse_other_system(
            f"generator '{synthetic}'",
            read_provenance(synthetic),
            system,
            allow=allow,
            hint="give fingerprints of that system; for a study of wrong generators, add "
            "--foreign-generator",
        )
    systems = {path: read_vectors(path).system for path in others if path is not None}
    refuse_two_systems({real: system, **systems})


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:  # the error comes later, when the file is read
        return False


def _read(path: Path) -> VectorFile:
    file = read_vectors(path)
    refuse_not_finite(file.vectors, path)
    return file


def _tracks(file: VectorFile, track_rows: int) -> Int64[np.ndarray, " batch"]:
    if file.tracks is not None:
        return file.tracks
    return np.arange(len(file.vectors), dtype=np.int64) // track_rows


def _queries(
    queries: Path | None, reference: Path | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if queries is None or reference is None:
        return None, None
    query_rows, reference_rows = read_pairs(queries, reference)
    refuse_not_finite(query_rows, queries)
    refuse_not_finite(reference_rows, reference)
    return np.asarray(query_rows), np.asarray(reference_rows)
