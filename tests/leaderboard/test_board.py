"""Submissions are valid, and the page of the leaderboard takes them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.results.files import MOST_BYTES, read_result
from fpbench_leaderboard.page import BEGIN, END

ROOT = Path(__file__).parents[2]
SUBMISSIONS = sorted((ROOT / "submissions").rglob("*.json"))


def test_the_page_of_the_board_can_be_made_again(tmp_path: Path) -> None:
    page = (ROOT / "leaderboard" / "README.md").read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(page, encoding="utf-8")
    some = str(ROOT / "submissions" / "nafp")
    shown = CliRunner().invoke(main, ["leaderboard", some, "--update", str(copy)])
    assert shown.exit_code == 0, shown.stderr
    made = copy.read_text(encoding="utf-8")
    assert made.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert made.partition(END)[2] == page.partition(END)[2]


@pytest.mark.slow
@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_submission_is_valid_and_has_its_task_or_its_config(path: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(path)])
    assert shown.exit_code == 0, shown.stderr
    assert read_result(path).task is not None or path.with_suffix(".toml").is_file()


def test_all_files_keep_the_sizes_of_submissions() -> None:
    files = [path for path in (ROOT / "submissions").rglob("*") if path.is_file()]
    large = [path.name for path in files if path.stat().st_size > MOST_BYTES[path.suffix]]
    assert files
    assert large == []
