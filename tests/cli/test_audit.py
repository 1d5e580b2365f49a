"""``fpbench audit`` makes parts of a result again, and finds evidence that was made up."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence, write_evidence
from fpbench.hashing import file_sha256
from fpbench.plugin.indexes import Candidates
from fpbench.results.canonical import hash_document

pytestmark = pytest.mark.slow


@pytest.fixture
def audit(finished: Path, music: Path, small_sketch: str) -> Callable[..., Result]:
    places = ["--dataset", f"folder:{music}", "--fingerprinter", small_sketch]
    places += ["--cache", str(finished / "cache")]
    return lambda path, *more: CliRunner().invoke(main, ["audit", str(path), *places, *more])


def test_an_honest_result_passes(finished: Path, audit: Callable[..., Result]) -> None:
    shown = audit(finished / "out" / "result.json", "--blocks", "2", "--queries", "5")
    assert shown.exit_code == 0, shown.output
    lines = [line for line in shown.stdout.splitlines() if line.startswith("result.")]
    assert len(lines) == 4  # two indexes, real and synthetic distractors
    assert all("5 of 40" in line for line in lines)


def test_made_up_scores_are_found(
    finished: Path, audit: Callable[..., Result], tmp_path: Path
) -> None:
    for file in (finished / "out").glob("result*"):
        shutil.copy(file, tmp_path)
    path, name = tmp_path / "result.json", "result.exact.synthetic.npz"
    evidence = read_evidence(tmp_path / name)
    assert isinstance(evidence, Evidence)
    blocks = [
        Candidates(block.ids, block.keys + np.float32(0.01), block.scores - np.float32(0.01))
        for block in evidence.blocks
    ]
    write_evidence(tmp_path / name, replace(evidence, blocks=blocks))
    document = json.loads(path.read_text())
    for info in document["evidence"]:
        if info["file"] == name:
            info["sha256"] = file_sha256(tmp_path / name)
    document["result_id"] = hash_document(document)
    path.write_text(json.dumps(document))
    shown = audit(path)
    assert shown.exit_code == 1
    assert f"{name}: block " in shown.stdout
    assert "scores differ by 0.01, more than 0.001" in shown.stdout
