"""The leaderboard in the repository agrees with the submissions, which are valid."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.results.files import read_result

ROOT = Path(__file__).parents[2]
SUBMISSIONS = sorted((ROOT / "submissions").rglob("*.json"))


@pytest.mark.slow
def test_the_board_is_generated_from_the_submissions() -> None:
    shown = CliRunner().invoke(main, ["leaderboard", str(ROOT / "submissions")])
    assert shown.exit_code == 0
    assert (ROOT / "leaderboard" / "README.md").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_submission_is_valid_and_has_its_task_or_its_config(path: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(path)])
    assert shown.exit_code == 0, shown.stderr
    assert read_result(path).task is not None or path.with_suffix(".toml").is_file()
