"""The Python API, for scripts and notebooks: does what the commands do, without printing."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from logging import getLogger
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fpbench.cache import Store
from fpbench.cache_users import use_cache
from fpbench.conversion import convert
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.interrupts import defer_interrupts
from fpbench.machine import limit_threads
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.devices import select_device
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.progress_display import ProgressStages, hide_progress
from fpbench.results.document import Result
from fpbench.results.files import result_files
from fpbench.results.loaded import LoadedResult
from fpbench.review.comparison_tables import Comparisons, Pairs, make_comparisons
from fpbench.review.curves_figure import draw_curves
from fpbench.review.det_figure import draw_det
from fpbench.review.frontier_figure import draw_frontier
from fpbench.runs.arguments import as_path, config_from_arguments
from fpbench.runs.call_arguments import RUN, call_text, split_arguments, written_files
from fpbench.runs.execution import execute, execute_into_cache
from fpbench.runs.objects import register_object
from fpbench.runs.planning.plan import make_plan, refuse_what_cannot_fit
from fpbench.runs.prepare import prepare
from fpbench.runs.workers.engines import open_engine
from fpbench.units import whole_sizes
from fpbench.verification.validation import validate_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PathName = str | PathLike[str]
ResultSource = Result | PathName
"""A result, a result file, or a folder of them."""

logger = getLogger(__name__)


def run(
    *,
    task: str | None = None,
    fingerprinter: str | AnyFingerprinter | None = None,
    dataset: str | None = None,
    channel: Literal["mean", "left", "right", "loudest"] | None = None,
    duplicates: Literal["drop", "keep", "report"] | None = None,
    name: str | None = None,
    sizes: Iterable[int | float | str] | str | None = None,
    beyond: Iterable[int | float | str] | str | None = None,
    fits: int | None = None,
    distractors: Literal["real", "synthetic", "both", "none"] | None = None,
    generator: str | None = None,
    generator_weights: PathName | None = None,
    foreign_generator: bool | None = None,
    indexes: Sequence[str] | str | None = None,
    queries: int | None = None,
    query_length_s: int | float | None = None,
    recipe: Mapping[str, Any] | None = None,
    tolerance_s: int | float | Literal["track"] | None = None,
    protocol: str | None = None,
    query_lengths_s: Sequence[int | float] | str | None = None,
    test_ids: int | str | PathLike[str] | None = None,
    rules: Literal["right", "official"] | None = None,
    seed: int | None = None,
    weights: PathName | None = None,
    device: str | None = None,
    dtype: Literal["auto", "float32", "bfloat16"] | None = None,
    fingerprinter_options: Mapping[str, Any] | None = None,
    generator_options: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    index_options: Mapping[str, Mapping[str, Any]] | None = None,
    protocol_options: Mapping[str, Any] | None = None,
    config: PathName | None = None,
    out: PathName | None = None,
    figure: PathName | None = None,
    cache: PathName | None = None,
    engine: Literal["local", "ray"] | None = None,
    address: str | None = None,
    workers: int | None = None,
    fresh: bool = False,
    unchecked: bool = False,
    progress: bool = True,
) -> LoadedResult:
    """Measure hit rate against database size, as ``fpbench run`` does.

    After an interruption, the same call continues where it stopped.

    Args:
        task: A name from ``fpbench tasks``: all settings but those of the system. None means the
            settings below. A run that changes a setting of its task is a run without a task.
        fingerprinter: A name from ``fpbench plugins``, ``plugin:MODULE``, ``plugin:FILE.py``, or an
            object with a :class:`FingerprintSpec` called ``spec`` and a method ``embed`` (or
            ``fingerprint``, for a track front end). The cache identifies an object by its class's
            source and by its fingerprints of a fixed signal. None means ``nafp``.
        dataset: A name with its argument, such as ``folder:DIR``. None means ``demo``.
        channel: Signal that is taken of recordings with several channels: ``mean``, ``left``,
            ``right``, or ``loudest``, the one with the most energy. None means ``mean``.
        duplicates: What becomes of recordings that the dataset holds twice: ``report`` leaves out
            equal audio and lists near copies, ``drop`` leaves out near copies, too, ``keep`` keeps
            all. None means ``report``.
        name: Name of the system in the result, for a dataset of ready-made fingerprints.
        sizes: Numbers of distractors to measure, such as ``[1e4, 1e6]``. None means 10 000,
            100 000, a million, and all real ones.
        beyond: Larger numbers of distractors, such as ``[1e10, 1e12]``, which are not searched:
            synthetic ones are simulated, other curves are extrapolated up to a hundredfold, for
            exact search. None means none.
        fits: Number of generators to fit, with other seeds and to other halves of the tracks; the
            result has the mean rate of all. None means 1.
        distractors: Kinds of distractors in the database. None means both, or real ones with a
            protocol.
        generator: Generator of the synthetic distractors. None means the best one that can be
            fitted in an hour, with a warning that says which.
        generator_weights: File of a fitted generator. None fits one to half of the real
            distractors.
        foreign_generator: Whether that generator may have been fitted to another fingerprinter, for
            studies. None means no.
        indexes: Search indexes; each gets its own curves. Settings follow a colon, and a list of
            values means one index for each: ``ivfpq:nprobe=5,20,80``. None means ``exact``.
        queries: Number of queries. None means 1000.
        query_length_s: Length of the audio in a query. None means one second.
        recipe: How queries are drawn and degraded, as the table ``[recipe]`` of a config file.
        tolerance_s: Largest distance of a match from the true time; ``"track"`` accepts any time in
            the right track. None means 0.25.
        protocol: Evaluate as the authors of a system did: ``nafp``, ``grafprint``, ``nmfp``,
            ``peaknetfp`` or ``paper`` (arXiv 2509.18620). None means fpbench's own way.
        query_lengths_s: Several lengths of queries, such as ``[1, 2, 3, 5, 6, 10]``: shorter
            queries are the first seconds of the longest. None means ``query_length_s``, or the
            lengths of the protocol.
        test_ids: Rows at which a protocol's queries begin: ``icassp``, ``all``, a number, or a
            ``.npy`` file. None means the authors' file if it is there, else ``all``.
        rules: Whether a protocol's curves count hits rightly, or with the faults of the authors'
            script. None means ``right``; the result has the rates by both.
        seed: Seed of every random draw. None means 0.
        weights: A file of weights: safetensors for the systems of fpbench, any format for another
            plugin. None means the fingerprinter's own weights.
        device: Device for the networks: ``cpu``, ``cuda`` for all visible GPUs, or ``cuda:1`` for
            the second of them; an object chooses its device itself. None means ``cpu``.
        dtype: Floating-point type of the networks' arithmetic. None means ``float32``.
        fingerprinter_options: Options as for ``--set``; the same for the two below.
        index_options: Options by name of the index.
        protocol_options: Options of the protocol.
        config: A TOML file; arguments override it.
        out: Result file (.json); evidence and a PNG are written beside it. None keeps all three in
            the cache; the result's ``path`` names the file.
        figure: Figure file (.png, .svg or .pdf). None writes a PNG beside the result. The figure of
            decisions by a threshold (:func:`plot_det`) lies beside it, such as ``x.det.png``, and
            that of several indexes (:func:`plot_frontier`), such as ``x.frontier.png``.
        cache: Cache folder. None means ``$FPBENCH_CACHE``, or the user's cache folder.
        engine: What works: this process, or workers of a Ray cluster. Results have the same bytes.
            None means this process.
        address: The Ray cluster: ``auto`` or ``HOST:PORT``. None means the one that this process
            has joined, else ``$RAY_ADDRESS``, else one on this machine alone.
        workers: Number of workers in the cluster. None means one per GPU if the device is ``cuda``,
            else one per machine, with all its cores.
        fresh: Whether to make everything again, whatever the cache holds.
        unchecked: Whether to measure a fingerprinter that breaks the harness's rules; the result's
            field ``check`` says so.
        progress: Whether to show progress on stderr.

    Returns:
        The result as it was written.

    Raises:
        FpbenchError: A part does not exist, does not fit the others or breaks a rule, or there is
            too little memory or disk space.
        KeyboardInterrupt: The user stopped the run.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    command = call_text(given)
    engines, given = split_arguments(given)
    if isinstance(device, str):
        given["device"] = select_device(device)
    limit_threads()
    with defer_interrupts(), ExitStack() as stack:
        store = Store.open(None if cache is None else as_path(cache, "cache", RUN))
        store.refuse_unwritable()
        stack.enter_context(use_cache(store.root))
        catalog = Catalog.load()
        if not isinstance(fingerprinter, str | None):
            given["fingerprinter"] = register_object(fingerprinter, catalog, store)
        file = None if config is None else as_path(config, "config", RUN)
        settings = config_from_arguments(file, given, RUN, catalog)
        wanted, drawing = written_files(out, figure, file)
        choice = stack.enter_context(open_engine(engines, settings))
        stage = ProgressStages() if progress else hide_progress
        prepared = prepare(settings, catalog, store, stage, unchecked=unchecked, fresh=fresh)
        with stage("estimating the run"):
            plan = make_plan(prepared, out=wanted)
        logger.info("%s", plan.table())
        refuse_what_cannot_fit(plan, store, wanted or store.root / "result")
        if wanted is None:
            kept = execute_into_cache(prepared, command, stage, figure=drawing, choice=choice)
            return LoadedResult.read(kept)
        execute(prepared, wanted, command, stage, figure=drawing, choice=choice)
        return LoadedResult.read(wanted)


def load_results(paths: PathName | Iterable[PathName]) -> list[LoadedResult]:
    """Read results; each keeps the path of its file.

    Args:
        paths: A result file, a folder of results, or several of either.

    Raises:
        FpbenchError: A path does not exist, or files are not results; the message names all of
            them.
    """
    errors, results = ErrorCollector(), list[LoadedResult]()
    for file in _files(paths):
        with errors.collect():
            results.append(LoadedResult.read(file))
    errors.raise_all()
    return results


def compare(
    *results: ResultSource,
    level: float = 0.95,
    pairs: Pairs = "best",
    best_at: str | None = None,
) -> Comparisons:
    """Test whether one system is better than another, query by query.

    Args:
        results: Two or more results, with their evidence beside them, for the same queries.
        level: Confidence level of the intervals, from 0.5 to 0.995.
        pairs: Show each of several results against the best one, show all pairs, or compare only
            the first result with each of the others. With two results, the first two are equal.
        best_at: The point at which to choose the best system: metric, number of distractors and
            tolerance, such as ``hr@1,1M,0.25`` or ``hr@1,1M,track``. None chooses it anew at each
            size and metric.

    Returns:
        A comparison of each pair. For every rate that two results have, it holds the difference
        first minus second with a paired interval over groups of tracks, or over tracks where groups
        are unknown, and a p-value that is corrected for the number of all tests; shown as tables.

    Raises:
        FpbenchError: The queries differ, the results have no curve in common, or evidence is
            missing.
    """
    level = convert(level, float, "fpbench.compare", where="level")
    pairs = convert(pairs, Pairs, "fpbench.compare", where="pairs")
    best_at = convert(best_at, str | None, "fpbench.compare", where="best_at")
    files = [_file(result) for result in results]
    return make_comparisons(files, level, pairs=pairs, best_at=best_at)


def validate(results: ResultSource | Iterable[ResultSource]) -> list[str]:
    """Check results, and recompute their numbers from the evidence beside them.

    Returns:
        One line for each check that was impossible because evidence is missing, with the result's
        file.

    Raises:
        FpbenchError: A result breaks the format, contradicts itself, or has a number that differs
            from its evidence. All results are checked, and the message names those with errors.
    """
    errors, lines = ErrorCollector(), list[str]()
    for file in _files(results):
        with errors.collect():
            lines += [f"{file}: {line}" for line in validate_result(file)]
    errors.raise_all()
    return lines


def plot_curves(
    results: ResultSource | Iterable[ResultSource], *, metric: str = "hr@1"
) -> "Figure":
    """Plot hit rate against database size, with the intervals as bands.

    Args:
        results: Results or their files. Results with different audio or queries cannot be compared
            and get separate rows.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.

    Returns:
        A matplotlib figure, which notebooks show; ``figure.savefig("curves.png")`` saves it.

    Raises:
        FpbenchError: There is no curve of the metric, or a path does not exist.
    """
    return draw_curves(_read_all(results), metric=metric)


def plot_det(
    results: ResultSource | Iterable[ResultSource],
    *,
    n_distractors: int | float | str | None = None,
) -> "Figure":
    """Plot decisions by a threshold: DET curves, and false accepts against database size.

    Args:
        results: Results or their files. One system is shown at every size, several at one.
            Results with different audio or queries cannot be compared and get separate rows.
        n_distractors: The size at which several systems are shown, such as ``1e6``. None means the
            largest that all were searched with.

    Returns:
        A matplotlib figure, which notebooks show; ``figure.savefig("det.png")`` saves it.

    Raises:
        FpbenchError: There are no such decisions, as in older results, or a path does not exist.
    """
    size = None if n_distractors is None else whole_sizes([n_distractors])[0]
    return draw_det(_read_all(results), n_distractors=size)


def plot_frontier(result: ResultSource) -> "Figure":
    """Plot hit rate against time per query, and against size, of the indexes of one result.

    A line joins the indexes that none beats in both at once, the Pareto front. There is a row of
    panels for each kind of distractors.

    Args:
        result: A result of several indexes, or its file.

    Returns:
        A matplotlib figure, which notebooks show; ``figure.savefig("frontier.png")`` saves it.

    Raises:
        FpbenchError: There are no two indexes to compare, several results, or no such path.
    """
    shown = _read_all(result)
    if len(shown) != 1:
        raise FpbenchError(
            f"fpbench.plot_frontier shows one result, not {len(shown)}",
            hint="give one result, or the file of one",
        )
    return draw_frontier(shown[0])


def _read_all(results: ResultSource | Iterable[ResultSource]) -> list[Result]:
    shown: list[Result] = []
    for source in _each(results):
        if isinstance(source, Result):
            shown.append(source)
        else:
            shown += load_results(source)
    return shown


def _each(sources: Any) -> Iterable[Any]:
    one = isinstance(sources, Result | str | PathLike) or not isinstance(sources, Iterable)
    return (sources,) if one else sources


def _files(sources: ResultSource | Iterable[ResultSource]) -> list[Path]:
    """The result files, in the order given; those of a folder are sorted."""
    files = []
    for source in _each(sources):
        files += [_file(source)] if isinstance(source, Result) else result_files(_file(source))
    if not files:
        raise FpbenchError(f"there are no results in {sources}", hint="results end in .json")
    return files


def _file(source: ResultSource) -> Path:
    """The file of a result; its evidence is beside it."""
    if not isinstance(source, Result):
        return as_path(source, "a result", "fpbench")
    path = source.path if isinstance(source, LoadedResult) else None
    if path is None:
        raise FpbenchError(
            f"a result of {source.fingerprinter.name} has no file, so its evidence is unknown",
            hint="give a result from fpbench.run or fpbench.load_results, or a path",
        )
    return path
