"""A result file gives back what was written, and a damaged one is refused by field."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.results.files import read_result, write_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def test_a_result_survives_a_round_trip(tmp_path: Path) -> None:
    result = read_result(GOLDEN)
    write_result(result, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == GOLDEN.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param('"schema_version": 1', '"schema_version": 9', "schema_version", id="version"),
        pytest.param('"status": "complete"', '"status": "done"', "status", id="enum"),
        pytest.param('"command"', '"comand"', "'command' is a required", id="misspelt"),
        pytest.param("{", "", "is not JSON", id="cut"),
    ],
)
def test_a_damaged_result_is_refused_by_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(GOLDEN.read_text().replace(old, new, 1))
    with pytest.raises(FpbenchError, match=message) as err:
        read_result(path)
    assert "damaged.json" in err.value.message
