"""``fpbench submit`` says what to commit, and what a maintainer wants to know."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main


@pytest.mark.slow
def test_prints_the_commands_and_a_text(finished: Path, tmp_path: Path) -> None:
    file = finished / "out" / "result.json"
    typed = ["submit", str(file), "--submissions", str(tmp_path / "submissions")]
    shown = CliRunner().invoke(main, typed)
    assert shown.exit_code == 0, shown.stderr
    placed = tmp_path / "submissions" / "small-sketch" / "result.json"
    assert f"git add {placed}" in shown.stdout
    assert "small-sketch: a free run on folder:" in shown.stdout
    assert placed.read_bytes() == file.read_bytes()


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    shown = CliRunner().invoke(main, ["submit", str(tmp_path / "a.json")])
    assert shown.exit_code == 2
    assert "a.json" in shown.stderr
