"""``fpbench review`` says by its exit code whether a change can be merged."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    settings = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "base"]):
        subprocess.run(["git", "-C", tmp_path, *settings, *command], check=True)
    return tmp_path


def test_no_change_is_in_order(repository: Path) -> None:
    typed = ["review", "--repository", str(repository), "--base", "HEAD", "--head", "HEAD"]
    shown = CliRunner().invoke(main, typed)
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (0, "Nothing is changed.")


def test_a_change_of_code_cannot_be_merged(repository: Path) -> None:
    (repository / "setup.py").touch()
    for command in (["add", "."], ["commit", "-q", "-m", "code"]):
        settings = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        subprocess.run(["git", "-C", repository, *settings, *command], check=True)
    out = repository / "review.md"
    typed = ["review", "--repository", str(repository), "--base", "HEAD~1", "--head", "HEAD"]
    shown = CliRunner().invoke(main, [*typed, "--out", str(out)])
    assert shown.exit_code == 1
    assert "setup.py is not submissions/SYSTEM/FILE" in out.read_text()


def test_an_unknown_revision_is_a_wrong_argument(repository: Path) -> None:
    typed = ["review", "--repository", str(repository), "--base", "HEAD", "--head", "nothing"]
    shown = CliRunner().invoke(main, typed)
    assert shown.exit_code == 2
    assert "has no commit 'nothing'" in shown.stderr
