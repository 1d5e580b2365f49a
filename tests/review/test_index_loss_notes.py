"""What an index loses stands below the table of its curves."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.results.index_losses import IndexLoss
from fpbench.review.index_loss_notes import index_loss_notes, loss_text, missing_exact_note
from fpbench.review.result_tables import result_tables

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
LOSS = IndexLoss(
    index="ivf",
    distractors="synthetic",
    metric="hr@1",
    tolerance_s=0.25,
    n_distractors=10_000,
    databases=3,
    value=-0.032,
    level=0.95,
    low=-0.05,
    high=-0.014,
    method="jackknife over groups, Student's t",
)


def test_a_loss_is_shown_with_its_interval() -> None:
    assert loss_text(LOSS) == "-3.2 (-5.0 to -1.4)"
    assert loss_text(replace(LOSS, low=-1.0, high=1.0)) == "-3.2 (no interval)"
    assert loss_text(None) == "-"


def test_the_table_stands_with_the_curves_of_the_index() -> None:
    curves = [replace(RESULT.curves[0], index=index) for index in ("exact", "ivf")]
    result = replace(RESULT, curves=curves, index_losses=[LOSS])
    shown = result_tables(result)
    note = "ivf minus exact search of the same fingerprints"
    assert shown.count(note) == 1
    assert shown.index("ivf, synthetic distractors") < shown.index(note)
    assert "-3.2 (-5.0 to -1.4)" in shown
    assert index_loss_notes(result, curves[:1]) == []


def test_a_run_without_exact_search_says_that_it_lacks_it() -> None:
    def note(*indexes: str) -> str | None:
        curves = [replace(RESULT.curves[0], index=index) for index in indexes]
        return missing_exact_note(replace(RESULT, curves=curves))

    assert note("exact", "ivf") is None
    assert note() is None
    lacking = "this run has no exact search: with --index exact it says what"
    assert note("ivf") == f"{lacking} ivf loses"
    assert note("ivf:nprobe=1", "ivf:nprobe=4") == f"{lacking} each index loses"
    without = replace(RESULT, curves=[replace(RESULT.curves[0], index="ivf")])
    assert lacking in result_tables(without)
