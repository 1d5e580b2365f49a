"""What a submitter states becomes part of the result, or is refused with a hint."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.results.files import identify, read_result
from fpbench.verification.statement import Statement, find_result_id

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_what_is_stated_is_in_the_result_and_the_rest_stays() -> None:
    result = read_result(GOLDEN)
    stated = Statement(
        submitter="ann",
        relation="author",
        supersedes=[str(GOLDEN)],
        weights_licence="MIT",
    ).apply_to(result)
    assert stated.provenance is not None
    assert stated.provenance.submitter == "ann"
    assert stated.provenance.supersedes == [identify(result)]
    assert stated.fingerprinter.weights_licence == "MIT"
    assert stated.fingerprinter.training_data == result.fingerprinter.training_data
    assert stated.curves == result.curves
    assert Statement().apply_to(result) == result


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (Statement(relation="author"), "go together"),
        (Statement(supersedes=["0" * 64]), "who says so"),
        (Statement(submitter="ann", relation="friend"), "friend"),
        (Statement(submitter="ann", relation="author", notes="see /home/ann/x"), "/home/ann"),
        (Statement(submitter="ann", relation="author", supersedes=["no.json"]), r"no\.json"),
    ],
)
def test_a_statement_that_cannot_be_is_refused(statement: Statement, message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        statement.apply_to(read_result(GOLDEN))


def test_an_id_stands_for_itself() -> None:
    assert find_result_id("ab" * 32) == "ab" * 32
    with pytest.raises(FpbenchError, match="AB"):
        find_result_id("AB" * 32)
