"""``fpbench reproduce`` makes a result again from what it says, and fails if a rate differs."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fpbench.cli import main
from fpbench.results.canonical import hash_document


@pytest.mark.slow
def test_a_result_is_made_again(
    finished: Path, music: Path, small_sketch: str, tmp_path: Path
) -> None:
    typed = ["--dataset", f"folder:{music}", "--fingerprinter", small_sketch]
    typed += ["--cache", str(finished / "cache"), "--out", str(tmp_path / "again.json")]
    published = finished / "out" / "result.json"
    shown = CliRunner().invoke(main, ["reproduce", str(published), *typed])
    assert shown.exit_code == 0, shown.stderr
    first, again = (
        json.loads(file.read_text())["curves"] for file in (published, tmp_path / "again.json")
    )
    assert first == again

    other = tmp_path / "other.json"
    shutil.copy(published, other)
    document = json.loads(other.read_text())
    point = document["curves"][0]["points"][0]
    point["value"] = point["ci"]["low"] = point["ci"]["high"] = 0.001
    document["result_id"] = hash_document(document)
    other.write_text(json.dumps(document))
    shown = CliRunner().invoke(main, ["reproduce", str(other), *typed])
    assert shown.exit_code == 1
    assert "outside" in shown.stdout
