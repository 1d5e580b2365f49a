"""``fpbench leaderboard``."""

from pathlib import Path

import click

from fpbench.errors import FpbenchError
from fpbench.results import read_result
from fpbench_leaderboard import leaderboard as tables


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1)
@click.option("--metric", default="hr@1", show_default=True, help="Which curves to show.")
def leaderboard(paths: tuple[Path, ...], metric: str) -> None:
    """Make markdown tables from results, the best system first.

    PATHS are result files or folders of them; without any, the folder submissions. Results go into
    one table only if they can be compared: same audio, same queries, same metric.
    """
    found = [file for path in paths or (Path("submissions"),) for file in result_files(path)]
    click.echo(tables([read_result(file) for file in found], metric=metric), nl=False)


def result_files(path: Path) -> list[Path]:
    """A result file itself, or all ``.json`` files below a folder, sorted.

    Raises:
        FpbenchError: There is nothing at ``path``.
    """
    if path.is_dir():
        return sorted(path.rglob("*.json"))
    if not path.exists():
        raise FpbenchError(f"no such file or folder: {path}", hint="give result files or folders")
    return [path]
