"""``fpbench leaderboard``: a light module, because ``fpbench --help`` imports it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import refuse_unwritable, write_output
from fpbench.units import count_label
from fpbench.user_paths import expand_path

if TYPE_CHECKING:
    from fpbench_leaderboard.board import Board
    from fpbench_leaderboard.entries import Entry
    from fpbench_leaderboard.selection import Selection

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]

FORMS = ("md", "csv", "json", "html")


def _file_option(*names: str, help: str) -> "_Decorator":
    path = click.Path(dir_okay=False, readable=False)
    return click.option(*names, type=path, metavar="FILE", help=help)


@click.command()
@click.argument("paths", type=click.Path(readable=False), nargs=-1)
@click.option("--task", "tasks", multiple=True, help="Only results of this task; free: of none.")
@click.option("--system", "systems", multiple=True, help="Only systems of this name.")
@click.option(
    "--tier",
    type=click.Choice(["self-reported", "recomputed", "reproduced"]),
    help="Only results of this tier or a higher one.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="Rank by this metric; all: by each.  [default: hr@1; of html, all]",
)
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="SECONDS|track",
    help="Rank by matches within this tolerance, or by matches anywhere in the right track.",
)
@click.option("--size", help="Rank at this number of distractors, such as 1M.")
@click.option("--index", help="Rank searches with this index.")
@click.option(
    "--distractors",
    type=click.Choice(["real", "synthetic"]),
    help="Rank searches among distractors of this kind.",
)
@click.option("--generator", help="Rank searches among distractors of this generator.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="md",
    show_default=True,
    help="md: tables of at most 120 columns; csv: a line for each system and size; json: all data, "
    "with every curve; html: one page to sort, filter and point at, without a network.",
)
@_file_option("-o", "--out", help="Output file.  [default: standard output]")
@_file_option("--update", help="Replace the leaderboard in a Markdown file, between its two marks.")
@_file_option("--figure", help="Also plot all curves in one figure, as .png, .svg or .pdf.")
@_file_option(
    "--det",
    help="Also plot decisions by a threshold: DET curves, and false accepts by database size.",
)
@click.option(
    "--evidence/--no-evidence",
    default=True,
    help="Compare results with the evidence beside them and with their tasks, for tiers and paired "
    "tests. Without, all are self-reported, and ranks are from intervals.  [default: evidence]",
)
def leaderboard(
    paths: tuple[str, ...],
    *,
    form: str,
    out: str | None,
    update: str | None,
    figure: str | None,
    det: str | None,
    evidence: bool,
    **options: Any,
) -> None:
    """Rank systems: one table for each task, metric and tolerance.

    PATHS are result files or folders of them; the default is the folder submissions. Systems are in
    one ranking only if they can be compared: same task, or same audio and queries, and the same
    index and kind of distractors. It is at the largest size that most of them share. Real
    distractors, generators and indexes are compared below it. Files with errors are left out and
    named.

    --task, --system, --metric and --tolerance may be given several times. What options leave out is
    not ranked, either.

    \b
    fpbench leaderboard
    fpbench leaderboard runs --task demo-v1 --size 1M --tolerance track
    fpbench leaderboard --format csv --metric all -o board.csv
    fpbench leaderboard --format html -o board.html
    fpbench leaderboard submissions --update leaderboard/README.md
    """
    from fpbench.verification.kept_checks import KeptChecks
    from fpbench_leaderboard.confirmation import drop_superseded, mark_reproduced
    from fpbench_leaderboard.selection import Selection
    from fpbench_leaderboard.tiers import read_entries

    files = {"--out": out, "--update": update, "--figure": figure, "--det": det}
    places = {name: expand_path(file) for name, file in files.items() if file is not None}
    _refuse_outputs(places, form)
    errors = ErrorCollector()
    given = [expand_path(path) for path in paths or ("submissions",)]
    kept = KeptChecks.open() if evidence else None
    read = read_entries(given, errors, check=evidence, kept=kept)
    entries = mark_reproduced(drop_superseded(read))
    if entries or not errors:
        if not options["metrics"] and form != "html":
            options["metrics"] = ["hr@1"]
        selection = Selection(**options)
        chosen = selection.select(entries)
        _write(_make_board(chosen, given, selection), form, places)
        with errors.collect():
            _draw(chosen, selection, places)
    errors.raise_all()


def _refuse_outputs(places: dict[str, Path], form: str) -> None:
    """Refuse files that cannot be written, before the work for them."""
    from fpbench.review.figure_files import refuse_figure_name

    if "--update" in places and form != "md":
        raise FpbenchError(f"--update takes no --format {form}", hint="leave one of the two out")
    for option in ("--figure", "--det"):
        if option in places:
            refuse_figure_name(places[option])
    for option, file in places.items():
        refuse_unwritable(file, option)


def _make_board(
    entries: "Sequence[Entry]", given: Sequence[Path], selection: "Selection"
) -> "Board":
    from fpbench_leaderboard.entries import shown_path
    from fpbench_leaderboard.sections import make_board

    source = count_label(len(entries), "result")
    if len(given) == 1:
        place = shown_path(given[0])
        source += f" in {'the current folder' if place == '.' else place}"
    return make_board(entries, source, selection.wanted(entries))


def _write(board: "Board", form: str, places: dict[str, Path]) -> None:
    """The board on standard output, or in a file."""
    from fpbench_leaderboard.board import board_json
    from fpbench_leaderboard.flat import board_csv
    from fpbench_leaderboard.html_page import board_html
    from fpbench_leaderboard.markdown import board_body, board_markdown
    from fpbench_leaderboard.page import update_page

    out, update = places.get("--out"), places.get("--update")
    if update is not None:
        changed = update_page(update, board_body(board, update.parent))
        click.echo(f"{update} {'is new' if changed else 'was as it should be'}", err=True)
        if out is None:
            return
    folder = Path() if out is None else out.parent
    if form == "csv":
        text = board_csv(board)
    elif form == "json":
        text = board_json(board)
    elif form == "html":
        text = board_html(board, folder)
    else:
        text = board_markdown(board, folder)
    if out is None:
        click.echo(text, nl=False)
        return
    write_output(out, text.encode())


def _draw(entries: "Sequence[Entry]", selection: "Selection", places: dict[str, Path]) -> None:
    """The figures that are asked for."""
    from fpbench.review.curves_figure import plot_curves
    from fpbench.review.det_figure import plot_det
    from fpbench_leaderboard.comparable import refuse_mixed

    results = [entry.result for entry in entries]
    wanted = selection.wanted(entries)
    if "--figure" in places:
        metric = wanted.metrics[0] if wanted.metrics else "hr@1"
        refuse_mixed(entries, metric)
        plot_curves(results, places["--figure"], metric=metric)
    if "--det" in places:
        plot_det(results, places["--det"], n_distractors=wanted.n_distractors)
