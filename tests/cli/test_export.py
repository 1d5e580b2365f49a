"""``fpbench export`` writes results to files or to standard output."""

import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from fpbench.cli import main

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def export(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def test_folders_and_files_become_one_table(tmp_path: Path) -> None:
    shutil.copy(GOLDEN, tmp_path / "a.json")
    one, both = export(GOLDEN), export(GOLDEN, tmp_path)
    assert one.exit_code == both.exit_code == 0
    lines = one.stdout.count("\n")
    assert both.stdout.count("\n") == 2 * lines - 1


def test_a_file_is_written_whole_and_others_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    shown = export(GOLDEN, tmp_path / "bad.json", "--out", tmp_path / "points.csv")
    assert shown.exit_code == 2
    assert "bad.json" in shown.stderr
    assert (tmp_path / "points.csv").read_text().startswith("fingerprinter,")


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    shown = export(GOLDEN, "--out", tmp_path / "new" / "folder" / "points.csv")
    assert shown.exit_code == 0
    assert (tmp_path / "new" / "folder" / "points.csv").is_file()


def test_an_edited_result_is_refused(tmp_path: Path) -> None:
    golden = GOLDEN.with_name("result_1_0.json").read_text()
    (tmp_path / "mine.json").write_text(golden.replace('"value": 0.5', '"value": 0.9', 1))
    shown = export(tmp_path / "mine.json")
    assert shown.exit_code == 2
    assert "mine.json: field 'result_id' is not the hash of the other fields" in shown.stderr
    assert shown.stdout == ""


def test_options_without_effect_are_refused(tmp_path: Path) -> None:
    assert "has no effect" in export(GOLDEN, "--hub-dataset", "a/b").stderr
    assert "give --out" in export(GOLDEN, "--format", "parquet").stderr
    both = export(GOLDEN, GOLDEN, "--format", "every-eval-ever")
    assert "has a file for each result, and these are 2" in both.stderr
    assert "there are no results" in export(tmp_path).stderr
