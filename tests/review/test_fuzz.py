"""No result or evidence, whatever is in it, ends a check or a table with a traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import Draw, for_examples, mutate_arrays, mutate_json, read_or_refuse
from written_runs import fill_candidates

from fpbench.evidence.evidence import Evidence
from fpbench.hashing import file_sha256
from fpbench.results.files import read_result
from fpbench.review.comparison import compare_results
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.curves_figure import plot_curves
from fpbench.review.result_tables import result_tables
from fpbench.verification.validation import validate_result


@pytest.fixture
def result(write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    known = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    evidence = fill_candidates(known)
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    return write_run("r", searches, [10, 20], [20])


def test_a_changed_result_is_checked_or_refused(examples: int, result: Path) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")

    @for_examples(examples)
    def check(data: Draw) -> None:
        changed.write_text(json.dumps(mutate_json(data, document)))
        read_or_refuse(validate_result, changed)
        loaded = read_or_refuse(read_result, changed)
        if loaded is not None:
            result_tables(loaded)

    assert validate_result(result) == []


@pytest.mark.slow
def test_two_results_are_compared_or_refused(examples: int, result: Path) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")

    def compare(path: Path) -> None:
        str(Comparisons(compare_results([result, path], 0.95), 0.95))

    @for_examples(examples)
    def check(data: Draw) -> None:
        changed.write_text(json.dumps(mutate_json(data, document)))
        read_or_refuse(compare, changed)


@pytest.mark.slow
def test_the_figure_of_a_changed_result_is_drawn_or_refused(examples: int, result: Path) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")

    @for_examples(examples)
    def check(data: Draw) -> None:
        changed.write_text(json.dumps(mutate_json(data, document)))
        loaded = read_or_refuse(read_result, changed)
        if loaded is not None:
            read_or_refuse(lambda path: plot_curves([loaded], path.with_suffix(".png")), changed)


def test_changed_evidence_with_its_hash_is_checked_or_refused(
    examples: int,
    result: Path,
) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")
    info = document["evidence"][0]
    file = result.with_name(info["file"])
    content = file.read_bytes()
    document["evidence"][0] = info | {"file": f"changed{file.name.removeprefix('r')}"}

    @for_examples(examples)
    def check(data: Draw) -> None:
        evidence = result.with_name(document["evidence"][0]["file"])
        evidence.write_bytes(mutate_arrays(data, content))
        document["evidence"][0]["sha256"] = file_sha256(evidence)
        changed.write_text(json.dumps(document))
        read_or_refuse(validate_result, changed)
