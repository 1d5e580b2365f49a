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
    read_vectors,
    refuse_not_finite,
    refuse_two_systems,
)
from fpbench.fingerprints.pairs import VectorPairs, read_pairs
from fpbench.generators.fidelity_report import TooFewError
from fpbench.generators.files import is_fitted_to, load_generator
from fpbench.generators.provenance import read_provenance, refuse_other_system
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.plugin.systems import SystemIdentity
from fpbench.results.lengths import QueryLength
from fpbench.review.fidelity_figure import plot_fidelity
from fpbench.review.fidelity_tables import fidelity_tables
from fpbench.review.figure_files import refuse_figure_name
from fpbench.runs.generator import BASELINES, RUNS_BASELINE
from fpbench.runs.judging import Judgement, Judges, Training, judge_fingerprints


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
    _prepare(json_path, figure)
    catalog = Catalog.load()
    held_out = _read(real)
    _refuse_seen(real, synthetic, train)
    _refuse_other_systems(
        real, held_out.system, synthetic, (train, queries, reference), allow=foreign_generator
    )
    judged = _read_judged(synthetic, catalog, Settings(options=parse_key_values(pairs)), name)
    in_tracks = isinstance(judged, TrackSet | TrackGenerator)
    judges = Judges(
        vectors=np.asarray(held_out.vectors),
        tracks=_tracks(held_out, track_rows),
        stretches=held_out.stretches,
        pairs=_read_queries(queries, reference),
        length=_query_length(held_out, length_s),
        hop_s=_spec_number(held_out, "hop_s"),
    )
    if length_s is not None:
        _require_tracks(judges, real, synthetic, in_tracks=in_tracks)
    fit_to = _read_training(train)
    try:
        judgement = judge_fingerprints(
            judged,
            judges,
            name=synthetic.name,
            catalog=catalog,
            baselines=baselines or _baselines(judges, fit_to, in_tracks=in_tracks),
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


def _read_judged(
    synthetic: Path, catalog: Catalog, settings: Settings, name: str | None
) -> np.ndarray | TrackSet | FingerprintGenerator:
    """The fingerprints, tracks or generator of a file."""
    if synthetic.suffix not in READABLE:
        return load_generator(synthetic, catalog, settings, name)
    file = _read(synthetic)
    vectors = np.asarray(file.vectors)
    if file.stretches is None:
        return vectors
    return TrackSet(vectors=vectors, stretches=file.stretches)


def _read_training(path: Path | None) -> Training | None:
    if path is None:
        return None
    file = _read(path)
    return Training(vectors=np.asarray(file.vectors), stretches=file.stretches)


def _read_queries(queries: Path | None, reference: Path | None) -> VectorPairs | None:
    if queries is None or reference is None:
        return None
    pairs = read_pairs(queries, reference)
    refuse_not_finite(pairs.queries, queries)
    refuse_not_finite(pairs.reference, reference)
    return pairs


def _baselines(judges: Judges, training: Training | None, *, in_tracks: bool) -> tuple[str, ...]:
    """The usual baselines; real tracks drawn again are one where tracks are compared."""
    fit_to = judges if training is None else training
    if in_tracks and judges.length is not None and fit_to.stretches is not None:
        return (*BASELINES, RUNS_BASELINE)
    return BASELINES


def _query_length(real: VectorFile, length_s: float | None) -> QueryLength | None:
    """Length of the queries in fingerprints; None if REAL does not say what a fingerprint is."""
    segment_s, hop_s = (_spec_number(real, name) for name in ("segment_s", "hop_s"))
    if segment_s is None or hop_s is None:
        return None
    rows = 1 if length_s is None else 1 + max(0, round((length_s - segment_s) / hop_s))
    return QueryLength(segment_s + (rows - 1) * hop_s, rows)


def _spec_number(real: VectorFile, name: str) -> float | None:
    """A number of the spec of the fingerprinter; None if REAL does not name it."""
    value = None if real.system is None else real.system.spec.get(name)
    return float(value) if isinstance(value, int | float) else None


def _require_tracks(judges: Judges, real: Path, synthetic: Path, *, in_tracks: bool) -> None:
    """Refuse --query-length where runs of tracks cannot be compared.

    Raises:
        FpbenchError: There are no queries, or a file does not say where tracks end.
    """
    pairs = judges.pairs
    if pairs is None:
        raise FpbenchError(
            "--query-length is the length of queries, but there are none",
            hint="give --queries and --reference, or leave --query-length out",
        )
    hint = "give .npz files of `fpbench extract`, which say where tracks end"
    if judges.length is None or judges.stretches is None:
        raise FpbenchError(
            f"'{real}' does not say how its fingerprints follow each other", hint=hint
        )
    if judges.segments > 1 and pairs.query_stretches is None:
        raise FpbenchError("--queries and --reference do not both say where tracks end", hint=hint)
    if judges.segments > 1 and not in_tracks:
        raise FpbenchError(
            f"'{synthetic}' holds single fingerprints, not tracks",
            hint="give a generator of tracks, or a file of `fpbench generate --tracks`",
        )
