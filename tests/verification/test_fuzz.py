"""No result or evidence of a stranger ends a check with a traceback, or fills time and memory."""

import copy
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import (
    Draw,
    for_examples,
    mutate_arrays,
    mutate_json,
    read_or_refuse,
    write_changed_result,
)
from written_runs import fill_candidates

from fpbench import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.hashing import file_sha256
from fpbench.results.files import read_result
from fpbench.review.result_tables import result_tables
from fpbench.verification.validation import check_result, validate_result


@pytest.fixture
def both(write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    known = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    evidence = fill_candidates(known)
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    return write_run("r", searches, [10, 20], [20])


def test_a_changed_result_is_checked_or_refused(examples: int, both: Path) -> None:
    document = json.loads(both.read_text())
    changed = both.with_name("changed.json")

    @for_examples(examples)
    def check(data: Draw) -> None:
        write_changed_result(changed, mutate_json(data, document))
        read_or_refuse(validate_result, changed)
        loaded = read_or_refuse(read_result, changed)
        if loaded is not None:
            result_tables(loaded)

    assert validate_result(both) == []


def test_changed_evidence_with_its_hash_is_checked_or_refused(
    examples: int,
    both: Path,
) -> None:
    document = json.loads(both.read_text())
    changed = both.with_name("changed.json")
    info = document["evidence"][0]
    file = both.with_name(info["file"])
    content = file.read_bytes()
    document["evidence"][0] = info | {"file": f"changed{file.name.removeprefix('r')}"}

    @for_examples(examples)
    def check(data: Draw) -> None:
        evidence = both.with_name(document["evidence"][0]["file"])
        evidence.write_bytes(mutate_arrays(data, content))
        document["evidence"][0]["sha256"] = file_sha256(evidence)
        changed.write_text(json.dumps(document))
        read_or_refuse(validate_result, changed)


HOSTILE = {
    "a key twice": lambda text: text.replace('"seed"', '"seed": 1, "seed"', 1),
    "not a number": lambda text: text.replace('"value": ', '"value": NaN, "x": ', 1),
    "a number beyond all": lambda text: text.replace('"hours": ', '"hours": 1e400, "x": ', 1),
    "a whole number of 400 digits": lambda text: text.replace('"n": 4', f'"n": {"9" * 400}', 1),
    "a deep list": lambda text: text.replace('"seed": 0', f'"seed": {"[" * 900}{"]" * 900}', 1),
    "a deeper list": lambda text: "[" * 100_000,
    "half a character": lambda text: text.replace('"seed"', '"\\ud800"', 1),
    "nothing": lambda text: "",
    "a line break after a name": lambda text: text.replace('-sketch"', '-sketch\\n"'),
    "text that runs backwards": lambda text: text.replace('-sketch"', '-sketch\u202e"'),
    "HTML in a name": lambda text: text.replace("spectral-sketch", "<b>x"),
    "a cell in a name": lambda text: text.replace("spectral-sketch", "x|y"),
    "a path in the name of a file": lambda text: text.replace("r.exact", "../r.exact"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused(both: Path, change: Callable[[str], str]) -> None:
    text = both.read_text()
    assert change(text) != text
    both.write_text(change(text))
    with pytest.raises(FpbenchError, match=r"r\.json"):
        validate_result(both)


def test_links_and_pipes_are_refused(both: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(both)
    with pytest.raises(FpbenchError, match="it is a link"):
        check_result(link)
    evidence = both.with_name("r.exact.real.npz")
    hidden = evidence.rename(tmp_path / "hidden.npz")
    evidence.symlink_to(hidden)
    (problem, *_) = check_result(both).problems
    assert "it is a link" in problem.rule
    evidence.unlink()
    os.mkfifo(evidence)  # opening it would wait for a writer
    (problem, *_) = check_result(both).problems
    assert "it is not a plain file" in problem.rule


def test_an_archive_that_unpacks_to_much_is_refused_unread(both: Path) -> None:
    document = json.loads(both.read_text())
    evidence = both.with_name(document["evidence"][0]["file"])
    with zipfile.ZipFile(evidence) as archive:
        names = archive.namelist()
    with zipfile.ZipFile(evidence, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w") as stream:
                np.lib.format.write_array(stream, np.zeros(2_000_000))
    document["evidence"][0]["sha256"] = file_sha256(evidence)
    both.write_text(json.dumps(document))
    (problem, *_) = check_result(both).problems
    assert "4 times its own size" in problem.rule


@pytest.mark.slow
def test_thousands_of_curves_are_refused_at_once(both: Path) -> None:
    document: dict[str, Any] = json.loads(both.read_text())
    many = copy.deepcopy(document)
    many["curves"] = document["curves"] * 1_000
    both.write_text(json.dumps(many))
    start = time.perf_counter()
    with pytest.raises(FpbenchError, match="curves"):
        check_result(both)
    many["curves"] = document["curves"] * 60
    both.write_text(json.dumps(many))
    assert any("listed twice" in problem.rule for problem in check_result(both).problems)
    assert time.perf_counter() - start < 60
