"""No result or evidence, whatever is in it, ends a check or a table with a traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import Draw, for_examples, mutate_json, read_or_refuse, write_changed_result
from written_runs import fill_candidates

from fpbench.evidence.evidence import Evidence
from fpbench.results.files import read_result
from fpbench.review.comparison import compare_results
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.curves_figure import plot_curves


@pytest.fixture
def result(write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    known = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    evidence = fill_candidates(known)
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    return write_run("r", searches, [10, 20], [20])


@pytest.mark.slow
def test_two_results_are_compared_or_refused(examples: int, result: Path) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")

    def compare(path: Path) -> None:
        str(Comparisons(compare_results([result, path], 0.95), 0.95))

    @for_examples(examples)
    def check(data: Draw) -> None:
        write_changed_result(changed, mutate_json(data, document))
        read_or_refuse(compare, changed)


@pytest.mark.slow
def test_the_figure_of_a_changed_result_is_drawn_or_refused(examples: int, result: Path) -> None:
    document = json.loads(result.read_text())
    changed = result.with_name("changed.json")

    @for_examples(examples)
    def check(data: Draw) -> None:
        write_changed_result(changed, mutate_json(data, document))
        loaded = read_or_refuse(read_result, changed)
        if loaded is not None:
            read_or_refuse(lambda path: plot_curves([loaded], path.with_suffix(".png")), changed)
