"""Results in the forms that papers, notebooks and model pages take."""

import io
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from tabulate import tabulate

from fpbench.errors import FpbenchError
from fpbench.results.document import Curve, Point, Result
from fpbench.results.lengths import split_by_length
from fpbench.results.names import (
    curve_id,
    data_label,
    metric_label,
    queries_label,
    rate_label,
    system_label,
)
from fpbench.review.every_eval_ever import every_eval_document
from fpbench.review.flat_records import records_csv
from fpbench.units import short_size

FORMS = ("csv", "json", "latex", "parquet", "eval-results", "every-eval-ever")


def export(results: Sequence[Result], form: str, *, hub_dataset: str | None = None) -> bytes:
    """Results in one of :data:`FORMS`.

    Args:
        results: At least one.
        form: ``csv``, ``json`` and ``parquet`` have a flat record for each point. ``latex`` has a
            table for each kind of curve. ``eval-results`` is the YAML of ``.eval_results/`` in a
            model repository of the Hugging Face Hub. ``every-eval-ever`` is the JSON document of
            one result for the database of that name.
        hub_dataset: Dataset on the Hub that the benchmark is listed under, ``ORG/NAME``, for
            ``eval-results``.

    Raises:
        FpbenchError: A library is missing, or ``hub_dataset``; or several results are to become one
            document.
    """
    records = [record for result in results for record in result.records()]
    if form == "parquet":
        return _parquet(records)
    if form == "eval-results":
        return _text(_eval_results(results, hub_dataset))
    if form == "every-eval-ever":
        return _text(_every_eval_ever(results))
    if form == "latex":
        return _text("\n\n".join(_latex_tables(results)))
    if form == "json":
        return _text(json.dumps(records, indent=2, ensure_ascii=False))
    return _text(records_csv(records))


def _text(text: str) -> bytes:
    return f"{text}\n".encode()


def _parquet(records: Sequence[Mapping[str, Any]]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as err:
        raise FpbenchError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install 'fpbench-audio[parquet]', or choose --format csv",
        ) from err
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), file)
    return file.getvalue()


def _latex_tables(results: Sequence[Result]) -> Iterator[str]:
    """A table for each metric, tolerance and search of the same queries, the best system first."""
    tables: dict[tuple[str, ...], list[tuple[Result, Curve]]] = defaultdict(list)
    for result in chain.from_iterable(map(split_by_length, results)):
        for curve in result.curves:
            label = metric_label(curve.metric, curve.tolerance_s)
            data = f"{data_label(result)}, {queries_label(result.queries)}"
            tables[label, curve.index, curve.distractors, data].append((result, curve))
    for (label, index, distractors, data), rows in tables.items():
        sizes = sorted({point.n_distractors for _, curve in rows for point in curve.points})
        shown = [result.fingerprinter for result, _ in rows]
        ordered = sorted(rows, key=lambda row: -row[1].points[-1].value)
        cells = [
            [system_label(result.fingerprinter, shown, dtype=True), *_rates(curve, sizes)]
            for result, curve in ordered
        ]
        header = ["system", *map(short_size, sizes)]
        table = tabulate(cells, header, tablefmt="latex_booktabs", disable_numparse=True)
        caption = f"{label}, percent with 95 % intervals, * not searched; {index}, {distractors}"
        yield f"% {caption} distractors; {data}\n" + table.replace("±", r"\ensuremath{\pm}")


def _rates(curve: Curve, sizes: Sequence[int]) -> Iterator[str]:
    points = {point.n_distractors: point for point in curve.points}
    for size in sizes:
        point = points.get(size)
        mark = "" if point is None or point.found == "searched" else "*"
        yield "" if point is None else rate_label(point) + mark


def _every_eval_ever(results: Sequence[Result]) -> str:
    if len(results) > 1:
        raise FpbenchError(
            f"every-eval-ever has a file for each result, and these are {len(results)}",
            hint="export each result by itself",
        )
    document = every_eval_document(results[0], int(time.time()))
    return json.dumps(document, indent=2, ensure_ascii=False)


def _eval_results(results: Sequence[Result], hub_dataset: str | None) -> str:
    """Entries for a model page. JSON is YAML, too."""
    if hub_dataset is None or hub_dataset.count("/") != 1:
        raise FpbenchError(
            f"eval-results need the dataset on the Hub that they are for, not {hub_dataset!r}",
            hint="give --hub-dataset ORG/NAME",
        )
    entries = []
    for result in results:
        task = result.task.name if result.task else "free-run"
        for curve in result.curves:
            name = f"{task}/{curve_id(result, curve)}"
            entries += [
                {
                    "dataset": {"id": hub_dataset, "task_id": f"{name}/{point.n_distractors}"},
                    "value": round(100 * point.value, 2),
                    "notes": "; ".join(_notes(result, point)),
                }
                for point in curve.points
            ]
    return json.dumps(entries, indent=2, ensure_ascii=False)


def _notes(result: Result, point: Point) -> Iterator[str]:
    yield point.found
    if point.ci.is_known:
        low, high = (round(100 * end, 2) for end in (point.ci.low, point.ci.high))
        yield f"95 % interval {low} to {high}"
    if result.result_id is not None:
        yield f"result {result.result_id}"
