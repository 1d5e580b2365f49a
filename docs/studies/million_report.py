"""Numbers, tables and figure of the study, from the results of its runs."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from million_gaps import PARTS, MeasuredGap, hits_at, measure_gap
from million_inputs import ROWS
from million_predictions import Prediction, compare_simulated, extrapolate
from tabulate import tabulate

from fpbench import Stream, load_results, rng_at
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import evidence_name, read_evidence
from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.units import short_size

TOLERANCES = {"within 0.25 s": 0.25, "in the track": None}
SIMULATED = ".simulated"
MILLION = 1_000_000
TICKS = (10_000, 50_000, 100_000, 500_000, MILLION)
PAGE, NUMBERS, FIGURE = "a-million-real.md", "a-million-real.json", "a-million-real.png"
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One system and one generator, at one tolerance."""

    system: str
    generator: str
    tolerance: str
    queries: int
    real_tracks: int
    real_rows: int
    gaps: Sequence[MeasuredGap]
    predictions: Sequence[Prediction]


def write_report(folder: Path, here: Path) -> None:
    """Write the numbers and the figure, and put the tables into the page.

    Args:
        folder: Of the study; of each measurement the one with most real distractors is taken.
        here: Folder of the page.
    """
    measured = [one for path in _largest_runs(folder) for one in _measure(path)]
    numbers = json.dumps([asdict(one) for one in measured], indent=1)
    (here / NUMBERS).write_text(numbers + "\n", encoding="utf-8")
    write_figure(lambda: _draw(measured), here / FIGURE)
    page = (here / PAGE).read_text(encoding="utf-8")
    parts = {
        "state": _state(measured),
        "gaps": _gap_tables(measured),
        "extrapolations": _predictions(measured, "real"),
        "simulations": _predictions(measured, "synthetic"),
    }
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        page = re.sub(f"{begin}.*?{end}", f"{begin}\n\n{text}\n\n{end}", page, flags=re.DOTALL)
    (here / PAGE).write_text(page, encoding="utf-8")


def simulated_path(result: Path) -> Path:
    """The result of the simulation beside that of the search."""
    return result.with_name(result.stem + SIMULATED + result.suffix)


def _largest_runs(folder: Path) -> list[Path]:
    """Of each name the result with most chunks, in the order of names."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("runs/*/*.json"), key=_chunks):
        if not path.stem.endswith(SIMULATED):
            found[path.name] = path
    return [found[name] for name in sorted(found)]


def _chunks(path: Path) -> int:
    return int(path.parent.name.partition("-")[0])


def _measure(path: Path) -> Iterator[Measured]:
    (result,) = load_results(path)
    rows = result.data.distractor_fingerprints
    if result.data.distractors_in_reference:
        raise ValueError(f"{path}: rows were left out, so tracks of the others are not known")
    real, synthetic = _evidence(path, "real"), _evidence(path, "synthetic")
    # Rows are searched in a random order over all tracks.
    order = rng_at(result.config["seed"], Stream.REAL_ORDER, 0).permutation(rows)
    sizes = [size for size in result.config["sizes"] if size <= rows]
    simulated = simulated_path(path)
    for words, tolerance_s in TOLERANCES.items():
        found, draws = (
            {size: hits_at(evidence, size, tolerance_s, part) for size in sizes}
            for evidence, part in (
                (real, order // ROWS % PARTS),
                (synthetic, np.arange(rows) % PARTS),
            )
        )
        predictions = list(extrapolate(real, found, tolerance_s))
        if simulated.exists():
            predictions += compare_simulated(simulated, draws, tolerance_s)
        yield Measured(
            system=result.fingerprinter.name,
            generator=path.stem.removeprefix(result.fingerprinter.name + "-"),
            tolerance=words,
            queries=result.queries.n,
            real_tracks=result.data.distractor_tracks,
            real_rows=rows,
            gaps=[measure_gap(found[size], draws[size], real.query_track, size) for size in sizes],
            predictions=predictions,
        )


def _evidence(path: Path, kind: str) -> Evidence:
    evidence = read_evidence(path.with_name(evidence_name(path.stem, "exact", kind)))
    if not isinstance(evidence, Evidence):
        raise TypeError(f"{path}: exact search has evidence of blocks")
    return evidence


def _state(measured: Sequence[Measured]) -> str:
    """How many real distractors the numbers stand on."""
    rows = [one.real_rows for one in measured]
    tracks = [one.real_tracks for one in measured]
    stand = (
        f"All numbers below stand on {_range(rows)} real fingerprints of {_range(tracks)} tracks."
    )
    if min(rows) >= MILLION:
        return stand
    return f"**The million is not there yet.** {stand} They say nothing about larger sizes."


def _range(numbers: Sequence[int]) -> str:
    ends = dict.fromkeys((min(numbers), max(numbers)))
    return " to ".join(f"{end:,}".replace(",", " ") for end in ends)


def _gap_tables(measured: Sequence[Measured]) -> str:
    """For each system and tolerance, the real hit rate and the gap of each generator."""
    tables = []
    for system, tolerance in dict.fromkeys((one.system, one.tolerance) for one in measured):
        some = [one for one in measured if (one.system, one.tolerance) == (system, tolerance)]
        longest = max(some, key=lambda one: len(one.gaps))
        rows = [["real, HR@1", *(f"{100 * gap.real:.1f}" for gap in longest.gaps)]]
        sizes = [gap.size for gap in longest.gaps]
        for one in some:
            cells = {gap.size: _points(gap.gap, gap.half_width) for gap in one.gaps}
            rows.append([one.generator, *(cells.get(size, "") for size in sizes)])
        head = [f"{system}, {tolerance}", *(short_size(size) for size in sizes)]
        tables.append(_table(rows, head))
    return "\n\n".join(tables)


def _predictions(measured: Sequence[Measured], distractors: str) -> str:
    """Predicted minus searched at the largest size; real ones once, whatever the generator."""
    rows = {}
    for one in measured:
        for each in one.predictions:
            if each.distractors == distractors and each.size == one.gaps[-1].size:
                of = one.generator if distractors == "synthetic" else "real"
                key = one.system, of, one.tolerance, each.searched_to, each.size
                rows[key] = f"{100 * each.searched:.1f}", _points(each.difference, each.half_width)
    head = ["system", "distractors", "tolerance", "known", "predicted", "searched", "difference"]
    lines = [
        [*key[:3], short_size(key[3]), short_size(key[4]), *cells] for key, cells in rows.items()
    ]
    return _table(lines, head, names=3)


def _points(value: float, half_width: float) -> str:
    return f"{100 * value:+.1f} ± {100 * half_width:.1f}"


def _table(rows: Sequence[Sequence[str]], head: Sequence[str], names: int = 1) -> str:
    """A table in Markdown, the first columns of which are names."""
    align = ["left"] * names + ["right"] * (len(head) - names)
    return tabulate(rows, head, tablefmt="github", colalign=align, disable_numparse=True)


def _draw(measured: Sequence[Measured]) -> Any:
    """A panel for each system and tolerance: gaps with their intervals over size."""
    from matplotlib.figure import Figure

    systems = list(dict.fromkeys(one.system for one in measured))
    generators = list(dict.fromkeys(one.generator for one in measured))
    colours = dict(zip(generators, COLOURS * len(generators), strict=False))
    with own_style():
        figure = Figure(figsize=(3.6 * len(systems) + 1, 6.5), layout="constrained")
        panels = figure.subplots(
            len(TOLERANCES), len(systems), squeeze=False, sharex=True, sharey="row"
        )
        for row, tolerance in enumerate(TOLERANCES):
            for column, system in enumerate(systems):
                axes = panels[row][column]
                _draw_panel(
                    axes,
                    [one for one in measured if (one.system, one.tolerance) == (system, tolerance)],
                    colours,
                )
                axes.set_title(f"{system}, {tolerance}")
            panels[row][0].set_ylabel("synthetic minus real, points")
        for axes in panels[-1]:
            axes.set_xlabel("distractors")
        handles = {bar.get_label(): bar for axes in panels.flat for bar in axes.containers}
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False
        )
    return figure


def _draw_panel(axes: Any, some: Sequence[Measured], colours: dict[str, str]) -> None:
    for number, one in enumerate(some):
        shift = 1 + 0.04 * (number - (len(some) - 1) / 2)  # so that bars do not hide each other
        axes.errorbar(
            [gap.size * shift for gap in one.gaps],
            [100 * gap.gap for gap in one.gaps],
            yerr=[100 * gap.half_width for gap in one.gaps],
            color=colours[one.generator],
            label=one.generator,
            marker="o",
            markersize=4,
            linewidth=1.2,
            capsize=2,
        )
    axes.axhline(0, color="#000000", linewidth=0.8)
    axes.set_xscale("log")
    largest = max(gap.size for one in some for gap in one.gaps)
    ticks = [size for size in TICKS if size <= 2 * largest]
    axes.set_xticks(ticks, [short_size(size) for size in ticks])
    axes.set_xticks([], minor=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)
