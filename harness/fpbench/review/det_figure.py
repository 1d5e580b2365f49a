"""Figure of decisions by a threshold: DET curves, and what becomes of a threshold that was set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpbench.errors import FpbenchError
from fpbench.results.comparable import ComparisonKey
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import split_by_length
from fpbench.results.names import clusters_label, queries_label, system_label, tracks_label
from fpbench.review.det_panels import AcceptLine, DetLine, draw_accepts, draw_det_panel
from fpbench.review.false_accept_tables import shown_tolerance, where_label
from fpbench.review.figure_files import write_figure
from fpbench.review.figure_style import own_style
from fpbench.review.figure_texts import one_line, show_as_text
from fpbench.review.notebook_figure import figure_class
from fpbench.review.synthetic_labels import generator_label
from fpbench.units import short_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, as in the figure of hit rates.
_SYSTEMS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_WIDTH_INCHES, _ROW_INCHES, _TITLE_INCHES = 12.4, 5.4, 0.5


def plot_det(results: Sequence[Result], path: Path, *, n_distractors: int | None = None) -> None:
    """Write the figure of :func:`draw_det` to a PNG, SVG or PDF file, by its suffix."""
    write_figure(lambda: draw_det(results, n_distractors=n_distractors), path)


def has_det(result: Result) -> bool:
    """Whether there is anything to draw; older results have no curves."""
    return any(map(_is_drawn, result.false_accepts))


def draw_det(results: Sequence[Result], *, n_distractors: int | None = None) -> "Figure":
    """Plot false rejects against false accepts, and false accepts against database size.

    Both axes of the left panel are spaced like the normal distribution, as usual for DET curves.
    For one system there is a line for each size, for several a line for each system at one size.
    Points mark equal error rates, bands are the intervals over groups. Dashed lines are simulated.
    The right panel shows the false accepts at the threshold that was set at the smallest size.
    There is a row for each index and kind of distractors, and for results that cannot be compared.

    Args:
        results: Results.
        n_distractors: Size at which several systems are shown; None means the largest that all of
            them were searched with.

    Raises:
        FpbenchError: No result has DET curves, or no two have a size in common.
    """
    rows = list(_rows([result for result in results if has_det(result)], n_distractors))
    if not rows:
        raise FpbenchError(
            "there are no decisions by a threshold to draw",
            hint="give results of an index that searches block by block, made by this version",
        )
    with own_style():
        height = len(rows) * _ROW_INCHES + _TITLE_INCHES
        figure = figure_class()(figsize=(_WIDTH_INCHES, height), layout="constrained")
        parts: Any = figure.subfigures(len(rows), 1) if len(rows) > 1 else [figure]
        for part, row in zip(parts, rows, strict=True):
            part.suptitle(row.title, x=0.01, ha="left", fontsize=13)
            left, right = part.subplots(1, 2, width_ratios=(1.05, 1))
            draw_det_panel(left, row.det)
            draw_accepts(right, row.accepts)
        show_as_text(figure)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Two panels of one index and kind of distractors."""

    title: str
    det: Sequence[DetLine]
    accepts: Sequence[AcceptLine]


def _rows(results: Sequence[Result], wanted: int | None) -> Iterator[_Row]:
    together: dict[ComparisonKey, list[Result]] = {}
    for result in (part for one in results for part in split_by_length(one)):
        together.setdefault(ComparisonKey.of(result), []).append(result)
    for comparable in together.values():
        kinds = dict.fromkeys(
            (one.index, one.distractors) for result in comparable for one in result.false_accepts
        )
        for index, distractors in kinds:
            blocks = [_blocks(result, index, distractors) for result in comparable]
            sides = [(r, b) for r, b in zip(comparable, blocks, strict=True) if b]
            if len(sides) == 1:
                yield _row_of_sizes(*sides[0])
            elif size := _common_size([b for _, b in sides], wanted):
                yield _row_of_systems(sides, size)


def _blocks(result: Result, index: str, distractors: DistractorKind) -> list[FalseAccepts]:
    """What is shown of one index and kind of distractors."""
    shown = shown_tolerance(result)
    return [
        one
        for one in result.false_accepts
        if _is_drawn(one)
        and (one.index, one.distractors, one.tolerance_s) == (index, distractors, shown)
    ]


def _is_drawn(block: FalseAccepts) -> bool:
    # Too few queries leave no share of false accepts.
    return block.det is not None and len(block.det.false_accepts) > 0


def _row_of_sizes(result: Result, blocks: Sequence[FalseAccepts]) -> _Row:
    searched = {one.n_distractors for one in blocks if one.found == "searched"}
    # The largest searched size was simulated for comparison only; the right panel has it.
    drawn = [one for one in blocks if one.found == "searched" or one.n_distractors not in searched]
    colours = _shades(len(drawn))
    name = system_label(result.fingerprinter, [result.fingerprinter], dtype=False)
    return _Row(
        title=_title(result, blocks[0], name),
        det=[
            DetLine(block=block, label=short_size(block.n_distractors), colour=colour)
            for block, colour in zip(drawn, colours, strict=True)
        ],
        accepts=_accept_lines(blocks, "", colours[-1]),
    )


def _shades(count: int) -> list[str]:
    """Colours from light to dark, for ascending sizes."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](0.8 * (1 - i / max(count - 1, 1)))) for i in range(count)]


def _row_of_systems(sides: Sequence[tuple[Result, list[FalseAccepts]]], size: int) -> _Row:
    systems = [result.fingerprinter for result, _ in sides]
    names = [system_label(system, systems, dtype=False) for system in systems]
    if len(set(names)) < len(names):  # one system with several generators
        generators = [generator_label([result]) for result, _ in sides]
        names = [f"{name}, {own}" for name, own in zip(names, generators, strict=True)]
    det, accepts = [], []
    for (_, blocks), name, colour in zip(sides, names, cycle(_SYSTEMS), strict=False):
        accepts += _accept_lines(blocks, name, colour)
        block = next(one for one in blocks if one.n_distractors == size)
        det.append(DetLine(block=block, label=one_line(name), colour=colour))
    result, blocks = sides[0]
    title = _title(result, blocks[0], f"{short_size(size)} distractors")
    return _Row(title=title, det=det, accepts=accepts)


def _accept_lines(blocks: Sequence[FalseAccepts], name: str, colour: str) -> list[AcceptLine]:
    """The line of all impostors, and that of recordings alone that the database does not hold."""
    if all(block.accepts_at_smallest is None for block in blocks):
        return []
    lines = [
        AcceptLine(
            blocks=blocks,
            rates=[one.accepts_at_smallest for one in blocks],
            share=blocks[0].smallest_share,
            label=name,
            colour=colour,
        )
    ]
    absent = [block.absent for block in blocks if block.absent is not None]
    if absent:
        rates = [None if one.absent is None else one.absent.accepts_at_smallest for one in blocks]
        label = f"{name}, recordings not in the database" if name else "recordings not in it"
        share = absent[0].smallest_share
        lines.append(
            AcceptLine(blocks=blocks, rates=rates, share=share, label=label, colour="0.45")
        )
    return lines


def _common_size(blocks: Sequence[Sequence[FalseAccepts]], wanted: int | None) -> int | None:
    """The size at which several systems are shown; None if they have none in common."""
    sizes = [{one.n_distractors for one in each if one.found == "searched"} for each in blocks]
    if wanted is not None:
        sizes = [{one.n_distractors for one in each} & {wanted} for each in blocks]
    return max(set.intersection(*sizes), default=None)


def _title(result: Result, block: FalseAccepts, subject: str) -> str:
    queries = result.queries
    kind = generator_label([result]) if block.distractors == "synthetic" else block.distractors
    text = f"{subject}, {block.index} search, {kind} distractors, a match "
    text += f"{where_label(block.tolerance_s)}\n{result.data.name}: "
    text += f"{queries_label(queries)} from {tracks_label(queries)}"
    if queries.groups is not None:
        text += f" in {clusters_label(queries)}"
    return text
