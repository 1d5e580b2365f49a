"""A result file gives back what was written, and a damaged one is refused by field."""

import dataclasses
import json
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
        pytest.param(
            '"schema_version": 1',
            '"schema_version": 9',
            "'schema_version' cannot be 9",
            id="version",
        ),
        pytest.param(
            '"status": "complete"', '"status": "done"', "field 'status' cannot be 'done'", id="word"
        ),
        pytest.param('"command"', '"comand"', "no field is called 'comand'", id="misspelt"),
        pytest.param('  "command": "fpbench', '  "": "', "no field is called ''", id="nameless"),
        pytest.param(
            '"value": 0.5', '"value": 1.5', "'curves.0.points.0.value' cannot be 1.5", id="range"
        ),
        pytest.param('"value": 0.5', '"value": NaN', "is not JSON: NaN is not a number", id="nan"),
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
    assert err.value.hint


def test_a_misspelt_field_gets_a_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(GOLDEN.read_text().replace('"command"', '"comand"'))
    with pytest.raises(FpbenchError) as err:
        read_result(path)
    assert "did you mean 'command'? fields: status, " in (err.value.hint or "")


def test_a_result_that_breaks_the_schema_is_not_written(tmp_path: Path) -> None:
    result = dataclasses.replace(read_result(GOLDEN), curves=[])
    with pytest.raises(FpbenchError, match=r"field 'curves' cannot be \[\]"):
        write_result(result, tmp_path / "result.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 1.0), ("seed", True), ("seed", "0"), ("sizes", 5), ("sizes", [None])],
)
def test_config_fields_that_comparisons_use_have_their_types(
    tmp_path: Path, name: str, value: object
) -> None:
    document = json.loads(GOLDEN.read_text())
    document["config"][name] = value
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FpbenchError, match=rf"changed\.json: config\.{name} is "):
        read_result(path)
