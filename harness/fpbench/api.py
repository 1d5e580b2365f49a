"""fpbench from Python, for scripts and notebooks: what the commands do, without printing."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from logging import getLogger
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from fpbench import progress as displays
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import make_folder
from fpbench.hashing import file_sha256
from fpbench.interrupts import defer_interrupts
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.progress import Stage
from fpbench.results.document import Result
from fpbench.results.files import result_files
from fpbench.results.loaded import LoadedResult
from fpbench.review.comparison import compare_results
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.curves_figure import draw_curves
from fpbench.review.verification import validate_result
from fpbench.runs.arguments import config_from_arguments, refuse_out
from fpbench.runs.objects import register_object
from fpbench.runs.plan import make_plan, refuse_what_cannot_fit
from fpbench.runs.prepare import PreparedRun, prepare
from fpbench.runs.run import run_prepared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PathName = str | PathLike[str]
ResultSource = Result | PathName
"""A result, a result file, or a folder of them."""

logger = getLogger(__name__)


def run(
    *,
    fingerprinter: str | AnyFingerprinter | None = None,
    dataset: str | None = None,
    sizes: Iterable[int | float | str] | str | None = None,
    distractors: Literal["real", "synthetic", "both", "none"] | None = None,
    generator: str | None = None,
    generator_weights: PathName | None = None,
    indexes: Sequence[str] | str | None = None,
    queries: int | None = None,
    query_length_s: int | float | None = None,
    recipe: Mapping[str, Any] | None = None,
    tolerance_s: int | float | Literal["track"] | None = None,
    seed: int | None = None,
    weights: PathName | None = None,
    device: Literal["cpu", "cuda"] | None = None,
    dtype: Literal["auto", "float32", "bfloat16"] | None = None,
    fingerprinter_options: Mapping[str, Any] | None = None,
    generator_options: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    index_options: Mapping[str, Mapping[str, Any]] | None = None,
    config: PathName | None = None,
    out: PathName | None = None,
    cache: PathName | None = None,
    progress: bool = True,
) -> LoadedResult:
    """Measure hit rate against database size, as ``fpbench run`` does.

    Interrupted or killed at any moment, the same call goes on where it stopped.

    Args:
        fingerprinter: A name from ``fpbench plugins``, ``plugin:MODULE``, ``plugin:FILE.py``, or an
            object with a :class:`FingerprintSpec` called ``spec`` and a method ``embed`` (or
            ``fingerprint``, for a track front end). The cache knows an object by its class's source
            and by its fingerprints of a fixed signal. None means ``nafp``.
        dataset: A name with its argument, such as ``folder:DIR``. None means ``demo``.
        sizes: Distractors at which the curve is read off, such as ``[1e4, 1e6]``. None means
            10 000, 100 000, a million, and all real ones.
        distractors: Which kinds fill the database. None means both.
        generator: Makes the synthetic distractors. None means ``gaussian``.
        generator_weights: A fitted generator. None fits one to half of the real distractors.
        indexes: Search indexes, each with curves of its own. None means ``exact``.
        queries: How many. None means 1000.
        query_length_s: Of the audio in a query. None means one second.
        recipe: How queries are drawn and degraded, as the table ``[recipe]`` of a config file.
        tolerance_s: How far from the true time a match may be, ``"track"`` for anywhere in the
            right one. None means 0.25.
        seed: Of every draw. None means 0.
        weights: A safetensors file. None means the fingerprinter's own.
        device: Where networks compute; an object computes where it likes. None means ``cpu``.
        dtype: Of the networks' arithmetic. None means ``float32``.
        fingerprinter_options: As ``--set`` takes them; likewise the two below.
        index_options: By name of the index.
        config: A TOML file; what is given here wins over it.
        out: The result (.json); evidence and a PNG are put beside it. None keeps all three in the
            cache; the result knows where.
        cache: None means ``$FPBENCH_CACHE``, or the user's cache folder.
        progress: Whether to show how far it is, on stderr.

    Returns:
        The result as it was written.

    Raises:
        FpbenchError: A part does not exist, does not fit the others or breaks a rule, or memory or
            disk do not suffice.
        KeyboardInterrupt: The user stopped it.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    command = _command(given)
    for name in ("config", "out", "cache", "progress"):
        given.pop(name, None)
    with defer_interrupts():
        store = Store.open(None if cache is None else Path(cache))
        catalog = Catalog.load()
        if not isinstance(fingerprinter, str | None):
            given["fingerprinter"] = register_object(fingerprinter, catalog, store)
        file = None if config is None else Path(config)
        settings = config_from_arguments(file, given, "fpbench.run")
        if out is not None:
            refuse_out(Path(out))
        stage = partial(displays.progress, leave=False) if progress else displays.silent
        prepared = prepare(settings, catalog, store, stage)
        plan = make_plan(prepared)
        logger.info("%s", plan.table())
        refuse_what_cannot_fit(plan, store, store.root / "result" if out is None else Path(out))
        if out is None:
            return LoadedResult.read(_run_into_store(prepared, command, stage))
        run_prepared(prepared, Path(out), command, stage)
        return LoadedResult.read(Path(out))


def load_results(paths: PathName | Iterable[PathName]) -> list[LoadedResult]:
    """Read results, and remember which file each is in.

    Args:
        paths: A result file, a folder of them, or several of either.

    Raises:
        FpbenchError: There is nothing at a path, or a file is no result.
    """
    return [LoadedResult.read(file) for file in _files(paths)]


def compare(first: ResultSource, second: ResultSource, *, level: float = 0.95) -> Comparisons:
    """Tell whether one system is better than another, query by query.

    Args:
        first: A result with its evidence beside it.
        second: Of the same queries.
        level: Of the intervals, from 0.5 to 0.995.

    Returns:
        Differences first minus second of every rate that both have, with paired intervals over
        tracks; shown as tables.

    Raises:
        FpbenchError: They were not asked the same, have no curve in common, or lack evidence.
    """
    return Comparisons(compare_results(_file(first), _file(second), level), level)


def validate(results: ResultSource | Iterable[ResultSource]) -> list[str]:
    """Check results, and compute their numbers again from the evidence beside them.

    Returns:
        What could not be checked for want of evidence, each with the result's file.

    Raises:
        FpbenchError: A result breaks the format, contradicts itself, or has a number that does not
            follow from its evidence.
    """
    return [f"{file}: {line}" for file in _files(results) for line in validate_result(file)]


def plot_curves(
    results: ResultSource | Iterable[ResultSource], *, metric: str = "hr@1"
) -> "Figure":
    """Draw hit rate against database size, with the intervals as bands.

    Args:
        results: Those of other audio or other queries, which must not be compared, go into a row
            of their own.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.

    Returns:
        A matplotlib figure, which notebooks show; ``figure.savefig("curves.png")`` keeps it.

    Raises:
        FpbenchError: There is no curve of the metric, or nothing at a path.
    """
    shown: list[Result] = []
    for source in _each(results):
        if isinstance(source, Result):
            shown.append(source)
        else:
            shown += load_results(source)
    return draw_curves(shown, metric=metric)


def _run_into_store(prepared: PreparedRun, command: str, stage: Stage) -> Path:
    """Run, and keep the result where only an equal one can take its place.

    Returns:
        Its file.
    """
    store = prepared.store
    with TemporaryDirectory(prefix=".", dir=make_folder(store.root / "results")) as work_dir:
        made = Path(work_dir) / "result" / "result.json"
        run_prepared(prepared, made, command, stage)
        kept = store.path("results", file_sha256(made))
        make_folder(kept.parent)
        try:
            made.parent.rename(kept)
        except OSError as err:  # an equal result was there before
            if not kept.exists():
                raise FpbenchError(
                    f"cannot keep a result in {kept}: {err.strerror}", hint="give out a path"
                ) from err
    return kept / made.name


def _command(given: Mapping[str, Any]) -> str:
    """What was typed, more or less: for the record in a result."""
    texts = []
    for name, value in given.items():
        if name == "progress":
            continue
        if isinstance(value, PathLike):
            texts.append(f"{name}={str(value)!r}")
        elif name == "fingerprinter" and not isinstance(value, str):
            texts.append(f"{name}=<{type(value).__name__}>")
        else:
            texts.append(f"{name}={value!r}")
    return f"fpbench.run({', '.join(texts)})"


def _each(sources: Any) -> Iterable[Any]:
    return (sources,) if isinstance(sources, Result | str | PathLike) else sources


def _files(sources: ResultSource | Iterable[ResultSource]) -> list[Path]:
    """The files of results, in the order given and sorted below a folder."""
    files = []
    for source in _each(sources):
        files += [_file(source)] if isinstance(source, Result) else result_files(Path(source))
    if not files:
        raise FpbenchError(f"there are no results in {sources}", hint="results end in .json")
    return files


def _file(source: ResultSource) -> Path:
    """Where a result is, beside which its evidence lies."""
    if not isinstance(source, Result):
        return Path(source)
    path = source.path if isinstance(source, LoadedResult) else None
    if path is None:
        raise FpbenchError(
            f"a result of {source.fingerprinter.name} is in no file, so its evidence is not known",
            hint="give what fpbench.run or fpbench.load_results returned, or a path",
        )
    return path
